// What charts of a plan share: its money, its source line, and what its hours say.
import { COLOURS } from './colours';
import { Money } from './format';
import { lookUp } from './levers';
import type { Columns, Language, Plan } from './types';
import { language, t } from './ui.svelte';

export function moneyOf(plan: Plan, language: Language): Money {
  const currency = lookUp(plan.scenario ?? {}, 'money.currency') === 'USD' ? 'USD' : 'JPY';
  const rate = plan.inputs?.find((input) => input.name === 'money.yen_per_usd')?.value;
  const usable = currency === 'USD' && typeof rate === 'number';
  return new Money(language, usable ? 'USD' : 'JPY', usable ? rate : 1);
}

export const sourceOf = (plan: Plan): string => t('source.plan', { version: plan.kiban, name: plan.site_name[language()] });

const SERVING = new Set(['it', 'interconnection', 'backup', 'battery_power', 'battery_energy']);

/** Supply options of a plan with the hourly column that holds their output. */
export function supplyColumns(plan: Plan): { subject: string; column: string }[] {
  const columns = new Set(plan.hourly_columns?.map((column) => column.name) ?? []);
  return plan.design
    .filter((capacity) => capacity.built && capacity.unit === 'mw' && !SERVING.has(capacity.subject))
    .flatMap(({ subject }) => {
      const column = [`${subject}_available_mw`, `${subject}_mw`].find((name) => columns.has(name));
      return column ? [{ subject, column }] : [];
    });
}

export function neededColumns(plan: Plan): string[] {
  const columns = new Set(plan.hourly_columns?.map((column) => column.name) ?? []);
  const fixed = ['load_mw', 'import_mw', 'backup_mw', 'unclean_mw', 'grid_clean_share', 'curtailment_mw', 'charge_mw', 'discharge_mw', 'energy_value_myen_per_mwh'];
  const stored = [...columns].filter((name) => /^storage_.+_(dis)?charge_mw$/.test(name));
  return [...fixed.filter((name) => columns.has(name)), ...stored, ...supplyColumns(plan).map((item) => item.column)];
}

export interface Flow {
  name: string;
  values: number[];
}

/** What serves the load, hour by hour; curtailment is shared by the free options as they were available. */
export function flowsOf(plan: Plan, columns: Columns): { flows: Flow[]; load: number[]; charge: number[]; clean: number[]; value: number[] } {
  const load = columns.load_mw ?? [];
  const zero = load.map(() => 0);
  const of = (name: string) => columns[name] ?? zero;
  const supply = supplyColumns(plan).map((item) => ({ ...item, values: of(item.column), free: item.column.endsWith('_available_mw') }));
  const free = load.map((_, i) => supply.reduce((sum, item) => sum + (item.free ? item.values[i]! : 0), 0));
  const curtailed = of('curtailment_mw');
  const kept = load.map((_, i) => (free[i]! > 0 ? Math.max(0, 1 - curtailed[i]! / free[i]!) : 1));
  // As the colours stand, from the bottom to the top; what has none lies below the sun.
  const stacked = Object.keys(COLOURS);
  const rank = (subject: string) => stacked.indexOf(stacked.includes(subject) ? subject : 'pv') - (stacked.includes(subject) ? 0 : 0.5);
  const flows: Flow[] = supply
    .sort((a, b) => rank(a.subject) - rank(b.subject))
    .map((item) => ({ name: item.subject, values: item.free ? item.values.map((value, i) => value * kept[i]!) : item.values }));
  for (const [name, column] of [['discharge', 'discharge_mw'], ['import', 'import_mw'], ['backup', 'backup_mw']] as const) {
    const values = of(column);
    if (values.some((value) => value > 0.05)) flows.push({ name, values });
  }
  const stored = Object.keys(columns).filter((name) => /^storage_.+_charge_mw$/.test(name));
  for (const column of stored) {
    const storage = column.slice(0, -'_charge_mw'.length);
    const values = of(`${storage}_discharge_mw`);
    if (values.some((value) => value > 0.05)) flows.push({ name: `${storage}_power`, values });
  }
  const charge = load.map((_, i) => stored.reduce((sum, name) => sum + of(name)[i]!, of('charge_mw')[i]!));
  const unclean = (plan.scenario?.supply ?? {}) as Record<string, { clean?: boolean }>;
  const dirty = supply.filter((item) => unclean[item.subject]?.clean === false);
  const grid = of('grid_clean_share');
  const clean = load.map((power, i) => {
    const dark =
      columns.unclean_mw?.[i] ?? of('import_mw')[i]! * (1 - grid[i]!) + of('backup_mw')[i]! + dirty.reduce((sum, item) => sum + item.values[i]!, 0);
    return power > 0 ? 1 - Math.min(dark / power, 1) : 1;
  });
  return { flows, load, charge, clean, value: of('energy_value_myen_per_mwh') };
}

export const WEEKS = [
  { name: 'winter', day: 13 },
  { name: 'summer', day: 196 },
] as const;
export const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The first year of a column with its January first: a year may begin with another month. */
export function fromJanuary(values: number[], start: string | null, stepHours: number): number[] {
  const perDay = 24 / stepHours;
  const first = MONTH_DAYS.slice(0, Number((start ?? '-01').split('-')[1]) - 1).reduce((sum, days) => sum + days * perDay, 0);
  const end = 365 * perDay - first;
  return first && values.length > end ? [...values.slice(end, end + first), ...values.slice(0, end)] : values;
}

/** Sums over each month of a year of 365 days, GWh. */
export function byMonth(values: number[], stepHours: number): number[] {
  const perDay = 24 / stepHours;
  let at = 0;
  return MONTH_DAYS.map((days) => {
    const end = at + days * perDay;
    let sum = 0;
    for (; at < end; at++) sum += values[at] ?? 0;
    return (sum * stepHours) / 1000;
  });
}
