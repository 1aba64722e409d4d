// Made by scripts/make-types.mjs from the JSON Schema of a scenario; do not edit.

/**
 * Everything that one plan depends on.
 *
 * A key with `_myen` may be written with `_usd` instead and given in US dollars, as in
 * `price_usd_per_mwh = 80`.
 */
export interface Scenario {
  /**
   * Title of the study.
   */
  name: string;
  /**
   * What it is about.
   */
  description?: string;
  /**
   * Label of weather years that have none of their own; money is at the constant prices of the catalogue.
   */
  base_year?: number;
  /**
   * Seed of everything that is drawn at random.
   */
  seed?: number;
  site: Site;
  time?: Time;
  weather?: Weather;
  load?: Load;
  /**
   * Further compute, served as far as its price pays for it.
   */
  tranche?: Tranche[];
  cooling?: Cooling;
  /**
   * Supply options by name; a name that the catalogue does not know needs its availability and cost.
   */
  supply?: {
    [k: string]: Supply;
  };
  battery?: Battery;
  grid?: Grid;
  backup?: Backup;
  /**
   * Efficiency measures to choose from.
   */
  measure?: Measure[];
  target?: Target;
  finance?: Finance;
  policy?: Policy;
  money?: Money;
  /**
   * Catalogue values to replace, by their id (`kiban sources` lists them).
   */
  assumptions?: {
    [k: string]: number;
  };
}
/**
 * The place: a site of the catalogue by `id`, or coordinates of your own.
 */
export interface Site {
  /**
   * A site of the catalogue (`kiban sites` lists them); the other keys override its values.
   */
  id?: string | null;
  /**
   * Name for reports.
   */
  name?: string | null;
  /**
   * Latitude, north positive, degrees.
   */
  latitude_deg?: number | null;
  /**
   * Longitude, east positive, degrees.
   */
  longitude_deg?: number | null;
  /**
   * Elevation above sea level, m.
   */
  elevation_m?: number | null;
  /**
   * Grid area whose prices and emission factor hold (hokkaido, tohoku, tokyo, ...).
   */
  area?: string | null;
  /**
   * Standard time of the site, hours ahead of UTC; Japan is 9.
   */
  utc_offset_hours?: number | null;
}
/**
 * The horizon: whole weather years, or a window that stands for the whole year.
 */
export interface Time {
  /**
   * Length of a step, hours: 1 or 0.5.
   */
  step_hours?: number;
  /**
   * First hour of the window within the weather year.
   */
  first_hour?: number;
  /**
   * Length of the window, hours; absent means every hour of every weather year.
   */
  hours?: number | null;
}
/**
 * The weather year or years.
 */
export interface Weather {
  /**
   * `typical` (embedded, Japan), a file format, an online service, or `none` where every series is given.
   */
  source?: 'typical' | 'epw' | 'tmy3' | 'jma' | 'nasa-power' | 'pvgis' | 'open-meteo' | 'none';
  /**
   * Weather files, relative to the scenario file; `pvlib:NAME` takes a file that pvlib ships.
   */
  files?: string[];
  /**
   * Calendar years to use from files or services that hold several; the label of a TMY3 or EPW year.
   */
  years?: number[];
  /**
   * Fill gaps of at most this many hours by interpolation; 0 refuses every gap.
   */
  fill_gaps_hours?: number;
  /**
   * Height of the anemometer of `jma` files, or of a wind series of your own, m.
   */
  wind_height_m?: number | null;
  /**
   * Replace the dry-bulb temperature by this, degrees Celsius.
   */
  temperature_c?: number | SeriesReference | null;
  /**
   * Replace the wind speed by this, m/s at `wind_height_m` (or at the height of the source).
   */
  wind_speed_m_s?: number | SeriesReference | null;
}
/**
 * A named column of a CSV or Parquet file with one row per step of the horizon (or of its weather years).
 */
export interface SeriesReference {
  /**
   * Path of the file, relative to the scenario file.
   */
  file: string;
  /**
   * Name of the column.
   */
  column: string;
  /**
   * Factor that brings the column to the key's unit.
   */
  scale?: number;
}
/**
 * IT load: firm inference with a daily shape and deferrable training.
 */
export interface Load {
  /**
   * IT load, MW: its yearly peak as a number (the daily shape is added), or the whole load as a series.
   */
  it_load_mw?: number | SeriesReference;
  /**
   * Share of the IT load that may wait (training, batch); of a series, the same share in every step.
   */
  deferrable_share?: number;
  /**
   * Longest wait of deferrable compute, hours.
   */
  max_delay_hours?: number;
  /**
   * Daily shape of the firm load where `it_load_mw` is a number.
   */
  firm_shape?: 'inference' | 'flat';
  /**
   * Arrivals of deferrable compute as a number or series, MW of IT; replaces `deferrable_share`.
   */
  deferrable_mw?: number | SeriesReference | null;
  /**
   * Price of compute that is not served, million yen per MWh of IT; absent means that all must be served.
   */
  unserved_price_myen_per_mwh?: number | null;
  /**
   * IT capacity that must be built, MW; absent means the peak of the load as it arrives, and 0 lets
   * deferral save servers.
   */
  min_it_capacity_mw?: number | null;
  /**
   * Upper limit of IT capacity, MW; absent means none.
   */
  max_it_capacity_mw?: number | null;
  /**
   * Accelerator of the catalogue whose cost is part of IT capacity; `none` leaves chips out.
   */
  chip?: string;
  /**
   * Yearly cost of IT capacity (building, equipment, chips) instead of the catalogue's, million yen per MW.
   */
  it_annual_cost_myen_per_mw?: number | null;
}
/**
 * Compute beyond the load that is served only as far as its price pays for it.
 */
export interface Tranche {
  /**
   * Short name, letters, digits and _.
   */
  name: string;
  /**
   * Most IT load that it offers, MW; or give its GPU-hours or its tokens.
   */
  it_load_mw?: number | null;
  /**
   * Most GPU-hours a year that it offers; the load's chip turns them into MW.
   */
  gpu_hours_per_year?: number | null;
  /**
   * Most output tokens a year that it offers; precision, sparsity and the catalogue turn them into MW.
   */
  tokens_per_year?: number | null;
  /**
   * Number format of inference where `tokens_per_year` is given: quantisation is a lever of demand.
   */
  precision?: 'fp16' | 'fp8' | 'int4' | 'fp4';
  /**
   * Structured sparsity of the model where `tokens_per_year` is given.
   */
  sparsity?: 'none' | 'two_of_four';
  /**
   * Energy of the accelerators per output token instead of the catalogue's, J.
   */
  energy_j_per_token?: number | null;
  /**
   * What its buyer pays (or what it costs abroad), million yen per MWh of IT.
   */
  price_myen_per_mwh?: number | null;
  /**
   * The same per GPU-hour; write `price_usd_per_gpu_hour` for US dollars.
   */
  price_myen_per_gpu_hour?: number | null;
  /**
   * Longest wait, hours; 0 is served at once.
   */
  max_delay_hours?: number;
  /**
   * Shape of its load: flat, the daily shape of inference, or that of the scenario's whole load.
   */
  shape?: 'flat' | 'inference' | 'load';
  /**
   * Longest round trip to its users, ms; used where sites are chosen.
   */
  max_round_trip_ms?: number | null;
  /**
   * Whether it is served whatever it pays.
   */
  must_serve?: boolean;
}
/**
 * The cooling system and its hourly PUE and WUE.
 */
export interface Cooling {
  /**
   * `auto` solves every candidate and keeps the cheapest.
   */
  system?: 'auto' | 'air_economiser' | 'chilled_water' | 'direct_liquid' | 'immersion';
  /**
   * Systems that `auto` may choose from.
   */
  candidates?: ('air_economiser' | 'chilled_water' | 'direct_liquid' | 'immersion')[];
  /**
   * Supply temperature of air or liquid instead of the catalogue's, degrees Celsius.
   */
  supply_temperature_c?: number | null;
  /**
   * Power usage effectiveness instead of the physical model's.
   */
  pue?: number | SeriesReference | null;
  /**
   * Water usage effectiveness instead of the physical model's, litres per kWh of IT.
   */
  wue_l_per_kwh?: number | SeriesReference | null;
}
/**
 * A supply option; every key that is absent takes the catalogue's value for the technology and site.
 */
export interface Supply {
  /**
   * `false` leaves the option out.
   */
  enabled?: boolean;
  /**
   * Capacity that must be built, MW.
   */
  min_mw?: number;
  /**
   * Limit of capacity at the site, MW.
   */
  max_mw?: number | null;
  /**
   * Output per MW of capacity, instead of the physical model's.
   */
  availability?: number | SeriesReference | null;
  /**
   * Yearly cost per MW, instead of capital cost, life and fixed O&M.
   */
  annual_cost_myen_per_mw?: number | null;
  /**
   * Capital cost, million yen per MW.
   */
  capex_myen_per_mw?: number | null;
  /**
   * Fixed operation and maintenance, million yen per MW and year.
   */
  fixed_om_myen_per_mw_year?: number | null;
  /**
   * Economic life, years.
   */
  life_years?: number | null;
  /**
   * Fuel and other cost of each MWh, million yen.
   */
  variable_cost_myen_per_mwh?: number | SeriesReference;
  /**
   * Carbon dioxide per MWh of output, t.
   */
  emission_t_per_mwh?: number;
  /**
   * Whether the output counts as clean in the hourly target.
   */
  clean?: boolean;
  /**
   * Share of the capacity that counts as firm for adequacy.
   */
  firm_share?: number | null;
  /**
   * PV only: fixed tilt or single-axis tracking.
   */
  mount?: ('fixed' | 'single_axis') | null;
  /**
   * PV only: tilt of a fixed mount, degrees; absent takes the catalogue's.
   */
  tilt_deg?: number | null;
  /**
   * PV only: direction that the modules face, degrees clockwise from north.
   */
  azimuth_deg?: number | null;
  /**
   * Wind only: long-term mean wind speed at 100 m to which the hourly speeds are scaled.
   */
  mean_speed_m_s?: number | null;
  /**
   * National studies only: years from the decision to operation; before that year it cannot be built.
   */
  lead_time_years?: number | null;
}
/**
 * Battery storage; power and energy are sized separately.
 */
export interface Battery {
  /**
   * `false` leaves the battery out.
   */
  enabled?: boolean;
  /**
   * Power that must be built, MW.
   */
  min_power_mw?: number;
  /**
   * Limit of power, MW.
   */
  max_power_mw?: number | null;
  /**
   * Energy capacity that must be built, MWh.
   */
  min_energy_mwh?: number;
  /**
   * Limit of energy capacity, MWh.
   */
  max_energy_mwh?: number | null;
  /**
   * Least ratio of energy to power, hours.
   */
  min_hours?: number | null;
  /**
   * Greatest ratio of energy to power, hours.
   */
  max_hours?: number | null;
  /**
   * Yearly cost of power, instead of the catalogue's capital cost, life and O&M.
   */
  annual_cost_myen_per_mw?: number | null;
  /**
   * Yearly cost of energy capacity, instead of the catalogue's.
   */
  annual_cost_myen_per_mwh?: number | null;
  /**
   * Capital cost of power conversion, million yen per MW.
   */
  power_capex_myen_per_mw?: number | null;
  /**
   * Capital cost of cells, million yen per MWh.
   */
  energy_capex_myen_per_mwh?: number | null;
  /**
   * Economic life, years.
   */
  life_years?: number | null;
  /**
   * Energy out over energy in; half of the loss falls on charging.
   */
  round_trip_efficiency?: number | null;
  /**
   * Share of the stored energy lost in an hour.
   */
  self_discharge_per_hour?: number | null;
  /**
   * Whether each weather year ends with the state of charge with which it began.
   */
  cyclic?: boolean;
  /**
   * State of charge before the first step where not cyclic, share of the energy capacity.
   */
  initial_share?: number;
}
/**
 * The grid connection, what its energy costs, and how clean it is.
 */
export interface Grid {
  /**
   * `false` plans an island.
   */
  enabled?: boolean;
  /**
   * Connection that must be built, MW.
   */
  min_mw?: number;
  /**
   * Limit of the connection, MW.
   */
  max_mw?: number | null;
  /**
   * Limit of feed-in, MW; 0 means none.
   */
  max_export_mw?: number;
  /**
   * Wholesale price; absent takes the area's published profile of the newest complete fiscal year.
   */
  price_myen_per_mwh?: number | SeriesReference | JepxPrices | null;
  /**
   * Network charge, levies and margin on each MWh drawn, instead of the catalogue's.
   */
  energy_charge_myen_per_mwh?: number | null;
  /**
   * Price of each MWh fed in; absent means the wholesale price less the generator's charge.
   */
  export_price_myen_per_mwh?: number | SeriesReference | null;
  /**
   * Carbon dioxide per MWh drawn; absent takes the area's, shaped by its solar hours.
   */
  emission_factor_t_per_mwh?: number | SeriesReference | null;
  /**
   * Clean share of grid energy; absent takes the area's, shaped by its solar hours.
   */
  clean_share?: number | SeriesReference | null;
  /**
   * Yearly cost of the connection (works and demand charge), instead of the catalogue's.
   */
  annual_cost_myen_per_mw?: number | null;
  /**
   * Cost of strengthening the network behind the connection, million yen per MW of connection.
   */
  reinforcement_myen_per_mw?: number;
  /**
   * Who bears the reinforcement: the developer, all ratepayers through network charges, or both.
   */
  reinforcement_rule?: 'developer' | 'ratepayers' | 'shared';
  /**
   * The developer's part under the rule `shared`.
   */
  reinforcement_developer_share?: number;
}
/**
 * Prices from the `spot_summary` files of the Japan Electric Power Exchange.
 */
export interface JepxPrices {
  /**
   * One file for each fiscal year that the weather years touch.
   */
  jepx_files: string[];
  /**
   * Price area; absent takes the site's.
   */
  area?: string | null;
}
/**
 * Backup generation for hours of need and for adequacy.
 */
export interface Backup {
  /**
   * Kind of generator; `none` leaves backup out.
   */
  technology?: 'diesel' | 'gas_engine' | 'none';
  /**
   * Capacity that must be built, MW.
   */
  min_mw?: number;
  /**
   * Limit of capacity, MW.
   */
  max_mw?: number | null;
  /**
   * Share of the peak firm load that backup and firm supply must cover (above 1: redundancy).
   */
  critical_share?: number;
  /**
   * Yearly cost, instead of the catalogue's capital cost, life and O&M.
   */
  annual_cost_myen_per_mw?: number | null;
  /**
   * Fuel per MWh of output.
   */
  fuel_cost_myen_per_mwh?: number | SeriesReference | null;
  /**
   * Carbon dioxide per MWh of output, t.
   */
  emission_factor_t_per_mwh?: number | null;
}
/**
 * An efficiency measure that is either taken or not.
 */
export interface Measure {
  /**
   * Short name.
   */
  id: string;
  /**
   * Yearly cost of the measure, million yen.
   */
  annual_cost_myen?: number | null;
  /**
   * Capital cost, million yen; needs `life_years`.
   */
  capex_myen?: number | null;
  /**
   * Economic life, years.
   */
  life_years?: number | null;
  /**
   * Share of the electric load of firm compute that it saves.
   */
  saving_share?: number | null;
  /**
   * Electric load that it saves, MW.
   */
  saving_mw?: number | SeriesReference | null;
  /**
   * At most one measure of a group is taken.
   */
  group?: string | null;
}
/**
 * What the design must reach.
 */
export interface Target {
  /**
   * Least share of the yearly load that is matched hour by hour with clean energy.
   */
  clean_share?: number | null;
  /**
   * Price on each tonne of carbon dioxide, million yen.
   */
  carbon_price_myen_per_t?: number;
  /**
   * Most carbon dioxide a year, t.
   */
  carbon_cap_t_per_year?: number | null;
  /**
   * Most water for cooling a year, m3.
   */
  water_cap_m3_per_year?: number | null;
}
/**
 * How capital is turned into yearly cost.
 */
export interface Finance {
  /**
   * Real weighted cost of capital before tax; absent takes the catalogue's.
   */
  discount_rate?: number | null;
  /**
   * Which country's costs the catalogue gives.
   */
  cost_set?: 'japan' | 'united-states';
}
/**
 * The law and the support under which the design pays its way; without packages, costs are before tax.
 */
export interface Policy {
  /**
   * Policy packages, by name or file; together they are one package.
   */
  packages?: string[];
  /**
   * Calendar year in which the campus is built and its first assets are bought.
   */
  start_year?: number;
}
/**
 * The currency of reports; all calculation is in million yen.
 */
export interface Money {
  /**
   * Currency of reports.
   */
  currency?: 'JPY' | 'USD';
  /**
   * Exchange rate; absent takes the catalogue's.
   */
  yen_per_usd?: number | null;
}
