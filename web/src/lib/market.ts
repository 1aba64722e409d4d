// What the pictures of the market share: its areas, its sources, and the hours of some days.
import type { MarketDays } from './types';

/** The areas of the market and Okinawa, which is joined to none of them. */
export const ISLAND = 'okinawa';
export const ALL = 'all';
export type Side = 'before' | 'after';

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Columns of an area, or the sum over all of them. */
export function columnOf(columns: readonly (readonly number[])[], areas: readonly string[], area: string): number[] {
  if (area !== ALL) return [...(columns[areas.indexOf(area)] ?? [])];
  return (columns[0] ?? []).map((_, hour) => sum(columns.map((column) => column[hour] ?? 0)));
}

/** Demand with the load, by hour, of an area or all of them. */
export function demandOf(days: MarketDays, area: string, side: Side): number[] {
  const load = side === 'before' ? 0 : area === ALL ? sum(days.load_mw) : (days.load_mw[days.areas.indexOf(area)] ?? 0);
  return columnOf(days.demand_mw, days.areas, area).map((value) => value + load);
}

/** Prices of an area, or of all weighted by their demand. */
export function priceOf(days: MarketDays, area: string, side: Side): number[] {
  const prices = days[side].price_yen_per_kwh;
  if (area !== ALL) return columnOf(prices, days.areas, area);
  return (prices[0] ?? []).map((_, hour) => {
    const weights = days.demand_mw.map((column) => column[hour] ?? 0);
    return sum(prices.map((column, i) => (column[hour] ?? 0) * weights[i]!)) / (sum(weights) || 1);
  });
}

/** What flows into an area over its ties, by hour; nothing into all of them together. */
export function inflowOf(days: MarketDays, area: string, side: Side): number[] {
  const count = days.hours;
  const found = new Array<number>(count).fill(0);
  days.ties.forEach((tie, i) => {
    const sign = tie.to_area === area ? 1 : tie.from_area === area ? -1 : 0;
    if (sign) days[side].flow_mw[i]!.forEach((flow, hour) => (found[hour] = found[hour]! + sign * flow));
  });
  return found;
}

/** The moment of an hour by Japan's clock. */
export const momentOf = (days: MarketDays, hour: number): Date => new Date(Date.parse(`${days.start}Z`) + hour * 3_600_000);
