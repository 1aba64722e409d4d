// Writes src/lib/scenario.d.ts from the scenario's JSON Schema, which `kiban schema` prints on the given command.
// Usage: kiban schema > schema.json && node scripts/make-types.mjs schema.json
import { readFileSync, writeFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';

const [path] = process.argv.slice(2);
if (!path) throw new Error('give the file that `kiban schema` wrote');
const schema = JSON.parse(readFileSync(path, 'utf8'));
// Titles that pydantic makes from field names would each become a type of its own.
const untitled = (node, inside) => {
  if (Array.isArray(node)) return node.map((item) => untitled(item, inside));
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => !(key === 'title' && inside && typeof value === 'string'))
      .map(([key, value]) => [key, untitled(value, key !== '$defs' || inside)]),
  );
};
const defs = Object.fromEntries(
  Object.entries(schema.$defs ?? {}).map(([name, node]) => [name, { ...untitled(node, true), title: name }]),
);
const source = await compile({ ...untitled({ ...schema, $defs: {} }, true), $defs: defs, title: 'Scenario' }, 'Scenario', {
  bannerComment: '// Made by scripts/make-types.mjs from the JSON Schema of a scenario; do not edit.',
  additionalProperties: false,
  style: { singleQuote: true, printWidth: 110 },
});
writeFileSync(new URL('../src/lib/scenario.d.ts', import.meta.url), source);
console.log(`${source.split('\n').length} lines of types`);
