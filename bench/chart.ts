/** Two plain charts as SVG, legible on a light and on a dark page. */

const COLOURS = ['#4269d0', '#efb118', '#3ca951', '#ff725c', '#a463f2'];
const FONT = 'font-family="system-ui, sans-serif" font-size="13"';
const INK = '#57606a';

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const label = (x: number, y: number, text: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="${INK}" ${more}>${escape(text)}</text>`;

function page(width: number, height: number, title: string, body: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${FONT} role="img" aria-label="${escape(title)}">`;
  return [head, label(10, 22, title, 'font-size="15" font-weight="600"'), ...body, '</svg>', ''].join('\n');
}

const legend = (names: readonly string[]): string[] =>
  names.flatMap((name, at) => [
    `<rect x="${10 + at * 150}" y="34" width="12" height="12" fill="${COLOURS[at] ?? INK}"/>`,
    label(28 + at * 150, 45, name),
  ]);

export interface Bar {
  readonly name: string;
  readonly parts: readonly number[];
}

/** Lying bars, each the sum of its parts. */
export function barChart(title: string, parts: readonly string[], bars: readonly Bar[]): string {
  const [left, width, each, top] = [180, 760, 30, 60];
  const sums = bars.map((bar) => bar.parts.reduce((sum, part) => sum + part, 0));
  const scale = (width - left - 70) / Math.max(...sums);
  const body = bars.flatMap((bar, at) => {
    const y = top + at * each;
    let x = left;
    const rects = bar.parts.map((part, index) => {
      const rect = `<rect x="${x.toFixed(1)}" y="${y}" width="${(part * scale).toFixed(1)}" height="20" fill="${COLOURS[index] ?? INK}"/>`;
      x += part * scale;
      return rect;
    });
    return [
      label(left - 8, y + 15, bar.name, 'text-anchor="end"'),
      ...rects,
      label(x + 6, y + 15, (sums[at] ?? 0).toFixed(1)),
    ];
  });
  return page(width, top + bars.length * each + 10, title, [...legend(parts), ...body]);
}

export interface Line {
  readonly name: string;
  readonly points: readonly number[];
}

/** The steps on the x axis are equally far apart. */
export function lineChart(title: string, steps: readonly number[], lines: readonly Line[]): string {
  const [left, right, top, bottom, width, height] = [50, 30, 70, 40, 760, 320];
  const most = Math.max(...lines.flatMap(({ points }) => points)) * 1.1;
  const x = (at: number): number => left + (at * (width - left - right)) / Math.max(1, steps.length - 1);
  const y = (value: number): number => height - bottom - (value / most) * (height - top - bottom);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * most);
  const grid = ticks.flatMap((value) => [
    `<line x1="${left}" x2="${width - right}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="${INK}" stroke-opacity="0.25"/>`,
    label(left - 8, y(value) + 4, value.toFixed(0), 'text-anchor="end"'),
  ]);
  const axis = steps.map((step, at) => label(x(at), height - bottom + 20, String(step), 'text-anchor="middle"'));
  const drawn = lines.flatMap(({ points }, index) => {
    const path = points.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    return [
      `<polyline points="${path}" fill="none" stroke="${COLOURS[index] ?? INK}" stroke-width="2.5"/>`,
      ...points.map(
        (value, at) =>
          `<circle cx="${x(at).toFixed(1)}" cy="${y(value).toFixed(1)}" r="4" fill="${COLOURS[index] ?? INK}"/>`,
      ),
    ];
  });
  return page(width, height, title, [...legend(lines.map(({ name }) => name)), ...grid, ...axis, ...drawn]);
}
