/** `unwind conformance`: checks if a service keeps the contract of a participant (docs/participants.md). */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { checkParticipant, exitCodeOf } from '../conformance/conformance.js';
import { LACKS, type ConformanceOptions } from '../conformance/options.js';
import { describeEnd, describeResult } from '../conformance/report.js';
import { reasonOf } from '../platform/reason.js';
import { StartError } from '../platform/start-error.js';
import { exchange } from '../platform/outbound/exchange.js';
import { say, type Command } from './command.js';

const USAGE = `unwind conformance URL --body FILE [options]

Plays the contract of a participant (docs/participants.md) against the collection at URL, such as
http://localhost:8002/api/reservations, rule by rule. Use a test system: what it does is compensated at the end, and the
participant keeps its record of every id.
  --body FILE               a request that is applied, as JSON; in all files {id} stands for the effect's id
  --other-body FILE         another valid request: at least one business field differs
  --refused-body FILE       a request that is refused by business
  --refused-undo-body FILE  a request that is applied and whose compensation is refused by business
  --prepare FILE            requests that arrange a refusal: {"refuseAction", "allowAction", "refuseUndo", "allowUndo"}, each
                            {"method", "url", "body"}
  --books URL               what the books say of {id}: a repeated call must not change the answer
  --without undo            the participant cannot take anything back; --without collection: it does not list its effects
  --token TOKEN             sent as a bearer token; --token-file FILE: read from there
  --ca FILE, --cert FILE, --key FILE   certificates, as PEM
  --id-prefix TEXT, --id-suffix TEXT   of all ids; "conformance" and nothing by default
  --timeout SECONDS         for one answer, 10 by default
  --concurrency N           requests at once, 10 by default, from 2 to 100
  --json                    the whole report as JSON
Exit code 0: all rules hold; 1: a rule is broken, and the requests that show it are printed as curl lines; 2: no rule is
broken, but one could not be tried, or nothing could be done.`;

const body = z.record(z.string(), z.unknown());
const request = z.strictObject({ method: z.string(), url: z.url(), body: body.optional() });
const preparations = z.strictObject({
  refuseAction: request.optional(),
  allowAction: request.optional(),
  refuseUndo: request.optional(),
  allowUndo: request.optional(),
});

/** @throws StartError that names the file */
function readJson<T>(file: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new StartError(`${file} cannot be read as JSON: ${reasonOf(error)}.`);
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new StartError(`${file}: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`);
}

function numberOf(name: string, text: string | undefined, from: number, to: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (number >= from && number <= to) return number;
  throw new StartError(`--${name} is a number from ${from} to ${to}.`);
}

const OPTIONS = {
  body: { type: 'string' },
  'other-body': { type: 'string' },
  'refused-body': { type: 'string' },
  'refused-undo-body': { type: 'string' },
  prepare: { type: 'string' },
  books: { type: 'string' },
  without: { type: 'string', multiple: true },
  token: { type: 'string' },
  'token-file': { type: 'string' },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  'id-prefix': { type: 'string' },
  'id-suffix': { type: 'string' },
  timeout: { type: 'string' },
  concurrency: { type: 'string' },
  json: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** @throws StartError that names the wrong option */
function optionsOf(url: string | undefined, values: Values): ConformanceOptions {
  if (url === undefined || !URL.canParse(url)) throw new StartError('name the URL of the collection.');
  if (values.body === undefined) throw new StartError('--body is missing: a request that is applied.');
  const bodyOf = (file: string | undefined) => (file === undefined ? undefined : readJson(file, body));
  const { ca, cert, key } = values;
  const seconds = numberOf('timeout', values.timeout, 0.1, 600);
  return {
    url,
    credentials: { token: tokenOf(values), tls: { ca, cert, key } },
    body: readJson(values.body, body),
    otherBody: bodyOf(values['other-body']),
    refusedBody: bodyOf(values['refused-body']),
    refusedUndoBody: bodyOf(values['refused-undo-body']),
    prepare: values.prepare === undefined ? undefined : readJson(values.prepare, preparations),
    without: (values.without ?? []).map((text) => {
      const lack = LACKS.find((each) => each === text);
      if (lack === undefined) throw new StartError(`--without is one of ${LACKS.join(', ')}.`);
      return lack;
    }),
    books: booksAt(values.books),
    idPrefix: values['id-prefix'],
    idSuffix: values['id-suffix'],
    timeoutMs: seconds === undefined ? undefined : seconds * 1_000,
    concurrency: numberOf('concurrency', values.concurrency, 2, 100),
  };
}

function tokenOf({ token, 'token-file': file }: Values): string | undefined {
  if (file === undefined) return token;
  return readFileSync(file, 'utf8').trim();
}

const BOOKS_WITHIN_MS = 10_000;

function booksAt(template: string | undefined): ConformanceOptions['books'] {
  if (template === undefined) return undefined;
  return async (id) => {
    const url = new URL(template.replaceAll('{id}', encodeURIComponent(id)));
    const bounds = { within: BOOKS_WITHIN_MS, longest: 1024 * 1024 };
    const { status, text } = await exchange({ method: 'GET', url, headers: {}, body: undefined, ...bounds });
    if (status !== 200) throw new StartError(`--books answered ${status}`);
    return text;
  };
}

async function run(args: readonly string[], stop: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const options = optionsOf(positionals[0], values);
  const withToken = options.credentials?.token !== undefined;
  const tell = (lines: readonly string[]): void => lines.forEach((line) => say(line));
  const report = await checkParticipant({
    ...options,
    stop,
    onResult: (result) => {
      if (!values.json) tell(describeResult(result, withToken));
    },
  });
  if (values.json) say(JSON.stringify(report, undefined, 2));
  else tell(describeEnd(report));
  return exitCodeOf(report);
}

/** For the compensations at the end. */
const STOP_PATIENCE_MS = 60_000;

export const command: Command = { usage: USAGE, run, stopPatienceMs: STOP_PATIENCE_MS };
