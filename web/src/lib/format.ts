// Numbers and money as a reader writes them: three significant digits, 億円/兆円 and ¥ bn/tn.
import type { Language, Names } from './types';

export function round(value: number, digits = 3): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  return Number(value.toPrecision(digits));
}

/** A number with `digits` significant digits and thousands separators, never in exponent form. */
export function number(value: number, digits = 3): string {
  const rounded = round(value, digits);
  if (Math.abs(rounded) < 1e-9) return '0';
  const decimals = Math.min(Math.max(digits - 1 - Math.floor(Math.log10(Math.abs(rounded))), 0), 12);
  return grouped(rounded, decimals);
}

export function grouped(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  const [whole = '0', rest] = text.split('.');
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${value < 0 ? '−' : ''}${spaced}${rest ? `.${rest}` : ''}`;
}

/** A number for an input field: every digit that matters, no separators. */
export function plain(value: number): string {
  const text = String(Number(value.toPrecision(10)));
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text;
}

export function percent(share: number, language: Language, decimals = 1): string {
  const value = share * 100;
  const shown = Math.abs(value) >= 99.95 ? grouped(value, 0) : grouped(value, decimals);
  return `${shown}${language === 'ja' ? '' : ' '}%`;
}

/** Money in the reader's unit, from million yen. */
export class Money {
  constructor(
    readonly language: Language,
    readonly currency: 'JPY' | 'USD' = 'JPY',
    readonly yenPerUsd = 1,
  ) {}

  amount(myen: number): string {
    const ja = this.language === 'ja';
    const sign = round(myen) < 0 ? '−' : '';
    const yen = Math.abs(myen) * 1e6;
    if (this.currency === 'USD') {
      const dollars = yen / this.yenPerUsd;
      const steps: [number, string][] = ja ? [[1e8, '億'], [1e4, '万']] : [[1e9, ' bn'], [1e6, ' m']];
      const [size, word] = steps.find(([size]) => round(dollars) >= size) ?? [1, ''];
      return ja ? `${sign}${number(dollars / size)}${word}米ドル` : `${sign}US$${number(dollars / size)}${word}`;
    }
    if (ja) {
      const steps: [number, string][] = [[1e12, '兆円'], [1e8, '億円'], [1e4, '万円']];
      const [size, word] = steps.find(([size]) => round(yen) >= size) ?? [1, '円'];
      return `${sign}${number(yen / size)}${word}`;
    }
    const steps: [number, string][] = [[1e12, ' tn'], [1e9, ' bn'], [1e6, ' m']];
    const [size, word] = steps.find(([size]) => round(yen) >= size) ?? [1, ''];
    return `${sign}¥${number(yen / size)}${word}`;
  }

  /** `amount` with a plus sign where it is one. */
  change(myen: number): string {
    return round(myen) > 0 ? `+${this.amount(myen)}` : this.amount(myen);
  }

  /** A small amount in full: the price of a MWh or a GPU-hour. */
  price(myen: number): string {
    const yen = myen * 1e6;
    if (this.currency === 'USD') {
      const dollars = number(yen / this.yenPerUsd);
      return this.language === 'ja' ? `${dollars}米ドル` : `US$${dollars}`;
    }
    return this.language === 'ja' ? `${number(yen)}円` : `¥${number(yen)}`;
  }

  energyPrice(myenPerMwh: number): string {
    if (this.language === 'en') return `${this.price(myenPerMwh)}/MWh`;
    return this.currency === 'JPY' ? `${this.price(myenPerMwh / 1000)}/kWh` : `${this.price(myenPerMwh)}/MWh`;
  }

  /** The unit of an axis or table whose largest amount is given: its size in million yen, and its name. */
  scale(largestMyen: number): { size: number; unit: string } {
    const ja = this.language === 'ja';
    if (this.currency === 'USD') return { size: this.yenPerUsd, unit: ja ? '百万米ドル' : 'US$ m' };
    if (ja) return Math.abs(largestMyen) >= 1e7 ? { size: 1e6, unit: '兆円' } : { size: 100, unit: '億円' };
    return Math.abs(largestMyen) >= 2000 ? { size: 1000, unit: '¥ bn' } : { size: 1, unit: '¥ m' };
  }
}

/** A sentence whose numbers keep their units on the same line. */
export const glue = (text: string): string => text.replace(/(\d) (?=[MGk]Wh?\b)/g, '$1\u00a0');

export const pick = (names: Names | undefined | null, language: Language): string => names?.[language] ?? '';

/** A moment that the server wrote, in the reader's own time zone. */
export const when = (moment: string | null, language: Language): string =>
  moment ? new Date(moment).toLocaleString(language === 'ja' ? 'ja-JP' : 'en-GB', { dateStyle: 'medium', timeStyle: 'short' }) : '';
