// What makes two plans differ, in the reader's words: the inputs that were changed, with their values before and after.
import { getOnce } from './api';
import { LEVERS } from './levers';
import { plain } from './format';
import type { ChangedKey, Fact, Facts, Language } from './types';
import { maybe, t, type Key } from './ui.svelte';

export type FactsById = Record<string, Fact>;

/** Facts of the catalogue that the changed keys replace. */
export async function readFacts(keys: string[]): Promise<Record<string, Fact>> {
  const wanted = [...new Set(keys.filter((key) => key.startsWith('assumptions.')).map((key) => key.slice(12)))];
  const found = await Promise.all(
    wanted.map((id) => getOnce<Facts>(`/facts?pattern=${encodeURIComponent(id)}`).then((answer) => answer.facts.find((fact) => fact.id === id), () => undefined)),
  );
  return Object.fromEntries(wanted.flatMap((id, i) => (found[i] ? [[id, found[i]]] : [])));
}

const leverOf = (key: string) => Object.values(LEVERS).find((lever) => lever.key === key);

/** The name of one changed key, without its values. */
export function keyName(key: string, facts: Record<string, Fact>, language: Language): string {
  const lever = leverOf(key);
  if (lever) return t(`lever.${lever.name}` as Key);
  if (key.startsWith('assumptions.')) return maybe(`lever.${key.slice(12)}`, facts[key.slice(12)]?.name[language] ?? key.slice(12));
  if (key === 'site.id') return t('start.where');
  return key;
}

/** A step of a waterfall: one changed input with its values, or the section of several. */
export function causeLabel(keys: string[], changed: ChangedKey[], facts: Record<string, Fact>, language: Language): string {
  const levers = keys.filter((key) => leverOf(key) || key.startsWith('assumptions.') || key === 'site.id');
  if (levers.length !== 1) {
    const section = (keys[0] ?? '').split('.')[0] ?? '';
    if (levers.length > 1) return levers.map((key) => keyName(key, facts, language)).join(t('list.comma'));
    return maybe(`cause.${section}`, keys.join(t('list.comma')));
  }
  const key = levers[0]!;
  const name = keyName(key, facts, language);
  const change = changed.find((item) => item.key === key);
  const fact = facts[key.slice(12)];
  const lever = leverOf(key);
  const times = lever?.times ?? (fact?.unit.startsWith('share') ? 100 : 1);
  const unit = lever?.unit[language] ?? (fact?.unit.startsWith('share') ? '%' : (fact?.unit_text[language] ?? ''));
  const text = (value: unknown, otherwise: number | null | undefined): string => {
    const shown = typeof value === 'number' ? value : otherwise;
    return typeof shown === 'number' ? plain(shown * times) : t('lever.none');
  };
  if (!change || key === 'site.id') return name;
  return `${name}${language === 'ja' ? '：' : ': '}${text(change.base, lever ? lever.start : fact?.value)} → ${text(change.value, lever ? lever.start : fact?.value)} ${unit}`.trim();
}
