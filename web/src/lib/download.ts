// Downloads: the picture and the figures of a chart, both with heading, unit and source, and texts as they are.
import { wide } from './letters';

export interface Table {
  columns: string[];
  rows: (string | number | null)[][];
}

export function save(name: string, type: string, parts: BlobPart[]): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const cell = (value: string | number | null): string => {
  const text = value === null ? '' : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export function saveCsv(name: string, head: string[], table: Table): void {
  const lines = [...head.map((line) => [`# ${line}`]), table.columns, ...table.rows];
  // The mark at the start tells spreadsheets that the text is UTF-8.
  save(`${name}.csv`, 'text/csv;charset=utf-8', [`\ufeff${lines.map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`]);
}

const COPIED = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'paint-order', 'opacity', 'fill-opacity', 'font-size', 'font-weight', 'text-anchor', 'dominant-baseline'];

/** A name beside its colour. */
export interface Mark {
  label: string;
  colour: string;
}
/** What stands around a picture: lines above it, the names of its colours, and its source below it. */
export interface Frame {
  head: string[];
  legend: Mark[];
  foot: string;
}

const EDGE = 16;
const LEGEND_ROW = 20;
const LEAST_WIDTH = 480;
/** Pixels of a PNG for each of the page's. */
const SHARPNESS = 2;

/** The marks in rows no wider than the picture: each with its place. */
function place(legend: Mark[], width: number): { mark: Mark; x: number; row: number }[] {
  let x = 0;
  let row = 0;
  return legend.map((mark) => {
    const broad = 18 + wide(mark.label) + 16;
    if (x > 0 && x + broad > width) {
      x = 0;
      row += 1;
    }
    const found = { mark, x, row };
    x += broad;
    return found;
  });
}

/** A line in as many rows as its width asks for. */
function fold(line: string, width: number, size: number): string[] {
  const rows = [''];
  for (const word of line.split(/(?<= )|(?<=[\u3000-\u9fff\uff00-\uffef])/)) {
    if (rows.at(-1) && (wide(rows.at(-1) + word) * size) / 13 > width) rows.push('');
    rows[rows.length - 1] += word;
  }
  return rows;
}

/** The picture with what stands around it; a canvas goes in as an image. */
function compose(picture: SVGSVGElement | HTMLCanvasElement, { head, legend, foot }: Frame): SVGSVGElement {
  const box = picture.getBoundingClientRect();
  const space = 'http://www.w3.org/2000/svg';
  const outer = document.createElementNS(space, 'svg');
  const inner = Math.max(box.width, LEAST_WIDTH);
  // The title is the line before the last: what it is about may stand above it.
  const rows = head.flatMap((line, i) => fold(line, inner, i === head.length - 2 ? 15 : 12).map((text) => ({ text, title: i === head.length - 2 })));
  const marks = place(legend, inner);
  const under = 12 + rows.length * 20;
  const top = under + (marks.length ? ((marks.at(-1)?.row ?? 0) + 1) * LEGEND_ROW : 0) + 12;
  const feet = fold(foot, inner, 11);
  const [width, height] = [inner + 2 * EDGE, top + box.height + 12 + feet.length * 16 + EDGE];
  outer.setAttribute('xmlns', space);
  outer.setAttribute('viewBox', `0 0 ${width} ${height}`);
  outer.setAttribute('width', String(width));
  outer.setAttribute('height', String(height));
  outer.setAttribute('font-family', 'system-ui, "Hiragino Sans", "Noto Sans CJK JP", sans-serif');
  const put = (tag: string, attributes: Record<string, string | number>, text = '') => {
    const node = document.createElementNS(space, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
    node.textContent = text;
    outer.append(node);
    return node;
  };
  put('rect', { width: '100%', height: '100%', fill: '#fff' });
  rows.forEach(({ text, title }, i) => put('text', { x: EDGE, y: 28 + i * 20, 'font-size': title ? 15 : 12, 'font-weight': title ? 600 : 400, fill: title ? '#17202b' : '#57626f' }, text));
  for (const { mark, x, row } of marks) {
    put('rect', { x: EDGE + x, y: under + 6 + row * LEGEND_ROW, width: 12, height: 12, rx: 2, fill: mark.colour });
    put('text', { x: EDGE + x + 18, y: under + 16 + row * LEGEND_ROW, 'font-size': 12, fill: '#17202b' }, mark.label);
  }
  if (picture instanceof HTMLCanvasElement) {
    put('image', { x: EDGE, y: top, width: box.width, height: box.height, href: picture.toDataURL() });
  } else {
    const copy = picture.cloneNode(true) as SVGSVGElement;
    const from = [...picture.querySelectorAll('*')];
    [...copy.querySelectorAll('*')].forEach((node, i) => {
      const style = getComputedStyle(from[i]!);
      for (const property of COPIED) {
        const value = style.getPropertyValue(property);
        if (value) node.setAttribute(property, value);
      }
      node.removeAttribute('class');
    });
    copy.setAttribute('x', String(EDGE));
    copy.setAttribute('y', String(top));
    copy.setAttribute('width', String(box.width));
    copy.setAttribute('height', String(box.height));
    outer.append(copy);
  }
  feet.forEach((text, i) => put('text', { x: EDGE, y: top + box.height + 22 + i * 16, 'font-size': 11, fill: '#57626f' }, text));
  return outer;
}

/** The picture as SVG. */
export function saveSvg(name: string, picture: SVGSVGElement | HTMLCanvasElement, frame: Frame): void {
  save(`${name}.svg`, 'image/svg+xml', [new XMLSerializer().serializeToString(compose(picture, frame))]);
}

/** The picture as PNG. */
export function savePng(name: string, picture: SVGSVGElement | HTMLCanvasElement, frame: Frame): void {
  const drawn = compose(picture, frame);
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement('canvas');
    canvas.width = image.width * SHARPNESS;
    canvas.height = image.height * SHARPNESS;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((made) => made && save(`${name}.png`, 'image/png', [made]), 'image/png');
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(drawn))}`;
}
