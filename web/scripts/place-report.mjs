// Puts the one-file page, and the outlines that it draws maps with, where `kiban report` finds them.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const built = new URL('../build-report/', import.meta.url);
const place = new URL('../../src/kiban/report/template/', import.meta.url);
const page = readFileSync(new URL('report.html', built), 'utf8');
const mark = '<script type="application/json" id="kiban-view">null</script>';
if (page.split(mark).length !== 2) throw new Error('the page has no single place for its data');
mkdirSync(place, { recursive: true });
writeFileSync(new URL('report.html', place), page);
copyFileSync(new URL('../src/data/japan.json', import.meta.url), new URL('japan.json', place));
rmSync(built, { recursive: true });
console.log(`report.html: ${Math.round(page.length / 1000)} kB`);
