/** Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats */

/** One metric; `sampleOf` makes its `samples`. */
export const metric = (name: string, type: 'gauge' | 'counter', help: string, samples: readonly string[]): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
  ...samples.map((sample) => `${name}${sample}`),
];

/** A sample without its metric's name. Label values may be any text. */
export function sampleOf(labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escapeLabel(text)}"`);
  return `${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
