import './app.css';
import { mount } from 'svelte';
import Report from './Report.svelte';
import { drawFrom, type Ground } from './lib/ground';
import { learn } from './lib/ui.svelte';
import type { Hours } from './lib/operation';
import type {
  Columns,
  Frontier,
  ImpactView,
  Language,
  National,
  Operation,
  Pay,
  Plan,
  Reproduction,
  Spot,
} from './lib/types';

/** What the page holds: a plan, who pays (with the plan under the package or alone), an operation, or a national plan. */
export interface Enclosed {
  language: Language;
  version: string;
  plan?: Plan;
  hourly?: Columns;
  reproduction?: Reproduction;
  pay?: Pay;
  frontier?: Omit<Frontier, 'scenario'>;
  operation?: Operation;
  /** The operation's hours. */
  operated?: Hours;
  /** What a load does to others. */
  impact?: ImpactView;
  national?: National;
  places?: Spot[];
  ground?: Ground;
}

// The answers stand in the page itself, so that it opens by double click.
const text = document.getElementById('kiban-view')?.textContent ?? 'null';
const enclosed = JSON.parse(text) as Enclosed | null;
const target = document.getElementById('app')!;
if (enclosed?.ground) drawFrom(() => Promise.resolve(enclosed.ground!));
if (enclosed) await learn(enclosed.language);
if (enclosed) mount(Report, { target, props: { enclosed } });
