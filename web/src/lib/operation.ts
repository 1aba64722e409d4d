// What the pictures of an operation share: its days, its weeks, and the fan of a forecast.
import type { Band } from '../charts/Course.svelte';
import type { Operation } from './types';

/** Columns of an operation's hours; null where nothing was expected. */
export type Hours = Record<string, (number | null)[]>;

const DAY_MS = 86_400_000;

export const perDay = (operation: Operation): number => Math.round(24 / operation.time.step_hours);
export const dayCount = (operation: Operation): number => Math.ceil(operation.time.steps / perDay(operation));

/** The date of a step by the site's own clock: the offset is left out on purpose. */
export function dateOf(operation: Operation, step: number): Date {
  return new Date(Date.parse(`${operation.time.start.slice(0, 19)}Z`) + step * operation.time.step_hours * 3_600_000);
}
export const dayText = (date: Date): string => date.toISOString().slice(0, 10);
export const hourText = (date: Date): string => date.toISOString().slice(0, 16).replace('T', ' ');
export const shortDay = (date: Date): string => `${date.getUTCMonth() + 1}/${date.getUTCDate()}`;
export const nextDay = (date: Date): Date => new Date(date.getTime() + DAY_MS);

export const known = (values: (number | null)[] | undefined, from: number, to: number): number[] => (values ?? []).slice(from, to).map((value) => value ?? 0);

/** What was expected of the net load when day `day` began, with its band, from the first step of a week on. */
export function fanOf(operation: Operation, hours: Hours, first: number, day: number, end: number): Band | null {
  const size = perDay(operation);
  const begin = first + day * size;
  const mean: number[] = [];
  const low: number[] = [];
  const high: number[] = [];
  for (let lead = 0; lead < operation.fan.low_mw.length && begin + lead < end; lead++) {
    const column = lead < size ? 'net_load_forecast_mw' : lead < 2 * size ? 'net_load_earlier_forecast_mw' : null;
    const value = column ? hours[column]?.[begin + lead] : null;
    if (value === null || value === undefined) break;
    mean.push(value);
    low.push(value + (operation.fan.low_mw[lead] ?? 0));
    high.push(value + (operation.fan.high_mw[lead] ?? 0));
  }
  return mean.length ? { from: day * size, mean, low, high } : null;
}

/** What lies in the steps `from` to `to` of something that happened, counted from `from`. */
export function marksIn(operation: Operation, from: number, to: number): { from: number; to: number }[] {
  return operation.events.filter((event) => event.first < to && event.end > from).map((event) => ({ from: Math.max(event.first, from) - from, to: Math.min(event.end, to) - from }));
}
