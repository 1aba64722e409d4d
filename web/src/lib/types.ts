// The documents of the server's API, version 1, as far as the screens use them.
export type Language = 'en' | 'ja';
export interface Names {
  en: string;
  ja: string;
}
export type Value = number | string | boolean | null;
export type Changes = Record<string, Value>;

export interface Health {
  version: string;
  features: Record<string, boolean>;
}
export interface Example {
  name: string;
  title: string;
  description: string;
  site: string | null;
  site_name: Names;
  it_load_mw: number | null;
  clean_share: number | null;
  usable: boolean;
  scenario: Record<string, unknown>;
}
export interface Site {
  id: string;
  name: Names;
  prefecture: string;
  municipality: string;
  latitude_deg: number;
  longitude_deg: number;
  area: string;
  kind: string;
  announced_capacity_mw: number | null;
  values: Record<string, number>;
}
export interface Criterion {
  quantity: string;
  name: Names;
  unit: string;
  unit_text: Names;
}
export interface Sites {
  sites: Site[];
  criteria: Criterion[];
}
export interface Input {
  name: string;
  label: Names;
  value: number | string;
  unit: string;
  unit_text: Names;
  low: number | null;
  high: number | null;
  status: 'verified' | 'assumed' | 'given' | 'derived' | 'synthetic';
  source: string;
  source_titles: string[];
  note: string;
  subject: string;
  subject_name: Names;
  change_key: string | null;
}
export interface Capacity {
  name: string;
  subject: string;
  label: Names;
  value: number;
  unit: string;
  unit_text: Names;
  built: boolean;
  limit: number | null;
  limit_key: string;
  energy_mwh_per_year: number | null;
  capacity_factor: number | null;
  cost_myen_per_year: number | null;
}
export interface Cost {
  name: string;
  label: Names;
  group: string;
  group_label: Names;
  kind: 'fixed' | 'running';
  cost_myen_per_year: number;
}
export interface Worth {
  name: string;
  key: string;
  saving_myen_per_year: number;
  unit_text: Names;
  limit: number;
  sentence: Names;
}
export interface Relaxation {
  sentence: Names;
  apply: Record<string, number>;
}
export interface Sentences {
  answer: string;
  proof: string;
  cooling: string[];
  assumed: string[];
  infeasible: { title: string; sentences: string[] }[];
  notes: string[];
  findings?: Record<string, string>;
}
export interface Indicator {
  label: Names;
  value: number;
  unit: string;
  unit_text: Names;
  explanation: Names;
}
export interface Plan {
  id: string;
  name: string;
  created?: string;
  seconds?: number;
  kiban: string;
  status: 'optimal' | 'infeasible';
  packages: string[];
  scenario?: Record<string, unknown>;
  site: string | null;
  site_name: Names;
  cost_myen_per_year: number;
  cooling_system: string;
  cooling_name: Names;
  cooling_kept?: boolean;
  sentences: Record<Language, Sentences>;
  capacities: Capacity[];
  costs: Cost[];
  cost_groups: { name: string; label: Names; fixed_myen_per_year: number; running_myen_per_year: number }[];
  indicators: Record<string, Indicator>;
  worths: Worth[];
  alternatives: { cooling_system: string; label: Names; cost_myen_per_year: number; sentence: Names }[];
  infeasibility: null | { relaxations: Relaxation[] };
  inputs?: Input[];
  counts?: Record<string, number>;
  time: { start: string; step_hours: number; steps: number };
  hourly_columns?: { name: string; label: Names }[];
  files?: Record<string, string | null>;
}
export type Columns = Record<string, number[]>;

export interface Job {
  id: string;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  progress: { message: Names; done: number; of: number | null };
  result: Record<string, unknown> | null;
  problem: ProblemDocument | null;
}
export interface ProblemItem {
  path: string;
  detail: string;
  detail_ja: string;
  suggestion?: string;
  suggestion_ja?: string;
}
export interface ProblemDocument {
  type: string;
  title: string;
  title_ja: string;
  status: number;
  detail: string;
  detail_ja: string;
  problems?: ProblemItem[];
}
export interface Reproduction {
  toml: string;
  command: string;
  python: string;
}
/** A study: a named base, the difference to it, and the policy packages. */
export interface Study {
  base: string;
  changes: Changes;
  packages: string[];
  /** Rate of the only instrument of the only package, where it is not the package's own. */
  rate?: number | undefined;
}
export interface Difference {
  name: string;
  label: Names;
  difference_myen_per_year: number;
}
export interface Comparison {
  base: Plan;
  others: {
    plan: Plan;
    difference_myen_per_year: number;
    by_group: Difference[];
    by_item: Difference[];
    capacities: { name: string; label: Names; unit: string; base: number; value: number; difference: number }[];
    keys: { key: string; base: Value; value: Value }[];
    by_cause: { keys: string[]; difference_myen_per_year: number | null }[] | null;
  }[];
}
export interface Instrument {
  kind: string;
  kind_name: Names;
  amount: number | null;
  amount_key: string | null;
  assets: { id: string; name: Names }[];
  statute: Names | null;
  article: string | null;
  status: 'enacted' | 'proposed' | 'hypothetical';
  from: string | null;
  to: string | null;
}
export interface Package {
  name: string;
  title: Names;
  description: Names;
  amount: number | null;
  amount_key: string | null;
  instruments: Instrument[];
}
export interface FinanceFigures {
  project_irr: number | null;
  equity_irr: number | null;
  project_npv_myen: number;
  payback_years: number | null;
  least_dscr: number | null;
  mean_dscr: number | null;
  llcr: number | null;
  debt_myen: number;
  levelised_myen_per_it_mwh: number;
  levelised_yen_per_gpu_hour: number | null;
  levelised_power_myen_per_mwh: number | null;
  clean_share: number | null;
  served_it_mw: number;
}
export interface PaySentences {
  answer: string;
  further: string[];
  assumed: string[];
  residual: string;
  findings: Record<string, string>;
}
export interface Loss {
  kind: string;
  label: Names;
  default_probability: number;
  expected_myen: number;
  high_myen: number;
  worst_myen: number;
}
export interface Pay {
  packages: string[];
  title: Names;
  against_title: Names;
  sentences: Record<Language, PaySentences>;
  fiscal_cost_myen: number;
  treasury_value_myen: number;
  induced_it_mw: number;
  cost_per_induced_mw_myen: number | null;
  value_of_public_funds: number | null;
  support: {
    total_myen: number;
    windfall_myen: number;
    induced_myen: number;
    distortion_myen: number;
    assets: { asset: string; label: Names; windfall_myen: number; induced_myen: number; distortion_myen: number }[];
  };
  parties: {
    party: string;
    label: Names;
    rate: number;
    public: boolean;
    /** Is paid for what it delivers: more sales, no gain. */
    delivers: boolean;
    present_value_myen: number;
    by_year_myen: number[];
    accounts: { account: string; label: Names; present_value_myen: number }[];
  }[];
  years: number[];
  flow_rate: number;
  flows: { payer: string; payer_label: Names; payee: string; payee_label: Names; amount_myen: number }[];
  finance: { without: FinanceFigures; with: FinanceFigures };
  capacities: { name: string; subject: string; label: Names; unit: string; unit_text: Names; without: number; with: number }[];
  losses?: Loss[];
  downside?: { draws: number } | null;
}
export interface NationalSite {
  id: string;
  area: string;
  it_load_mw: number;
  load_mw: Record<string, number>;
  connection_year: number;
  waits: boolean;
  capacities: Record<string, number>;
  clean_share: number;
  cost_myen_per_year: number;
  power_cost_myen_per_mwh: number;
  without_myen_per_year: number | null;
  instead: string[];
}
/** What a map needs of a place. */
export type Spot = Pick<Site, 'id' | 'name' | 'area' | 'latitude_deg' | 'longitude_deg'>;
/** What a line between two grid areas carries at the peak, in the direction of its flow, and what it can carry. */
export interface Interconnector {
  from: string;
  to: string;
  mw: number;
  limit_mw: number | null;
  /** What one more MW of it would save a year at most. */
  worth_myen_per_mw_year?: number;
  expansion_mw?: number;
}
export interface National {
  name: string;
  status: 'optimal' | 'infeasible';
  years: number[];
  cost_myen_per_year: number;
  bound_myen_per_year: number;
  relative_gap: number;
  /** Gap on the part of the cost that the choice of sites moves. */
  movable_gap?: number;
  sites: NationalSite[];
  areas: { area: string; load_mw: number; headroom_mw: number | null; connection_mw: number; reinforcement_mw: number }[];
  flows?: Interconnector[];
  near_optima: { share: number; cost_myen: number; load_mw: Record<string, number>; dropped: string[]; added: string[] }[];
  entries?: { site: string; load_mw: number; support_myen_per_mw: number }[];
  robustness?: null | { draws: number; chosen: Record<string, number>; mean_mw: Record<string, number> };
  relaxations?: { key: string; current: number; needed: number; unit: string }[];
  candidates?: { id: string; area: string }[];
  sentences?: Partial<Names>;
}
