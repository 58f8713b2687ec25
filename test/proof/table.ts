import { print } from './print.js';

/** Prints a proof's findings for people: a table, its columns as wide as they must be. */
export function printTable(title: string, rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `  ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`);
  print(`\n${title}\n${lines.map((line) => line.trimEnd()).join('\n')}\n`);
}
