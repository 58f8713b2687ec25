/** Log files of the components: one JSON object a line, bounded in size while they are written. */
import { chmodSync, closeSync, copyFileSync, existsSync, fstatSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { statSync, truncateSync, writeSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { codeOf } from '../../platform/reason.js';

const LARGEST = 10_000_000;
/** The log files of each component: `api.log`, and `api.log.1` to `api.log.4`, the newest first. */
const OLDER = 4;
const LOOK_EVERY_MS = 2_000;

export interface LogOptions {
  /** The most bytes of one file. */
  readonly largest?: number;
  /** The number of older files that are kept. */
  readonly older?: number;
}

/** The log file of a component; only this user may read it. */
export function logFileFor(folder: string, name: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return path.join(folder, `${name}.log`);
}

/** Makes room for a new file: each older file moves back by one, and the oldest is dropped. */
function stepBack(file: string, older: number): void {
  for (let number = older - 1; number >= 1; number--) {
    if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`);
  }
}

export interface LogFile {
  /** Writes a line. A line that cannot be written, because the disk is full, is counted; the count is logged later. */
  write(line: string): void;
  close(): void;
}

/** Opens a log that rotates by itself. Its lines are in the file as soon as `write` returns. */
export function openLog(file: string, { largest = LARGEST, older = OLDER }: LogOptions = {}): LogFile {
  let descriptor = openSync(file, 'a', 0o600);
  let size = fstatSync(descriptor).size;
  let lost = 0;
  let lostBecause = '';

  function rotate(): void {
    stepBack(file, older);
    renameSync(file, `${file}.1`);
    closeSync(descriptor);
    descriptor = openSync(file, 'a', 0o600);
    size = 0;
  }

  function append(line: string): void {
    if (size > 0 && size + line.length > largest) rotate();
    size += writeSync(descriptor, `${line}\n`);
  }

  return {
    write: (line) => {
      try {
        if (lost > 0) append(lineOf('log', `${lost} log lines are lost (${lostBecause})`, WARN));
        lost = 0;
        append(line);
      } catch (error) {
        lost += 1;
        lostBecause = codeOf(error) ?? 'unknown';
      }
    },
    close: () => closeSync(descriptor),
  };
}

/**
 * Bounds a log that another process writes by itself, opened for appending: it is copied aside, then emptied. Lines
 * written between the two are lost. Returns the function that stops it.
 */
export function keepShort(file: string, { largest = LARGEST, older = OLDER }: LogOptions = {}): () => void {
  const look = (): void => {
    try {
      if (statSync(file).size <= largest) return;
      stepBack(file, older);
      copyFileSync(file, `${file}.1`);
      chmodSync(`${file}.1`, 0o600);
      truncateSync(file, 0);
    } catch {
      // No disk space, or no file yet: the next look tries again.
    }
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Reads both outputs of a child line by line until both have ended. */
export function readLines(child: ChildProcess, onLine: (line: string) => void, onEnd: () => void): void {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  let open = streams.length;
  for (const input of streams) {
    const lines = createInterface({ input });
    lines.on('line', onLine);
    lines.on('close', () => {
      open -= 1;
      if (open === 0) onEnd();
    });
  }
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

const INFO = 30;
const WARN = 40;

const lineOf = (component: string, msg: string, level: number): string =>
  JSON.stringify({ level, time: Date.now(), component, msg });

/** The line itself if it is JSON; other lines, such as a warning of Node's own, become the message of a JSON line. */
export function asJson(component: string, line: string): string | undefined {
  if (line.trim() === '') return undefined;
  return parse(line) === undefined ? lineOf(component, line, WARN) : line;
}

const POSTGRES_LEVELS: Readonly<Record<string, number>> = { WARNING: WARN, ERROR: 50, FATAL: 60, PANIC: 60 };

/** `2026-11-28 12:13:06.224 UTC [12151] LOG:  starting PostgreSQL 18.4` */
const POSTGRES_LINE =
  /^(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) UTC \[(?<pid>\d+)\] (?<level>[A-Z0-9]+): {2}(?<msg>.*)$/;

/** PostgreSQL's answer while it starts; the start asks until the server is up. */
const NOT_YET = 'the database system is starting up';

/** Turns a line of PostgreSQL's log into the format of the other components. */
export function postgresAsJson(line: string): string | undefined {
  if (line.trim() === '') return undefined;
  const { time, pid, level = '', msg } = POSTGRES_LINE.exec(line)?.groups ?? {};
  if (time === undefined) return lineOf('postgres', line.trim(), INFO);
  const at = Date.parse(`${time.replace(' ', 'T')}Z`);
  return JSON.stringify({
    level: msg === NOT_YET ? INFO : (POSTGRES_LEVELS[level] ?? INFO),
    time: at,
    component: 'postgres',
    pid: Number(pid),
    msg,
  });
}

/** The part of a log line that the terminal shows: warnings, errors, and lines that are not log lines. */
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
