// What is printed is drawn anew for the width of an A4 sheet: a chart of the screen would be cut or shrunk.
import { flushSync } from 'svelte';

/** Width of the text of an A4 sheet between margins of 14 mm, in pixels of 1/96 inch. */
const SHEET = 688;
const paper = $state({ printing: false });

if (typeof window !== 'undefined') {
  const print = (printing: boolean) => () => {
    paper.printing = printing;
    flushSync();
  };
  addEventListener('beforeprint', print(true));
  addEventListener('afterprint', print(false));
}

/** The width to draw in: that of the page, or that of the sheet while it is printed. */
export const drawn = (measured: number, most = SHEET): number => (paper.printing ? most : measured);
