// Downloads: the picture and the figures of a chart, both with heading, unit and source, and texts as they are.
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

/** The picture with its title, unit and source; a canvas goes in as an image. */
export function saveSvg(name: string, picture: SVGSVGElement | HTMLCanvasElement, head: string[], foot: string): void {
  const box = picture.getBoundingClientRect();
  const space = 'http://www.w3.org/2000/svg';
  const outer = document.createElementNS(space, 'svg');
  const top = 24 + head.length * 20;
  outer.setAttribute('xmlns', space);
  outer.setAttribute('viewBox', `0 0 ${box.width + 32} ${box.height + top + 40}`);
  outer.setAttribute('width', String(box.width + 32));
  outer.setAttribute('height', String(box.height + top + 40));
  outer.setAttribute('font-family', 'system-ui, "Hiragino Sans", "Noto Sans CJK JP", sans-serif');
  const put = (tag: string, attributes: Record<string, string | number>, text = '') => {
    const node = document.createElementNS(space, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
    node.textContent = text;
    outer.append(node);
    return node;
  };
  put('rect', { width: '100%', height: '100%', fill: '#fff' });
  head.forEach((line, i) => put('text', { x: 16, y: 28 + i * 20, 'font-size': i ? 12 : 15, 'font-weight': i ? 400 : 600, fill: i ? '#57626f' : '#17202b' }, line));
  if (picture instanceof HTMLCanvasElement) {
    put('image', { x: 16, y: top, width: box.width, height: box.height, href: picture.toDataURL() });
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
    copy.setAttribute('x', '16');
    copy.setAttribute('y', String(top));
    copy.setAttribute('width', String(box.width));
    copy.setAttribute('height', String(box.height));
    outer.append(copy);
  }
  put('text', { x: 16, y: box.height + top + 26, 'font-size': 11, fill: '#57626f' }, foot);
  save(`${name}.svg`, 'image/svg+xml', [new XMLSerializer().serializeToString(outer)]);
}
