// The language, the place in the application, and the study: all of it lives in the address.
import type en from '../text/en.json';
import type { Changes, Language, Study, Value } from './types';

export const SCREENS = ['start', 'build', 'pay', 'run', 'market', 'japan', 'compare', 'saved'] as const;
export type Screen = (typeof SCREENS)[number];
export type Key = keyof typeof en;
type Texts = Record<string, string>;
// A page loads the texts of its own language, the other's when somebody asks for it.
const sources: Record<Language, () => Promise<{ default: Texts }>> = { en: () => import('../text/en.json'), ja: () => import('../text/ja.json') };
const texts: Partial<Record<Language, Texts>> = {};
export async function learn(language: Language): Promise<void> {
  texts[language] ??= (await sources[language]()).default;
}
const BASE = 'tomakomai';

/** What an operation meets, where it is not the default. */
export interface Run {
  forecast?: string;
  horizon_hours?: number;
  first?: string;
  last?: string;
  /** A TOML text of events. */
  events?: string;
}

/** The load whose effect on others is asked for, and the week that is looked at, where they are not the default. */
export interface Market {
  area?: string;
  load_mw?: number;
  first?: string;
}

interface Place {
  language: Language;
  screen: Screen;
  study: Study;
  /** Step of the wizard, 1 to 4; 0 is the result. */
  step: number;
  /** Other plans of a comparison, each a study. */
  others: Study[];
  /** What differs from the worked example of the whole country. */
  national: Changes;
  run: Run;
  market: Market;
}

function valueOf(text: string): Value {
  if (text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

export function studyQuery(study: Study): URLSearchParams {
  const query = new URLSearchParams({ base: study.base });
  for (const [key, value] of Object.entries(study.changes)) query.set(`set.${key}`, String(value));
  for (const name of study.packages) query.append('package', name);
  if (study.rate !== undefined) query.set('rate', String(study.rate));
  return query;
}

export function readStudy(query: URLSearchParams): Study {
  const changes: Changes = {};
  for (const [key, value] of query) if (key.startsWith('set.')) changes[key.slice(4)] = valueOf(value);
  const study: Study = { base: query.get('base') ?? BASE, changes, packages: query.getAll('package') };
  const rate = query.get('rate');
  if (rate !== null && Number.isFinite(Number(rate))) study.rate = Number(rate);
  return study;
}

function readPlace(): Place {
  const [, first = '', second = ''] = location.pathname.split('/');
  const query = new URLSearchParams(location.search);
  const step = Number(query.get('step') ?? 0);
  const national: Changes = {};
  for (const [key, value] of query) if (key.startsWith('nation.')) national[key.slice(7)] = valueOf(value);
  const run: Run = {};
  for (const name of ['forecast', 'first', 'last', 'events'] as const) {
    const given = query.get(`run.${name}`);
    if (given) run[name] = given;
  }
  const horizon = Number(query.get('run.horizon_hours') ?? NaN);
  if (Number.isFinite(horizon)) run.horizon_hours = horizon;
  const market: Market = {};
  for (const name of ['area', 'first'] as const) {
    const given = query.get(`market.${name}`);
    if (given) market[name] = given;
  }
  const load = Number(query.get('market.load_mw') ?? NaN);
  if (Number.isFinite(load)) market.load_mw = load;
  return {
    language: first === 'ja' ? 'ja' : 'en',
    screen: (SCREENS as readonly string[]).includes(second) ? (second as Screen) : 'start',
    study: readStudy(query),
    step: step >= 1 && step <= 4 ? step : 0,
    others: query.getAll('other').map((text) => readStudy(new URLSearchParams(text))),
    national,
    run,
    market,
  };
}

export const ui: { place: Place; /** A page that is no screen of the server leaves the address alone. */ fixed: boolean } = $state({ place: readPlace(), fixed: false });

export function addressOf(change: Partial<Place>): string {
  const place = { ...ui.place, ...change };
  const query = studyQuery(place.study);
  if (place.screen === 'build' && place.step) query.set('step', String(place.step));
  if (place.screen === 'compare') for (const other of place.others) query.append('other', studyQuery(other).toString());
  if (place.screen === 'japan') for (const [key, value] of Object.entries(place.national)) query.set(`nation.${key}`, String(value));
  if (place.screen === 'run') for (const [key, value] of Object.entries(place.run)) query.set(`run.${key}`, String(value));
  if (place.screen === 'market') for (const [key, value] of Object.entries(place.market)) query.set(`market.${key}`, String(value));
  const path = `/${place.language}/${place.screen === 'start' ? '' : place.screen}`;
  return `${path}?${query}`;
}

const PATIENCE_MS = 10_000;
/** Moves the focus to the heading of a screen, once it is there: some are loaded first. */
function focusHeading(until: number): void {
  requestAnimationFrame(() => {
    const heading = document.querySelector<HTMLElement>('main h1');
    if (heading) heading.focus();
    else if (performance.now() < until) focusHeading(until);
  });
}

export function go(change: Partial<Place>, replace = false): void {
  if (change.language && !texts[change.language]) {
    void learn(change.language).then(() => go(change, replace));
    return;
  }
  const address = addressOf(change);
  const moved = change.screen !== undefined && change.screen !== ui.place.screen;
  ui.place = { ...ui.place, ...change };
  if (ui.fixed) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  if (moved) {
    scrollTo(0, 0);
    focusHeading(performance.now() + PATIENCE_MS);
  }
}

/** A change of the study that stays on the page; sliders replace the address instead of filling the history. */
export function set(changes: Changes, replace = true): void {
  const study = ui.place.study;
  go({ study: { ...study, changes: { ...study.changes, ...changes } } }, replace);
}

export function unset(...keys: string[]): void {
  const study = ui.place.study;
  const changes = Object.fromEntries(Object.entries(study.changes).filter(([key]) => !keys.includes(key)));
  go({ study: { ...study, changes } }, true);
}

if (typeof window !== 'undefined') window.addEventListener('popstate', () => {
  if (ui.fixed) return;
  const place = readPlace();
  void learn(place.language).then(() => (ui.place = place));
});

export const language = (): Language => ui.place.language;

/** A text of the screens in the reader's language, its `{blanks}` filled. */
export function t(key: Key, blanks: Record<string, string | number> = {}): string {
  const text = maybe(key, key);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(blanks[name] ?? whole));
}

/** A text whose key is made at run time, or `fallback` where there is none. */
export function maybe(key: string, fallback: string): string {
  return texts[ui.place.language]?.[key] ?? fallback;
}
