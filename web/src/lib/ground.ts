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

/** Where a box with an area's price stands: apart from each other, so that lines and arrows between them can be seen. */
export const MARKET_PLACES: Record<string, [number, number]> = {
  hokkaido: [142.9, 43.3],
  tohoku: [140.8, 39.3],
  tokyo: [141.3, 35.9],
  chubu: [138.2, 34.7],
  hokuriku: [136.6, 37.4],
  kansai: [135.2, 34.7],
  chugoku: [132.3, 35.5],
  shikoku: [133.5, 33.0],
  kyushu: [130.8, 32.4],
  okinawa: [127.9, 26.45],
};

/** Prefectures of the grid areas, by their names on the map; Shizuoka and Fukui, which two areas share, count as one. */
export const AREA_PREFECTURES: Record<string, string[]> = {
  hokkaido: ['Hokkaido'],
  tohoku: ['Aomori', 'Iwate', 'Miyagi', 'Akita', 'Yamagata', 'Fukushima', 'Niigata'],
  tokyo: ['Ibaraki', 'Tochigi', 'Gunma', 'Saitama', 'Chiba', 'Tokyo', 'Kanagawa', 'Yamanashi'],
  chubu: ['Nagano', 'Gifu', 'Shizuoka', 'Aichi', 'Mie'],
  hokuriku: ['Toyama', 'Ishikawa', 'Fukui'],
  kansai: ['Shiga', 'Kyoto', 'Osaka', 'Hyōgo', 'Nara', 'Wakayama'],
  chugoku: ['Tottori', 'Shimane', 'Okayama', 'Hiroshima', 'Yamaguchi'],
  shikoku: ['Tokushima', 'Kagawa', 'Ehime', 'Kochi'],
  kyushu: ['Fukuoka', 'Saga', 'Nagasaki', 'Kumamoto', 'Oita', 'Miyazaki', 'Kagoshima'],
  okinawa: ['Okinawa'],
};
