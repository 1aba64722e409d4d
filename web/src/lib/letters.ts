// How wide letters are, so that names in charts are neither cut at the edge nor given more room than they need.

/** Width in pixels of a text of 13 px: signs of Chinese and Japanese are square. */
export const wide = (text: string): number => [...text].reduce((sum, sign) => sum + (sign > '\u2e80' ? 13.5 : 'mwMW%@'.includes(sign) ? 11 : /[A-Z0-9→+−]/.test(sign) ? 8.8 : 7.4), 0);

/** The text, or as much of its beginning as `room` pixels hold. */
export function fit(text: string, room: number): string {
  if (wide(text) <= room) return text;
  let kept = '';
  for (const sign of text) {
    if (wide(`${kept}${sign}…`) > room) break;
    kept += sign;
  }
  return `${kept.trimEnd()}…`;
}

/** Room for names left of a chart: what the longest needs, and at most two fifths of the chart. */
export const roomFor = (labels: string[], width: number): number => Math.min(Math.max(...labels.map(wide), 40) + 14, width * 0.42);
