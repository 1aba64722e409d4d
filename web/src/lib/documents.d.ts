// Made by scripts/write_web_types.py from the definitions in kiban; do not edit.

/** Proof of optimality, in the caller's units. */
export interface Certificate {
  primal: number;
  dual: number;
  relative_gap: number;
  primal_residual: number;
  dual_residual: number;
  solver: string;
  iterations: number;
}

/** What relaxing one constraint is worth. */
export interface Worth {
  name: string;
  key: string;
  saving_myen: number;
  unit: string;
  limit: number;
}

/** One weather year of a plan, called by the calendar year in which it begins; the design is that of all years. */
export interface YearFigures {
  year: number;
  cost_myen_per_year: number;
  clean_share: number;
  emissions_t_per_year: number;
}

/** The median over the weather years, and what nine of ten years keep. */
export interface Spread {
  cost_p50_myen_per_year: number;
  cost_p90_myen_per_year: number;
  clean_share_p50: number;
  clean_share_p90: number;
}

/** The weather years of a plan for several: designed for all of them jointly, each with its own figures. */
export interface YearsDocument {
  method: 'designed_jointly';
  each: YearFigures[];
  spread: Spread;
}

/** One way to buy; `way` is `menu`, `market`, `physical`, `virtual` or `self_wheeling`. */
export interface BoughtWay {
  name: string;
  way: string;
  capacity_mw: number;
  delivered_mwh_per_year: number;
  generated_mwh_per_year: number;
  cost_myen_per_year: number;
  area: string | null;
}

/** A component of the bill and who is paid: `network`, `surcharge`, `supplier`, `generator`, `market`, `owner`. */
export interface BillItem {
  component: string;
  payee: string;
  cost_myen_per_year: number;
}

/** The highest power in a month that one charge is on, and what one MW of it free of the charge would save. */
export interface MonthPeak {
  charge: string;
  month: number;
  peak_mw: number;
  worth_myen_per_mw: number;
}

/** Another design of the same campus: what it costs and how much of its load is clean hour by hour. */
export interface BesideDesign {
  cost_myen_per_year: number;
  clean_share: number;
}

/** The same campus without plants elsewhere, at the same tariffs (`planning.behind_meter`). */
export interface BehindMeter {
  least: BesideDesign | null;
  matched: BesideDesign | null;
  elsewhere: BesideDesign | null;
  reaches: boolean;
  differences: Record<string, number>;
  full: string[];
}

/** All that is bought: by way, by component of the bill, by month's peak, and what is claimed over the year. */
export interface Bought {
  ways: BoughtWay[];
  bill: BillItem[];
  peaks: MonthPeak[];
  contract_power_mw: number;
  hourly_matched_share: number;
  claimed_share: number | null;
  certificates_mwh_per_year: Record<string, number>;
  behind_meter: BehindMeter | null;
}

/** A name or sentence in both languages. */
export interface Names {
  en: string;
  ja: string;
}

/** One heading of why there is no design. */
export interface InfeasibleParagraph {
  title: string;
  sentences: string[];
}

/** What is said of a plan in one language; `findings` are titles of charts by chart. */
export interface PlanSentences {
  answer: string;
  proof: string;
  cooling: string[];
  assumed: string[];
  infeasible: InfeasibleParagraph[];
  notes: string[];
  findings: Record<string, string>;
}

/** A capacity of the design; see `tables.DesignRow`. */
export interface CapacityDocument {
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

/** An item of cost. */
export interface CostDocument {
  name: string;
  label: Names;
  group: string;
  group_label: Names;
  kind: 'fixed' | 'running';
  cost_myen_per_year: number;
}

/** A group of items of cost. */
export interface CostGroupDocument {
  name: string;
  label: Names;
  fixed_myen_per_year: number;
  running_myen_per_year: number;
}

/** A yearly figure. */
export interface FigureDocument {
  label: Names;
  value: number;
  unit: string;
  unit_text: Names;
  explanation: Names;
}

/** What one unit of relaxation of a scenario key is worth. */
export interface ConstraintDocument {
  name: string;
  key: string;
  saving_myen_per_year: number;
  unit: string;
  unit_text: Names;
  limit: number;
  sentence: Names;
}

/** Another cooling system; with `is_bound` the cost is what it costs at least. */
export interface AlternativeDocument {
  cooling_system: string;
  label: Names;
  cost_myen_per_year: number;
  is_bound: boolean;
  sentence: Names;
}

/** An hour in which energy is missing. */
export interface HourDocument {
  label: string;
  text: Names;
}

/** A new value for one scenario key. */
export interface Change {
  key: string;
  current: number;
  needed: number;
  unit: string;
}

/** Changes that make a scenario feasible; `apply` are the new values, rounded to the safe side. */
export interface RelaxationDocument {
  changes: Change[];
  cost_myen_per_year: number;
  sentence: Names;
  words: Names;
  apply: Record<string, number>;
}

/** Why there is no design. */
export interface InfeasibilityDocument {
  collisions: string[];
  hours: HourDocument[];
  shortfall_mwh: number;
  relaxations: RelaxationDocument[];
}

/** The steps of a plan over all its weather years. */
export interface StepsDocument {
  start: string | null;
  step_hours: number;
  steps: number;
  years: number;
  block_steps: number;
}

/** One input; `value` is text where the input is no number, `change_key` the scenario key that replaces it. */
export interface InputDocument {
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

/** An hourly column. */
export interface ColumnDocument {
  name: string;
  label: Names;
  unit: string;
  unit_text: Names;
}

/** Headings and rows of text; `numeric` has the numbers of columns of numbers, `bold` those of rows that sum up. */
export interface TableDocument {
  columns: string[];
  numeric: number[];
  rows: string[][];
  bold: number[];
}

/** A section in one language: its title, its tables, and what is said beside them. */
export interface DetailDocument {
  title: string;
  tables: TableDocument[];
  sentences: string[];
}

/** Everything of a plan but its hours; in a short one inputs, scenario and the list of columns are None. */
export interface PlanDocument {
  name: string;
  status: 'optimal' | 'infeasible';
  cooling_system: string;
  certificate: Certificate | null;
  capacities: Record<string, number>;
  costs: Record<string, number>;
  indicators: Record<string, number>;
  worths: Record<string, Worth>;
  years: YearsDocument | null;
  bought?: Bought;
  id: string;
  created: string | null;
  seconds: number;
  work: string;
  cached: boolean;
  cooling_kept: boolean;
  kiban: string;
  packages: string[];
  site: string | null;
  site_name: Names;
  heading: Names;
  cost_myen_per_year: number | null;
  cooling_name: Names;
  sentences: Record<'ja' | 'en', PlanSentences>;
  design: CapacityDocument[];
  cost_items: CostDocument[];
  cost_groups: CostGroupDocument[];
  figures: Record<string, FigureDocument>;
  constraints: ConstraintDocument[];
  alternatives: AlternativeDocument[];
  infeasibility: InfeasibilityDocument | null;
  counts: Record<'verified' | 'assumed' | 'given' | 'derived' | 'synthetic', number>;
  time: StepsDocument;
  files: Record<string, string>;
  scenario: Record<string, unknown> | null;
  inputs: InputDocument[] | null;
  hourly_columns: ColumnDocument[] | null;
  details?: Record<'ja' | 'en', DetailDocument[]>;
}

/** The steps of a document, which may be means of several steps of the plan. */
export interface HoursTime {
  start: string;
  step_hours: number;
  steps: number;
}

export interface HoursDocument {
  time: HoursTime;
  from: number;
  to: number;
  mean: number;
  columns: Record<string, number[]>;
  units: Record<string, string>;
}

/** What makes a plan again. */
export interface Reproduction {
  toml: string;
  command: string;
  python: string;
}

/** What an item or a group of costs is dearer. */
export interface CostDifference {
  name: string;
  label: Names;
  difference_myen_per_year: number;
}

/** A capacity or a yearly figure in both plans; None where a plan has none of the name. */
export interface QuantityDifference {
  name: string;
  label: Names;
  unit: string;
  base: number | null;
  value: number | null;
  difference: number | null;
}

/** A scenario key with its value in both scenarios; None is its default. */
export interface ChangedKey {
  key: string;
  base: unknown;
  value: unknown;
}

/** What a step of changes costs; None where there was no design before or after it. */
export interface CauseDocument {
  keys: string[];
  difference_myen_per_year: number | null;
}

/** A plan that is compared with the base. */
export interface OtherDocument {
  difference_myen_per_year: number | null;
  by_group: CostDifference[];
  by_item: CostDifference[];
  capacities: QuantityDifference[];
  indicators: QuantityDifference[];
  keys: ChangedKey[];
  by_cause: CauseDocument[] | null;
  plan: PlanDocument;
}

/** A base and the plans that are compared with it. */
export interface ComparisonDocument {
  base: PlanDocument;
  others: OtherDocument[];
}

/** A point: what it costs at least, its proof, its figures in a sentence, and the keys that ask for it. */
export interface FrontierPointDocument {
  cost_myen_per_year: number;
  emissions_t_per_year: number;
  clean_share: number;
  price_myen: number;
  cooling_system: string;
  capacities: Record<string, number>;
  relative_gap: number;
  sentence: Names;
  apply: Record<string, number | string | null>;
}

/** What the axes of the drawing say: their names, and the points at their ends. */
export interface FrontierAxes {
  across: Names;
  across_low: Names;
  across_high: Names;
  up: Names;
  up_low: Names;
  up_high: Names;
}

/** The points as rows, amounts in the unit that the column names. */
export interface FrontierTable {
  columns: string[];
  rows: ((number | string)[])[];
}

/** The frontier between cost and `measure`, the least cost first; `best` is the best for a budget. */
export interface FrontierDocument {
  format: string;
  name: string;
  measure: string;
  points: FrontierPointDocument[];
  best: FrontierPointDocument | null;
  best_sentence: Names | null;
  title: Names;
  finding: Names;
  axes: FrontierAxes;
  table_en: FrontierTable;
  table_ja: FrontierTable;
  scenario: Record<string, unknown>;
}

/** Lowest and highest value of a figure. */
export interface EndsDocument {
  low: number;
  high: number;
}

/** Figures over what is assumed of demand, each assumption alone (elasticity, share of a fall passed on). */
export interface RangeDocument {
  fiscal_cost_myen: EndsDocument;
  windfall_share: EndsDocument;
  induced_it_mw: EndsDocument;
  induced_share: EndsDocument | null;
}

/** One row that is drawn: triangular over its low value, its value and its high value. */
export interface RowDocument {
  row: string;
  label: Names;
  kind: string;
  low: number;
  value: number;
  high: number;
}

/** Of the normal scores of two rows. */
export interface CorrelationDocument {
  first: string;
  second: string;
  value: number;
}

/** Of one figure over the draws. */
export interface DrawnFigure {
  low: number;
  median: number;
  high: number;
  mean: number;
  standard_error: number;
}

/** An answer with one row at its ends, all others at their values. */
export interface SwingDocument {
  row: string;
  label: Names;
  low: number;
  high: number;
  at_low: Record<string, number | null>;
  at_high: Record<string, number | null>;
}

/** An instrument against the others at the same fiscal cost, over the draws. */
export interface StandingDocument {
  package: string;
  label: Names;
  reaches: number;
  best: Record<string, number>;
  median: Record<string, number | null>;
}

/** Where two instruments change places as one row rises. */
export interface TurnDocument {
  goal: string;
  row: string;
  label: Names;
  value: number;
  below: string;
  above: string;
}

/** Joint draws of what is assumed; `figures` and `parties_myen` by name, figures without end as null. */
export interface FirmnessDocument {
  seed: number;
  draws: number;
  rows: RowDocument[];
  correlations: CorrelationDocument[];
  figures: Record<string, DrawnFigure>;
  parties_myen: Record<string, DrawnFigure>;
  tornado: SwingDocument[];
  budget_myen: number;
  instruments: StandingDocument[];
  turns: TurnDocument[];
  pays_for_itself: number;
  design_gap: number;
  designs_before: number;
  designs_anew: number;
  saved_anew: number;
}

/** Who owns the campus: tax a year on other income, and losses from before the first spade, million yen. */
export interface OwnerDocument {
  type: string;
  label: Names;
  other_tax_myen: number;
  opening_loss_myen: number;
}

/** Returns of equity that are asked and earned, nominal and after tax, and the real rate before tax of the design. */
export interface ParticipationDocument {
  required_return: number;
  return_without: number | null;
  return_with: number | null;
  builds_without: boolean;
  builds_with: boolean;
  discount_rate: number;
  rate_is_given: boolean;
}

/** What the owner gains at equity's own rate, million yen: without any debt, and by the debt that is raised. */
export interface EquityGain {
  unlevered_myen: number;
  cheaper_debt_myen: number;
}

/** Marginal value of public funds at one real rate for all parties; None where nothing is spent net. */
export interface FundsAtRate {
  rate: number;
  value: number | null;
}

/** A policy's worth to those who gain, its outlay, and the tax that it brings back. */
export interface PublicFunds {
  willingness_to_pay: number;
  outlay: number;
  fiscal_externality: number;
  risk_premium: number;
}

/** What one country's ordinary tax law costs the treasuries in the place of another's, on what is built. */
export interface LawChange {
  replaced: string;
  law: string;
  fiscal_cost_myen: number;
  within: boolean;
}

/** Emissions of one design and what they do; present value in the start year. */
export interface Damage {
  emissions_t_per_year: number;
  damage_myen: number;
  paid_myen_per_year: number;
  paid_share: number;
}

/** Damage of a tonne, million yen at constant prices, for emissions in `year`, and its growth a year after it. */
export interface DamageTerms {
  myen_per_t: number;
  low_myen_per_t: number;
  high_myen_per_t: number;
  growth: number;
  year: number;
}

export interface EnvironmentDocument {
  without: Damage;
  with: Damage;
  damage_change_myen: number;
  damage_of_a_tonne: DamageTerms;
  status: 'assumed';
}

/** Support of one asset, per unit of capacity and in all; see `AssetSupport`. */
export interface AssetDocument {
  capacity: string;
  asset: string;
  unit: string;
  quantity_without: number;
  quantity_with: number;
  quantity_forced: number;
  support_per_unit_myen: number;
  windfall_myen: number;
  induced_myen: number;
  distortion_myen: number;
  total_myen: number;
}

/** How the support splits, in all and by asset. */
export interface SupportDocument {
  total_myen: number;
  windfall_myen: number;
  induced_myen: number;
  distortion_myen: number;
  windfall_share: number;
  assets: AssetDocument[];
}

/** How the support of one asset class splits. */
export interface SupportedAsset {
  asset: string;
  label: Names;
  windfall_myen: number;
  induced_myen: number;
  distortion_myen: number;
}

/** What one account of the ledger changes for a party. */
export interface AccountDocument {
  account: string;
  label: Names;
  present_value_myen: number;
}

/** What a party gains; one that `delivers` is paid for it, so that more sales are no gain. */
export interface PartyDocument {
  party: string;
  label: Names;
  rate: number;
  public: boolean;
  delivers: boolean;
  present_value_myen: number;
  at_social_rate_myen: number;
  by_year_myen: number[];
  accounts: AccountDocument[];
}

/** Present value of what goes from one party to another with the package, at one rate. */
export interface FlowDocument {
  payer: string;
  payer_label: Names;
  payee: string;
  payee_label: Names;
  amount_myen: number;
}

/** Present value of what goes from one party to another, at the social rate. */
export interface LedgerFlow {
  payer: string;
  payee: string;
  myen: number;
}

/** Balances by party and year, present values, and flows: without the package, with it, and the change. */
export interface LedgerDocument {
  residual_yen: number;
  years: number[];
  present_values_myen: Record<'without' | 'with' | 'change', Record<string, number>>;
  by_party: Record<'without' | 'with' | 'change', Record<string, Record<string, number>>>;
  flows: Record<'without' | 'with' | 'change', LedgerFlow[]>;
  entries: Record<string, unknown>[];
}

/** What the others in an area pay more at day-ahead prices a year, million yen: as the slope and as the bids say. */
export interface OthersAreaDocument {
  id: string;
  by_slope_myen_per_year: number;
  by_bids_myen_per_year: number;
}

/** One account from a payer to a payee: yen of each of `calendar_years`, negative where it flows back. */
export interface OthersFlowDocument {
  payer: string;
  payee: string;
  account: string;
  yen: number[];
}

/** The ledger of electricity users elsewhere, beside that of the campuses; its flows are the change. */
export interface OthersDocument {
  years: number;
  areas: OthersAreaDocument[];
  by_group_myen: Record<string, number>;
  by_account_myen: Record<string, number>;
  residual_yen: number;
  among_the_largest: boolean;
  calendar_years: number[];
  flows: OthersFlowDocument[];
}

/** Measures of one case; None where one does not exist: no IRR without a sign change, no cover without debt. */
export interface Returns {
  project_irr: number | null;
  equity_irr: number | null;
  project_npv_myen: number;
  equity_npv_myen: number;
  discount_rate: number;
  payback_years: number | null;
  discounted_payback_years: number | null;
  equity_payback_years: number | null;
  equity_discounted_payback_years: number | null;
  least_dscr: number | null;
  mean_dscr: number | null;
  llcr: number | null;
  debt_myen: number;
  debt_share: number;
}

/** Levelised cost of compute at prices of the start year. */
export interface LevelisedCost {
  myen_per_it_mwh: number;
  yen_per_gpu_hour: number | null;
  power_myen_per_mwh: number | null;
}

/** Compute that was offered at a price, and how much of it the plan serves. */
export interface ServedTranche {
  name: string;
  offered_mw: number;
  served_mw: number;
  price_myen_per_mwh: number;
  it_energy_mwh_per_year: number;
  must_serve: boolean;
  committed: string | null;
  reliability: number;
  unserved_mwh_per_year: number;
  sold_as_load: boolean;
}

/** Design and returns of one side. */
export interface SideDocument {
  returns: Returns;
  levelised: LevelisedCost;
  capacities: Record<string, number>;
  cooling_system: string;
  cost_myen_per_year: number;
  clean_share: number;
  served_it_mw: number;
  tranches: ServedTranche[];
  credit_utilisation: Record<string, number>;
  credit_utilisation_unsettled: number;
  financed_share: number;
  effective_tax_rates: Record<string, number | null>;
  yen_per_million_tokens: Record<string, number>;
  certificate: Certificate | null;
}

/** One step of the bridge; see `Step`. */
export interface StepDocument {
  kind: string;
  party: string;
  cause: string;
  label: Names;
  amount_myen: number;
  running_myen: number;
  yen: number;
}

/** What the package costs in one fiscal year, million yen of that year; a gain is negative. */
export interface FiscalYear {
  year: number;
  loss_myen: number;
  by_cause_myen: Record<string, number>;
  by_party_myen: Record<string, number>;
  at_start_prices_myen: number;
  claw_back_myen: number;
}

/** What a package costs in one fiscal year. */
export interface YearTotal {
  year: number;
  loss_myen: number;
}

/** An end, a cap or a claw-back of one instrument; None where the terms know none. */
export interface SupportLimit {
  package: string;
  number: number;
  kind: string;
  measure: string | null;
  last_year: number | null;
  sunset: string | null;
  cap_myen: number | null;
  limit_share_of_tax: number | null;
  carry_forward_years: number | null;
  claw_back_years: number | null;
}

/** Totals of the budget's form, official totals, ends, caps and claw-backs; `form` is the file of all its years. */
export interface BudgetDocument {
  first_year: YearTotal | null;
  full_year: YearTotal | null;
  five_years_myen: number;
  life_myen: number;
  present_value_myen: number;
  inflation: number;
  measures: Record<string, unknown>[];
  limits: SupportLimit[];
  form: Record<'ja' | 'en', string>;
}

/** One side: local tax of the campus and where it stays, present values in million yen. */
export interface SideKept {
  local_tax_myen: number;
  to_prefecture_myen: number;
  less_grant_myen: Record<string, number>;
  kept_myen: Record<string, number>;
  ledger_myen: Record<string, number>;
  value_myen: Record<string, number>;
}

export interface KeptDocument {
  treasury: number;
  prefecture: number;
  municipality: number;
  before_rules_myen: Record<string, number>;
  place: Names;
  prefecture_name: Names;
  fiscal_index: number;
  receives_grant: boolean;
  prefecture_receives_grant: boolean;
  need_myen: number;
  without: SideKept;
  with: SideKept;
}

/** Where the support ends, as shares of it (users, owner, suppliers_home, suppliers_abroad, lost: sum 1). */
export interface Incidence {
  shares: Record<string, number>;
  support_share_of_cost: number;
  price_change: number;
  chip_price_change: number;
  quantity_change: number;
}

/** Shares of the support by who ends with it; see `IncidenceRange`. */
export interface IncidenceDocument {
  users: number;
  owner: number;
  suppliers_home: number;
  suppliers_abroad: number;
  lost: number;
  low: Record<string, number>;
  high: Record<string, number>;
  elastic: Incidence;
  all_countries: Incidence;
  support_share_of_cost: number;
  chip_price_change: number;
  quantity_change: number;
  elasticities: Record<string, number>;
}

/** One connection: what is contracted and used, and what the network charges and builds; constant prices. */
export interface LargeLoad {
  contracted_mw: number;
  used_mw: number;
  ramp: number[];
  demand_charge_myen_per_mw: number;
  energy_charges_myen: number;
  works_myen: number;
  works_borne: number;
  years: number;
  first_year: number;
  tax_shares: Record<string, number>;
}

/** What a contract asks of a large load; see the keys of `[grid.contract]`. */
export interface LoadTerms {
  name: string;
  minimum_share: number;
  ramp_years: number;
  term_years: number;
  exit_fee_years: number;
  collateral_years: number;
  collateral_myen_per_mw: number;
  works_owed_share: number;
}

/** What one set of terms means; see `TermsOutcome`. */
export interface TermsDocument {
  label: Names;
  terms: LoadTerms;
  others_myen: Record<string, number>;
  owner_myen: Record<string, number>;
  others_expected_myen: number;
  others_range_myen: number[];
  stranded_myen: number;
  borne_by_others_myen: number;
  borne_by_treasuries_myen: number;
  borne_by_owner_myen: number;
  break_even_probability: number | null;
}

/** Terms side by side on one connection; see `LargeLoadView`. */
export interface LargeLoadDocument {
  connection: LargeLoad;
  chances: Record<string, number>;
  terms: TermsDocument[];
}

/** Where it would have run, and what holds there. */
export interface Elsewhere {
  share_abroad: number;
  share_other_prefectures: number;
  factor_abroad_t_per_mwh: number;
  factor_at_home_t_per_mwh: number;
  pue: number;
  tax_abroad: number;
}

/** What the package is to one circle. */
export interface Circle {
  induced_it_mw: number;
  emissions_t_per_year: number;
  treasury_myen: number;
  cost_per_induced_mw_myen: number | null;
}

/** What is new to the place, the country and the world; see `Leakage`. */
export interface LeakageDocument {
  elsewhere: Elsewhere;
  circles: Record<string, Circle>;
  low: Record<string, Circle>;
  high: Record<string, Circle>;
}

/** How the value moves; rates are real and a year, with continuous compounding. */
export interface Walk {
  volatility: number;
  riskless_rate: number;
  payout: number;
  growth: number;
}

/** One owner's position. */
export interface Case {
  value_over_cost: number;
  support: number;
  ends_after_years: number | null;
  window_years: number;
  walk: Walk;
}

/** With support or without it. */
export interface Decision {
  choice: 'now' | 'later' | 'never';
  waiting_value: number;
  value_of_ordering_now: number;
  order_now_above: number;
  chance_of_an_order: number;
}

/** Of all ways that the value may go, the shares by when one orders with support and without; they sum to 1. */
export interface Split {
  windfall: number;
  brought_forward: number;
  induced: number;
  unaffected: number;
  never: number;
  years_brought_forward: number;
}

export interface TimingDocument {
  case: Case;
  ends_by_law: boolean;
  without: Decision;
  with: Decision;
  split: Split;
  low: Record<string, number>;
  high: Record<string, number>;
  endless: Split;
}

export interface CapacityChange {
  name: string;
  subject: string;
  label: Names;
  unit: string;
  unit_text: Names;
  without: number;
  with: number;
}

/** What the treasuries lose under one kind of support, over the draws. */
export interface LossDocument {
  kind: string;
  label: Names;
  expected_myen: number;
  high_myen: number;
  worst_myen: number;
  default_probability: number;
}

/** Fiscal cost at the social rate, million yen: of the plan, and in the mean of the draws. */
export interface Estimate {
  plan_myen: number;
  draws_myen: number;
  standard_error_myen: number;
}

/** Everything of a payment; `downside` and `losses` are empty where what the treasuries may lose is not drawn. */
export interface PaymentDocument {
  format: string;
  version: number;
  name: string;
  heading: Names;
  title: Names;
  against_title: Names;
  packages: Record<'with' | 'against', string[]>;
  sentence: Record<'ja' | 'en', string>;
  sentences: Record<'ja' | 'en', string[]>;
  assumptions: Record<'ja' | 'en', string[]>;
  residual: Record<'ja' | 'en', string>;
  findings: Record<'ja' | 'en', Record<string, string>>;
  fiscal_cost_myen: number;
  treasury_value_myen: number;
  risk_charge_myen: number;
  induced_it_mw: number;
  induced_range_mw: number[] | null;
  range: RangeDocument | null;
  firmness: FirmnessDocument | null;
  construction_jobs: number;
  cost_per_induced_mw_myen: number | null;
  owner: OwnerDocument;
  participation: ParticipationDocument;
  equity_gain: EquityGain;
  social_rate: number;
  value_of_public_funds: number | null;
  value_of_public_funds_by_rate: FundsAtRate[];
  value_without_risk_premium: number | null;
  public_funds: PublicFunds;
  law_change: LawChange | null;
  conditions: Record<string, unknown>[];
  environment: EnvironmentDocument;
  support: SupportDocument;
  support_by_asset: SupportedAsset[];
  parties: PartyDocument[];
  years: number[];
  flow_rate: number;
  flows: FlowDocument[];
  ledger: LedgerDocument;
  others: OthersDocument | null;
  finance: Record<'without' | 'with', SideDocument>;
  bridge: StepDocument[];
  by_fiscal_year: FiscalYear[];
  budget: BudgetDocument;
  kept_by: KeptDocument | null;
  incidence: IncidenceDocument | null;
  large_load: LargeLoadDocument | null;
  leakage: LeakageDocument | null;
  timing: TimingDocument | null;
  details: Record<'ja' | 'en', DetailDocument[]>;
  capacities: CapacityChange[];
  losses: LossDocument[];
  draws: number;
  downside: Record<string, unknown> | null;
  estimate: Estimate | null;
}

/** An asset class, or a group of them, that an instrument supports. */
export interface CoveredAsset {
  id: string;
  name: Names;
}

export interface InstrumentDocument {
  kind: string;
  kind_name: Names;
  amount: number | null;
  amount_key: string | null;
  assets: CoveredAsset[];
  law: string | null;
  statute: Names | null;
  article: string | null;
  status: 'enacted' | 'proposed' | 'hypothetical';
  from: string | null;
  to: string | null;
}

/** A package; `amount` is the rate of its only instrument, which a reader may vary, else None. */
export interface PackageDocument {
  name: string;
  title: Names;
  description: Names;
  tax_law: string | null;
  amount: number | null;
  amount_key: string | null;
  instruments: InstrumentDocument[];
}

/** Yearly cost per MW of IT, million yen, with one protection. */
export interface HazardCost {
  protection: 'none' | 'isolation' | 'elevation' | 'both';
  damage_myen: number;
  downtime_myen: number;
  protection_myen: number;
  downtime_hours: number;
}

/** What is built at a site; see `SitePlan`. */
export interface SiteDocument {
  id: string;
  name: string;
  area: string;
  it_load_mw: number;
  load_mw: Record<string, number>;
  phase_load_mw: number[];
  cooling_system: string;
  connection_year: number;
  waits: boolean;
  capacities: Record<string, number>;
  energy_mwh_per_year: Record<string, number>;
  clean_share: number;
  emissions_t_per_year: number;
  floor_import_mwh_per_year: number;
  costs_myen_per_year: Record<string, number>;
  cost_myen_per_year: number;
  power_cost_myen_per_mwh: number;
  hazard: HazardCost;
  without_myen_per_year: number | null;
  without_least_myen_per_year: number;
  instead: string[];
}

/** One grid area: its limit, what the plan uses, and the energy at the floor price. */
export interface AreaPlan {
  area: string;
  load_mw: number;
  headroom_mw: number;
  connection_mw: number;
  reinforcement_mw: number;
  floor_import_mwh: number;
  curtailed_mwh: number | null;
}

export interface LinkDocument {
  id: string;
  from: string;
  to: string;
  mw: number;
  limit_mw: number;
  used_share: number;
  binding: boolean;
  worth_myen_per_mw_year: number;
  expansion_mw: number;
  converts_frequency: boolean;
  forward_mw: number;
  reverse_mw: number;
  phase_mw: number[];
}

/** A grid area at the peak; see `AreaBalance`. */
export interface BalanceDocument {
  area: string;
  frequency_hz: number;
  draw_mw: number;
  spare_supply_mw: number;
  import_mw: number;
  export_mw: number;
  worth_myen_per_mw_year: number;
  floor_hours_per_year: number | null;
  floor_import_mwh_per_year: number;
  curtailed_mwh_per_year: number | null;
  absorbed_mwh_per_year: number | null;
}

/** The plan furthest from the best one within a share of the cost that sites can move; what it drops and adds. */
export interface NearOptimum {
  share: number;
  cost_myen: number;
  load_mw: Record<string, number>;
  dropped: string[];
  added: string[];
}

/** What would bring a site in that is not chosen: support per MW of IT and year at a load. */
export interface Entry {
  site: string;
  load_mw: number;
  support_myen_per_mw: number;
}

/** The plan if the connection of one site comes after the study's year: its load then, and the cost. */
export interface Delay {
  site: string;
  year: number;
  load_mw: number;
  more_myen: number;
  instead: string[];
}

/** Sites that a change drops from the plan and brings into it. */
export interface Turnover {
  dropped: string[];
  added: string[];
}

/** The factor on an assumption at which the leading site is no longer chosen; None within the range searched. */
export interface FlipPoint {
  assumption: string;
  site: string;
  lower: number | null;
  upper: number | null;
  instead: string[];
  at_low: Turnover | null;
  at_high: Turnover | null;
}

/** How often each site is chosen over joint draws of the assumptions, and the spread of the cost. */
export interface Robustness {
  draws: number;
  ranges: Record<string, [number, number]>;
  chosen: Record<string, number>;
  mean_mw: Record<string, number>;
  cost_myen: [number, number, number];
  flips: FlipPoint[];
}

/** One limit that, moved alone from `current` to `needed`, makes the study feasible. */
export interface Relaxation {
  key: string;
  current: number;
  needed: number;
  unit: string;
}

/** A site that may be chosen. */
export interface CandidateDocument {
  id: string;
  area: string;
  kind: string;
  latitude_deg: number;
  longitude_deg: number;
  max_mw: number;
  min_mw: number;
  connection_year: number;
  connection_mw: number | null;
  round_trip_ms: Record<string, number>;
  exposure: Record<string, unknown>;
}

/** A candidate that is left out, and why: a key of `[hazard]`, its value here and the limit. */
export interface Exclusion {
  site: string;
  key: string;
  value: number;
  limit: number;
}

/** What a plan takes in a year; see `LimitYear`. */
export interface LimitYearDocument {
  year: number;
  taken: number;
  available: number;
  full: boolean;
}

/** People or goods that a plan may take by year; see `LimitUse`. */
export interface LimitDocument {
  id: string;
  name: string;
  unit: string;
  sites: string[];
  years: LimitYearDocument[];
  price_myen_per_year: number;
  worth_myen: number | null;
}

/** An area of the market; see `AreaPrice`. */
export interface AreaPriceDocument {
  area: string;
  draw_mwh_per_year: number;
  price_before_yen_per_kwh: number;
  price_after_yen_per_kwh: number;
  others_pay_myen_per_year: number;
  others_pay_low_myen_per_year: number | null;
  others_pay_high_myen_per_year: number | null;
}

/** A site of the plan, or of that at prices without it; see `SitePrice`. */
export interface SitePriceDocument {
  site: string;
  before_mw: number;
  it_load_mw: number;
  import_mwh_per_year: number;
  rise_yen_per_kwh: number;
  pays_more_myen_per_year: number;
}

/** What prices that answer to the plan change; see `PriceAnswer`. */
export interface PriceAnswerDocument {
  agrees: boolean;
  chosen_within_gap: boolean;
  price_change: number;
  energy_change: number;
  open_cost: number;
  clearings: number;
  searches: number;
  cost_before_myen_per_year: number;
  moved_mw: number;
  draw_mwh_per_year: number;
  pays_more_myen_per_year: number;
  dearer_to_produce_myen_per_year: number;
  others_pay_myen_per_year: number;
  others_pay_low_myen_per_year: number | null;
  others_pay_high_myen_per_year: number | null;
  residual_yen: number;
  areas: AreaPriceDocument[];
  sites: SitePriceDocument[];
  sentences: Record<'ja' | 'en', string[]>;
}

/** What the optimum of the linear programme did in both directions at once, and what it costs to do without. */
export interface TwoWay {
  import_hours: number;
  charge_hours: number;
  cost_myen_per_year: number;
  gap_myen_per_year: number;
}

/** Everything of a national plan; see `NationalPlan`. */
export interface NationalDocument {
  format: string;
  version: number;
  name: string;
  status: 'optimal' | 'infeasible';
  years: (number | null)[];
  packages: string[];
  sentences: Record<'ja' | 'en', string>;
  cost_myen_per_year: number;
  bound_myen_per_year: number;
  relative_gap: number;
  common_myen_per_year: number;
  movable_gap: number;
  rounds: number;
  solves: number;
  income_myen_per_year: number;
  reinforcement_myen_per_year: number;
  served_mw: Record<string, number[]>;
  sites: SiteDocument[];
  areas: AreaPlan[];
  flows: LinkDocument[];
  balances: BalanceDocument[];
  near_optima: NearOptimum[];
  entries: Entry[];
  delay: Delay | null;
  robustness: Robustness | null;
  relaxations: Relaxation[];
  candidates: CandidateDocument[];
  excluded: Exclusion[];
  limits: LimitDocument[];
  late_supply: Record<string, number>;
  price_answer: PriceAnswerDocument | null;
  one_way: TwoWay | null;
}

/** The operated steps. */
export interface OperatedTime {
  start: string;
  step_hours: number;
  steps: number;
}

/** A part of the regret; `share` is of the cost with perfect foresight. */
export interface RegretPart {
  name: string;
  label: Names;
  cost_myen: number;
  share: number | null;
}

/** An item of cost, as operated and with perfect foresight. */
export interface OperatedCost {
  item: string;
  label: Names;
  cost_myen: number;
  perfect_foresight_cost_myen: number;
}

/** How it ran: a name, and its value in words. */
export interface RunFigure {
  label: Names;
  text: Names;
}

/** An event in steps `first` to before `end`, known from step `known` on. */
export interface OperatedEvent {
  kind: string;
  label: Names;
  unit: string | null;
  first: number;
  end: number;
  known: number;
}

/** What an event may hit. */
export interface UnitDocument {
  name: string;
  label: Names;
}

/** Sentences in both languages. */
export interface Lines {
  en: string[];
  ja: string[];
}

/** What could be offered to the grid, and in sentences what that is worth. */
export interface FlexibilityDocument {
  offered_mw: number | null;
  value_myen_per_year: number | null;
  sentences: Lines;
}

/** What calls were paid, as a table and in sentences. */
export interface SettledCalls {
  headings: Lines;
  rows_en: string[][];
  rows_ja: string[][];
  sentences: Lines;
}

/** A week from step `first` on. */
export interface OperatedWeek {
  first: number;
  steps: number;
  cost_myen: number;
  perfect_foresight_cost_myen: number;
  unserved_mwh: number;
}

/** By lead in steps, what a forecast of the net load is to be moved by to hold eight of ten outcomes. */
export interface FanDocument {
  low_mw: (number | null)[];
  high_mw: (number | null)[];
  days: number;
}

/** A column of the hours: what gives power, or what is in a store; `subject` is how colours know it. */
export interface OperatedFlow {
  column: string;
  subject: string;
  label: Names;
}

/** An operation in both languages; its hours are a document of their own. */
export interface OperationDocument {
  format: string;
  version: number;
  kiban: string;
  name: string;
  site_name: Names;
  sentence: Names;
  time: OperatedTime;
  forecast: string;
  forecast_name: Names;
  hour: string;
  horizon_hours: number;
  currency: string;
  yen_per_usd: number | null;
  cost_myen: number;
  perfect_foresight_cost_myen: number;
  regret: RegretPart[];
  total: RegretPart;
  costs: OperatedCost[];
  limits: Names;
  figures: RunFigure[];
  unserved_by_class_mwh: Record<string, number>;
  battery_cycles: number;
  backup_starts: number;
  events: OperatedEvent[];
  units: UnitDocument[];
  flexibility: FlexibilityDocument;
  calls: SettledCalls | null;
  weeks: OperatedWeek[];
  worst_week: number;
  fan: FanDocument;
  sources: OperatedFlow[];
  stores: OperatedFlow[];
  assumed: Lines;
  notes: Lines;
}

/** Columns of an operation, rounded to six digits; null where nothing was expected. */
export interface OperationHours {
  columns: Record<string, (number | null)[]>;
  units: Record<string, string>;
}

/** An area in a year without the load; prices are means of the hours, by month in the order of the year. */
export interface MarketAreaDocument {
  id: string;
  price_yen_per_kwh: number;
  month_price_yen_per_kwh: number[];
  month_demand_mw: number[];
}

/** A tie between two areas and its limits each way, MW. */
export interface TieDocument {
  from_area: string;
  to_area: string;
  forward_mw: number;
  reverse_mw: number;
}

/** A year of the market; `months` are 1 to 12 in its order, prices of weeks are what demand pays for a kWh. */
export interface MarketYearDocument {
  first: string;
  last: string;
  synthetic: boolean;
  fast_most_mw: number;
  months: number[];
  areas: MarketAreaDocument[];
  ties: TieDocument[];
  month_flow_mw: number[][];
  week_first: string[];
  week_price_yen_per_kwh: number[];
}

/** Days without or with the load: by area, by tie, and by source and area. */
export interface MarketSideDocument {
  price_yen_per_kwh: number[][];
  flow_mw: number[][];
  supply_mw: Record<string, number[][]>;
}

/** Some days of the market; `start` is the first hour in Japan's time, `load_mw` by area. */
export interface MarketDaysDocument {
  start: string;
  hours: number;
  synthetic: boolean;
  areas: string[];
  ties: TieDocument[];
  load_mw: number[];
  demand_mw: number[][];
  before: MarketSideDocument;
  after: MarketSideDocument;
}

/** An amount of the central variant, and its range over the variants. */
export interface ImpactRangeDocument {
  central: number;
  low: number;
  high: number;
}

/** One area: its mean price without and with the load, and what the others there pay more. */
export interface AreaDocument {
  id: string;
  load_mwh_per_year: number;
  price_before_yen_per_kwh: number;
  price_after_yen_per_kwh: number;
  others_pay_myen_per_year: ImpactRangeDocument;
}

/** One variant: what all others pay more, what the load pays, and who receives it. */
export interface VariantDocument {
  id: string;
  others_pay_myen_per_year: number;
  load_pays_myen_per_year: number;
  generators_gain_myen_per_year: number | null;
  storages_gain_myen_per_year: number | null;
  congestion_rent_myen_per_year: number | null;
  emissions_t_per_year: number | null;
  curtailment_absorbed_mwh: number | null;
}

/** What others pay more if the campus stands in the area; null without an exchange, or without a plan. */
export interface PlacementDocument {
  id: string;
  inflexible_myen_per_year: number | null;
  flexible_myen_per_year: number | null;
  own_power_myen_per_year: number | null;
  worth_of_flexibility_myen_per_year: number | null;
}

/** What a class of customers in an area pays more a year once all lags are over, and in the first year. */
export interface ClassDocument {
  id: string;
  paid_myen_per_year: ImpactRangeDocument;
  first_year_myen: number;
  share_of_bill: number;
}

/** The bills of an area: by class, a household's month, and what suppliers keep until prices are set anew. */
export interface BillsDocument {
  id: string;
  classes: ClassDocument[];
  household_yen_per_month: ImpactRangeDocument;
  kept_myen_per_year: number;
}

/** An area after plants have entered, without and with the load; `entered_mw` is what enters more for the load. */
export interface LongRunAreaDocument {
  id: string;
  price_before_yen_per_kwh: number;
  price_after_yen_per_kwh: number;
  others_pay_myen_per_year: number;
  entered_mw: Record<string, number>;
}

/** What others pay more once plants have entered; `largest_profit` is the share by which one still earns more. */
export interface LongRunDocument {
  others_pay_myen_per_year: number;
  areas: LongRunAreaDocument[];
  largest_profit: number;
}

/** An area's least reserve margin, and what is expected not to be served, without the load and with it. */
export interface AdequacyDocument {
  id: string;
  reserve_margin_before: number;
  reserve_margin_after: number;
  short_hours_before: number;
  short_hours_after: number;
  unserved_mwh_before: number;
  unserved_mwh_after: number;
}

/** Fuel of one kind that is imported more in a year: t, or kl of oil, and what it costs at customs prices. */
export interface FuelDocument {
  id: string;
  amount_per_year: number;
  myen_per_year: number;
}

/** The answer of `kiban impact`. */
export interface ImpactDocument {
  subject: string;
  basis: 'load' | 'plan' | 'connections' | 'sites' | 'national_plan';
  method: 'market' | 'bid_curves';
  synthetic: boolean;
  load_mwh_per_year: number;
  areas: AreaDocument[];
  others_pay_myen_per_year: ImpactRangeDocument;
  others_pay_yen_per_kwh: ImpactRangeDocument | null;
  variants: VariantDocument[];
  inflexible: VariantDocument | null;
  placements: PlacementDocument[];
  bills: BillsDocument[];
  long_run: LongRunDocument | null;
  adequacy: AdequacyDocument[];
  emissions_t_per_year: number | null;
  average_emissions_t_per_year: number;
  curtailment_absorbed_mwh: number | null;
  fuel_imports: FuelDocument[];
  residual_yen: number;
  sentence: string;
  sentences: string[];
}

/** What is said of an impact in one language; `variants` are names by id. */
export interface ImpactSaid {
  sentence: string;
  sentences: string[];
  notes: string[];
  variants: Record<string, string>;
}

/** An impact and its words; the sentences of the document itself are English. */
export interface ImpactView {
  impact: ImpactDocument;
  said: Record<'ja' | 'en', ImpactSaid>;
}

/** What a server takes on. */
export interface LimitsDocument {
  body_bytes: number;
  steps: number;
  sites: number;
  plans_in_comparison: number;
  sweep_points: number;
  queued_jobs: number;
}

/** Whether a server works and what it takes on; `static` says whether the web pages are there. */
export interface HealthDocument {
  status: 'ok' | 'degraded';
  fault: string | null;
  version: string;
  api: number;
  static: boolean;
  database: string;
  jobs: Record<string, number>;
  limits: LimitsDocument;
  online_weather: boolean;
}

/** A worked example; one is `usable` where the server takes on what it needs. */
export interface ExampleDocument {
  name: string;
  title: string;
  description: string;
  site: string | null;
  site_name: Names;
  it_load_mw: number | null;
  clean_share: number | null;
  usable: boolean;
  scenario: Record<string, unknown>;
  toml: string;
}

/** An example that is a national study. */
export interface NationalExample {
  name: string;
  toml: string;
}

/** The worked examples. */
export interface ExamplesDocument {
  examples: ExampleDocument[];
  national: NationalExample[];
}

/** A candidate site of the catalogue; `values` are by quantity. */
export interface CatalogueSite {
  id: string;
  name: Names;
  prefecture: string;
  municipality: string;
  latitude_deg: number;
  longitude_deg: number;
  elevation_m: number;
  area: string;
  kind: string;
  announced_capacity_mw: number | null;
  status: string;
  values: Record<string, number>;
}

/** What sites may be compared by. */
export interface CriterionDocument {
  quantity: string;
  name: Names;
  unit: string;
  unit_text: Names;
}

/** All sites, and what they may be compared by. */
export interface SitesDocument {
  sites: CatalogueSite[];
  criteria: CriterionDocument[];
  areas: string[];
}

/** A source of a figure. */
export interface SourceDocument {
  key: string;
  title: string;
  publisher: string;
  address: string;
  grade: string;
}

/** A figure of the catalogue with its sources. */
export interface FactDocument {
  id: string;
  value: number;
  low: number | null;
  high: number | null;
  unit: string;
  unit_text: Names;
  year: number | null;
  status: string;
  note: string;
  name: Names;
  sources: SourceDocument[];
}

/** Figures that were asked for, as many as were wanted; `count` are all. */
export interface FactsDocument {
  facts: FactDocument[];
  count: number;
  left_off: number;
}

/** Where a job is: what it does, and how much of how much is done where that is known. */
export interface ProgressDocument {
  message: Names;
  done: number | null;
  of: number | null;
}

/** One thing that is wrong with a request. */
export interface ProblemItem {
  path: string;
  where: string;
  detail: string;
  detail_ja: string;
  suggestion: string;
  suggestion_ja: string;
}

/** Why a request is refused, after RFC 9457; what holds for the first problem stands on top. */
export interface ProblemDocument {
  type: string;
  title: string;
  title_ja: string;
  status: number;
  detail: string;
  detail_ja: string;
  path: string;
  suggestion: string;
  suggestion_ja: string;
  problems: ProblemItem[];
}

/** A job; `result` is there once it is done, `problem` once it has failed. */
export interface JobDocument {
  id: string;
  kind: string;
  name: string;
  owner: string;
  shared: boolean;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  created: string | null;
  started: string | null;
  finished: string | null;
  progress: ProgressDocument;
  position: number;
  result: Record<string, unknown> | null;
  problem: ProblemDocument | null;
  attempts: number;
}

/** A decision: the limit, why, what is expected of the hour and what was heard with it, MW and MWh. */
export interface LiveStep {
  number: number;
  at: string;
  reason: Names;
  sentence: Names;
  firm_mw: number;
  flexible_mw: number;
  expires: string;
  expected: Record<string, number>;
  measured: Record<string, number | null>;
  faults: number;
}

/** An order of a person or a call of the grid; `amount_mw` is what flexible compute or the import may draw. */
export interface LiveOrder {
  number: number;
  at: string;
  kind: string;
  who: string;
  begins: string;
  ends: string;
  amount_mw: number;
}

/** A journal that is followed: the newest day of steps, the newest orders, and what is wrong with it. */
export interface LiveDocument {
  state: 'off' | 'absent' | 'following' | 'broken';
  problem: Names | null;
  decisions: number;
  steps: LiveStep[];
  orders: LiveOrder[];
}

/** A stored plan in a list; `own` says whether the caller holds it, `shared` whether others see it. */
export interface StoredPlanDocument {
  id: string;
  name: string;
  created: string | null;
  status: 'optimal' | 'infeasible';
  cost_myen_per_year: number | null;
  work: string;
  site: string | null;
  owner: string;
  own: boolean;
  shared: boolean;
  deleted: string | null;
  deleted_by: string | null;
}

/** Who the caller is to the server; `required` says whether it needs to know, `ways` how one signs in. */
export interface SessionDocument {
  required: boolean;
  name: string | null;
  shown: string | null;
  role: 'viewer' | 'planner' | 'admin' | null;
  expires: string | null;
  roles: ('viewer' | 'planner' | 'admin')[];
  ways: ('token' | 'provider')[];
}

/** A row of the audit log: who did what; `hash` covers it and, by `previous`, all rows before. */
export interface AuditEntryDocument {
  number: number;
  time: string | null;
  who: string;
  role: string;
  action: string;
  subject: string;
  status: number;
  address: string;
  previous: string;
  hash: string;
}

/** A signed head: the newest row when it was signed; `time_seconds` is what was signed, seconds since 1970. */
export interface HeadDocument {
  number: number;
  hash: string;
  time: string | null;
  time_seconds: number;
  key: string;
  signature: string;
}

/** Calls of those whom the server does not know, from one address in one hour. */
export interface StrangersDocument {
  hour: string | null;
  address: string;
  calls: number;
}

/** The newest rows of the audit log, the newest signed head, and how often strangers called. */
export interface AuditDocument {
  entries: AuditEntryDocument[];
  head: HeadDocument | null;
  strangers: StrangersDocument[];
}

/** Whether the audit log is whole: how many rows and heads were looked at, and in `said` what was found. */
export interface AuditProofDocument {
  whole: boolean;
  rows: number;
  heads: number;
  last_number: number;
  last_signed: number;
  said: Names;
}
