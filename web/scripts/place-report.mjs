// Puts the one-file page where `kiban report` finds it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const built = new URL('../build-report/', import.meta.url);
const place = new URL('../../src/kiban/report/template/', import.meta.url);
const page = readFileSync(new URL('report.html', built), 'utf8');
const mark = '<script type="application/json" id="kiban-view">null</script>';
if (page.split(mark).length !== 2) throw new Error('the page has no single place for its data');
mkdirSync(place, { recursive: true });
writeFileSync(new URL('report.html', place), page);
rmSync(built, { recursive: true });
console.log(`report.html: ${Math.round(page.length / 1000)} kB`);
