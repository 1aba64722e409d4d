// What a result is about: site, size and policy in a line, and the study with what was changed in it.
import { getContext, setContext } from 'svelte';
import { keyName, type FactsById } from './causes';
import { grouped, percent, pick, plain } from './format';
import { known } from './known.svelte';
import { LEVERS, lookUp, valueOf } from './levers';
import type { Example, Language, Names, Study } from './types';
import { language, maybe, t, type Key } from './ui.svelte';

export interface Heading {
  /** Site, size and policy. */
  title: string;
  /** Which study it is, and what differs from it. */
  study: string;
}

/** What is known of a base: an example, or the scenario of a stored plan. */
type Base = Pick<Example, 'scenario'> & { site_name?: Names | null };

const siteName = (id: string, lang: Language): string => pick(known.sites.sites.find((site) => site.id === id)?.name, lang) || id;

/** A size with every digit that was given. */
function whole(value: number): string {
  const [, rest = ''] = plain(value).split('.');
  return grouped(value, rest.length);
}

function siteOf(study: Study, base: Base | undefined, lang: Language): string {
  const changed = study.changes['site.id'];
  if (typeof changed === 'string') return siteName(changed, lang);
  const own = base ? lookUp(base.scenario, 'site.id') : undefined;
  return typeof own === 'string' ? siteName(own, lang) : pick(base?.site_name, lang) || maybe(`example.${study.base}`, study.base);
}

/** The IT load in words; nothing where it is a series or not known. */
export function sizeText(load: unknown): string {
  return typeof load === 'number' ? `${whole(load)} MW` : '';
}

function sizeOf(study: Study, base: Base | undefined): string {
  const load = base?.scenario.load as Record<string, unknown> | undefined;
  if (!(LEVERS.it_load!.key in study.changes) && typeof load?.it_load_mw === 'object' && load.it_load_mw !== null) return '';
  return base || LEVERS.it_load!.key in study.changes ? sizeText(valueOf(LEVERS.it_load!, study, base)) : '';
}

/** The packages, with the rate of an only one. */
export function policyText(packages: string[], rate: number | undefined, lang: Language): string {
  const names = packages.map((name) => {
    const found = known.packages.find((item) => item.name === name);
    const title = pick(found?.title, lang) || name;
    const amount = packages.length === 1 ? (rate ?? found?.amount ?? null) : null;
    if (!found || amount === null) return title;
    if (found.amount_key === 'rate') return t('heading.rate', { name: title, rate: percent(amount, lang, Number.isInteger(Math.round(amount * 1e4) / 100) ? 0 : 1) });
    const unit = found.amount_key === 'price_myen_per_t' ? { en: '¥/t', ja: '円/t' } : { en: '¥/MWh', ja: '円/MWh' };
    return t('heading.rate', { name: title, rate: `${plain(amount * 1e6)}${lang === 'ja' ? '' : ' '}${unit[lang]}` });
  });
  return names.join(' + ');
}

/** One line of site, size and policy. */
export function titleText(site: string, size: string, policy: string): string {
  const what = [site, size].filter(Boolean).join(t('list.space'));
  return policy ? t('heading.under', { what, policy }) : what;
}

/** What differs from the base, in words: key and value. */
export function changesText(study: Study, facts: FactsById, lang: Language): string[] {
  // Limits that fell away with the old place say nothing beside the new one.
  return Object.entries(study.changes)
    .filter(([name, changed]) => !(changed === null && name.startsWith('supply.')))
    .map(([name, changed]) => {
      const lever = Object.values(LEVERS).find((item) => item.key === name);
      if (lever) return `${t(`lever.${lever.name}` as Key)} ${typeof changed === 'number' ? `${plain(changed * lever.times)} ${lever.unit[lang]}` : t('lever.none')}`;
      const label = keyName(name, facts, lang);
      if (name === 'site.id') return `${label} ${siteName(String(changed), lang)}`;
      if (typeof changed !== 'number') return `${label} ${changed === null ? t('lever.none') : changed}`;
      const fact = facts[name.slice(12)];
      const isShare = fact?.unit.startsWith('share') ?? false;
      return `${label} ${plain(changed * (isShare ? 100 : 1))} ${isShare ? '%' : pick(fact?.unit_text, lang)}`.trim();
    });
}

/** Which study it is, by the name of its base and what was changed in it. */
export const studyText = (base: string, changes: string[]): string =>
  changes.length ? t('heading.changed', { base, changes: changes.join(t('list.comma')) }) : t('heading.unchanged', { base });

/** What a study is about. `packages` are those that the result is under. */
export function headingOf(study: Study, base: Base | undefined, packages: string[], facts: FactsById): Heading {
  const lang = language();
  const named = maybe(`example.${study.base}`, study.base);
  return {
    title: titleText(siteOf(study, base, lang), sizeOf(study, base), policyText(packages, study.rate, lang)),
    study: studyText(named, changesText(study, facts, lang)),
  };
}

const ABOUT = Symbol('about');
/** Tells the charts of a screen what their result is about, for what is taken along. */
export const provideAbout = (about: () => string): void => void setContext(ABOUT, about);
export const readAbout = (): (() => string) => getContext<(() => string) | undefined>(ABOUT) ?? (() => '');
