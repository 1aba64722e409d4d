import './app.css';
import { mount } from 'svelte';
import Report from './Report.svelte';
import type { Columns, Language, Plan, Reproduction } from './lib/types';

export interface Enclosed {
  language: Language;
  plan: Plan;
  hourly: Columns;
  reproduction: Reproduction | null;
}

// The plan stands in the page itself, so that it opens by double click.
const text = document.getElementById('kiban-view')?.textContent ?? 'null';
const enclosed = JSON.parse(text) as Enclosed | null;
const target = document.getElementById('app')!;
if (enclosed) mount(Report, { target, props: { enclosed } });
