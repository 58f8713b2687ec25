/** Log files of the components. */
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

const LARGEST = 20_000_000;

/** Where a component logs to. A file that has grown large steps aside first; the one before it is dropped. */
export function logFileFor(folder: string, name: string): string {
  const file = path.join(folder, `${name}.log`);
  mkdirSync(folder, { recursive: true });
  if (existsSync(file) && statSync(file).size > LARGEST) renameSync(file, `${file}.1`);
  return file;
}

interface LogLine {
  readonly level?: unknown;
  readonly msg?: unknown;
  readonly err?: { readonly message?: unknown };
}

function parse(line: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const WARN = 40;

/** What of a log line is worth a line on the terminal: warnings, errors, and what is no log line at all. */
export function worthShowing(line: string): string | undefined {
  if (line.trim() === '') return undefined;
  const entry = parse(line);
  if (entry === undefined) return line.trim().slice(0, 300);
  if (typeof entry.level !== 'number' || entry.level < WARN) return undefined;
  const message = typeof entry.msg === 'string' ? entry.msg : '';
  const cause = typeof entry.err?.message === 'string' ? entry.err.message : '';
  const text = message.includes(cause) ? message : `${message}: ${cause}`;
  return text.replaceAll('\n', ' ').slice(0, 300) || line.slice(0, 300);
}
