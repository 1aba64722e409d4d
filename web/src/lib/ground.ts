// Outlines of the land that maps are drawn on: the application fetches them, the report holds them.
export interface Ground {
  prefectures: { name: string; rings: [number, number][][] }[];
  land: [number, number][][];
}

let read: () => Promise<Ground> = () => Promise.reject(new Error('no outlines'));
let kept: Promise<Ground> | undefined;

export function drawFrom(source: () => Promise<Ground>): void {
  read = source;
}
export const ground = (): Promise<Ground> => (kept ??= read());

/** Where the name of a grid area stands on the map, and where its lines end: longitude and latitude. */
export const AREA_PLACES: Record<string, [number, number]> = {
  hokkaido: [142.6, 43.4],
  tohoku: [140.7, 39.3],
  tokyo: [139.5, 36.3],
  chubu: [137.7, 35.5],
  hokuriku: [136.7, 36.5],
  kansai: [135.5, 34.9],
  chugoku: [132.7, 34.8],
  shikoku: [133.4, 33.6],
  kyushu: [131.0, 32.7],
};
