// Colours of what is drawn; they differ in brightness too, so that they can be told without colour.
export const ACCENT = '#0f5c73';
export const COLOURS: Record<string, string> = {
  geothermal: '#a8503c',
  hydro: '#2f6fb3',
  wind: '#4fae91',
  wind_onshore: '#4fae91',
  wind_offshore_fixed: '#2f8f78',
  wind_offshore_floating: '#1f6f5f',
  pv: '#f2c230',
  import: '#9aa3ad',
  interconnection: '#9aa3ad',
  backup: '#4b4453',
  battery: '#8d6cc9',
  discharge: '#8d6cc9',
  inflow: '#9aa3ad',
  other: '#c9c3b4',
  compute: '#0f5c73',
  supply: '#4fae91',
  storage: '#8d6cc9',
  grid: '#9aa3ad',
  environment: '#a8503c',
  measures: '#6b8fb3',
  unserved: '#c2410c',
  nuclear: '#6f8f3f',
  biomass: '#7a5c3e',
  solar: '#f2c230',
  coal: '#3d3f45',
  gas: '#d08b5b',
  oil: '#7b3f2a',
  least: '#77706a',
  last: '#b5482f',
  pumped: '#8d6cc9',
};
const STORED = ['#b08fe0', '#6f4fb0', '#c9b2ee'];
export const colourOf = (name: string): string =>
  COLOURS[name] ?? (name.startsWith('storage_') ? STORED[[...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % STORED.length]! : COLOURS.other!);
/** From pale to the accent, for heat maps and the map of Japan. */
export function shade(share: number): string {
  const stops = [[244, 246, 247], [186, 214, 219], [96, 158, 172], [15, 92, 115]] as const;
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  const mix = stops[low]!.map((value, i) => Math.round(value + (stops[low + 1]![i]! - value) * (at - low)));
  return `rgb(${mix.join(',')})`;
}
