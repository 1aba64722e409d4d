// The inputs that a reader moves most: their ranges on a slider and the unit in which they are shown.
import type { Example, Fact, Input, Study, Value } from './types';

export interface Lever {
  key: string;
  /** Name of its texts: `lever.NAME` and `lever.NAME.help`. */
  name: string;
  low: number;
  high: number;
  step: number;
  /** Shown value = value times this. */
  times: number;
  unit: { en: string; ja: string };
  /** Value without a scenario's word; null means that nothing limits it. */
  start: number | null;
}

const share = { en: '%', ja: '%' };
const mw = { en: 'MW', ja: 'MW' };
export const LEVERS: Record<string, Lever> = {
  it_load: { key: 'load.it_load_mw', name: 'it_load', low: 5, high: 500, step: 5, times: 1, unit: mw, start: 100 },
  deferrable: { key: 'load.deferrable_share', name: 'deferrable', low: 0, high: 1, step: 0.05, times: 100, unit: share, start: 0.2 },
  delay: { key: 'load.max_delay_hours', name: 'delay', low: 0, high: 168, step: 1, times: 1, unit: { en: 'h', ja: '時間' }, start: 24 },
  clean: { key: 'target.clean_share', name: 'clean', low: 0, high: 1, step: 0.01, times: 100, unit: share, start: 0 },
  grid: { key: 'grid.max_mw', name: 'grid', low: 0, high: 200, step: 1, times: 1, unit: mw, start: null },
  carbon: { key: 'target.carbon_price_myen_per_t', name: 'carbon', low: 0, high: 0.05, step: 0.0005, times: 1e6, unit: { en: '¥/t', ja: '円/t' }, start: 0 },
};

/** Unit of a share in per cent: `share_per_year` is %/year. */
export function percentUnit(unit: string): { en: string; ja: string } {
  if (unit.endsWith('_per_year')) return { en: '%/year', ja: '%/年' };
  if (unit.endsWith('_per_hour')) return { en: '%/h', ja: '%/時' };
  return share;
}

export function lookUp(scenario: Record<string, unknown>, key: string): Value | undefined {
  const parts = key.startsWith('assumptions.') ? ['assumptions', key.slice(12)] : key.split('.');
  let node: unknown = scenario;
  for (const part of parts) {
    if (typeof node !== 'object' || node === null) return undefined;
    node = (node as Record<string, unknown>)[part];
  }
  return typeof node === 'object' ? undefined : (node as Value);
}

/** The value that holds now: the change, the base's word, or the start. */
export function valueOf(lever: Lever, study: Study, base: Pick<Example, 'scenario'> | undefined): number | null {
  if (lever.key in study.changes) {
    const changed = study.changes[lever.key];
    return typeof changed === 'number' ? changed : lever.start;
  }
  const given = base ? lookUp(base.scenario, lever.key) : undefined;
  return typeof given === 'number' ? given : lever.start;
}

/** A lever on a figure of the catalogue, over its known range and somewhat beyond. */
export function leverOf(input: Input | undefined): Lever | null {
  if (!input?.change_key || typeof input.value !== 'number' || input.value <= 0) return null;
  const percent = input.unit.startsWith('share');
  const low = (input.low ?? input.value * 0.6) * 0.7;
  const high = (input.high ?? input.value * 1.4) * 1.3;
  const step = 10 ** Math.floor(Math.log10((high - low) / 50));
  return {
    key: input.change_key,
    name: input.name,
    low: Math.floor(low / step) * step,
    high: Math.ceil(high / step) * step,
    step,
    times: percent ? 100 : 1,
    unit: percent ? percentUnit(input.unit) : input.unit_text,
    start: input.value,
  };
}

/** A lever on an assumed figure of the catalogue, over its range. */
export function leverOfFact(fact: Fact): Lever[] {
  if (fact.low === null || fact.high === null) return [];
  const percent = fact.unit.startsWith('share');
  const step = 10 ** Math.floor(Math.log10((fact.high - fact.low) / 50));
  return [{ key: `assumptions.${fact.id}`, name: fact.id, low: fact.low, high: fact.high, step, times: percent ? 100 : 1, unit: percent ? percentUnit(fact.unit) : fact.unit_text, start: fact.value }];
}

/** Keys of a base that belong to its place and fall away where another is chosen. */
export function placeChanges(base: Example, site: string): Record<string, Value> {
  if (site === base.site) return {};
  const found: Record<string, Value> = { 'site.id': site };
  const supply = base.scenario.supply as Record<string, Record<string, unknown>> | undefined;
  for (const [name, option] of Object.entries(supply ?? {})) {
    for (const limit of ['min_mw', 'max_mw']) if (limit in option) found[`supply.${name}.${limit}`] = null;
  }
  return found;
}
