/** `unwind dead-letters`: lists the work that needs a person, and records the person's decisions. */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import {
  LETTER_KINDS,
  openDeadLetters,
  type DeadLetter,
  type DeadLetters,
  type LetterFilter,
} from '../journal/dead-letters/table.js';
import { openReader } from '../journal/read/open-reader.js';
import { openOrders } from '../orders/store/orders.js';
import { loadConfig } from '../config/config.js';
import { findDatabase } from '../config/find-database.js';
import { findJournal, withTemporal } from '../config/find-journal.js';
import { clockWithoutCache } from '../platform/temporal/clock.js';
import { TASK_QUEUE } from '../workflows/messages.js';
import { StartError } from '../platform/start-error.js';
import {
  resolveDeadLetter,
  resolveDeadLetters,
  type Change,
  type Shop,
  type Verb,
} from '../steering/resolve-dead-letter.js';
import { complain, say, type Command } from './command.js';
import { parseDuration } from '../config/durations.js';

const FILTER_OPTIONS = {
  kind: { type: 'string' },
  saga: { type: 'string' },
  step: { type: 'string' },
  sink: { type: 'string' },
  code: { type: 'string' },
  'older-than': { type: 'string' },
} as const;

type Given = Readonly<Partial<Record<keyof typeof FILTER_OPTIONS | 'limit' | 'after', string>>>;

/** The filter has only the fields that are given. @throws StartError */
function filterOf(given: Given): LetterFilter {
  const { saga: sagaId, step, sink, code } = given;
  const kind = LETTER_KINDS.find((known) => known === given.kind);
  if (given.kind !== undefined && !kind) {
    throw new StartError(`--kind is "${given.kind}", but must be one of ${LETTER_KINDS.join(', ')}.`);
  }
  const age = given['older-than'];
  const olderThan = age === undefined ? undefined : parseDuration(age);
  if (age !== undefined && olderThan === undefined) {
    throw new StartError(`--older-than is "${age}", but must be a duration such as 2h (ms, s, m, h or d).`);
  }
  const all = { kind, sagaId, step, sink, code, olderThan };
  for (const [name, value] of Object.entries(all)) {
    if (value === '' || (typeof value === 'string' && value.includes('\0'))) {
      throw new StartError(`The filter for ${name} is empty or no text.`);
    }
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** @throws StartError */
function listOptionsOf({ limit = '', after = '0' }: Given): { readonly limit: number; readonly after: string } {
  if (!/^(?:[1-9]\d{0,8})?$/.test(limit)) throw new StartError(`--limit is "${limit}", but must be a whole number.`);
  if (!/^\d{1,18}$/.test(after))
    throw new StartError(`--after is "${after}", but must be the number of a dead letter.`);
  return { limit: limit === '' ? Infinity : Number(limit), after };
}

const USAGE = `unwind dead-letters [list] [FILTER] [--all] [--json] [--limit N] [--after ID]
  lists the open ones, or all, by their numbers; --json prints an object a line
unwind dead-letters VERB ID --actor WHO --reason WHY
unwind dead-letters VERB FILTER --actor WHO --reason WHY [--apply]
  decides one, or every open one that the filter finds; the latter only shows them unless --apply is given
VERB    retry: repeats what failed; resolve: blocked: skips the step, undelivered: it was dealt with;
        drop: what a sink or the reader of commands rejected; for a parkedCommand see unwind parked --help
FILTER  --kind blocked|undelivered|rejectedEvent|rejectedCommand|parkedCommand, --saga ID, --step NAME, --sink NAME,
        --code REASON, --older-than 2h; those that are given together narrow it
  --request-id ID  repeats a decision under the id of the first try
Exit code 0: listed, or closed; 1: something is still open; 2: nothing could be done; 130: stopped.`;

function lineOf(letter: DeadLetter): string {
  const { id, kind, sagaId, step, sink, eventId, reason, firstAt, lastAt, attempts, resolution, resolvedBy } = letter;
  const what = [sagaId, step, sink, eventId].filter((part) => part !== null).join(' ');
  const closed = resolution === null ? '' : `, ${resolution} by ${resolvedBy ?? '–'}: ${letter.resolvedReason ?? ''}`;
  return `${id}  ${kind}  ${what}  ${reason}, ${attempts} attempts, ${firstAt} to ${lastAt}${closed}`;
}

const options = {
  ...FILTER_OPTIONS,
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  limit: { type: 'string' },
  after: { type: 'string' },
  apply: { type: 'boolean' },
  actor: { type: 'string' },
  reason: { type: 'string' },
  'request-id': { type: 'string' },
} as const;

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options, allowPositionals: true });
type Values = ReturnType<typeof parse>['values'];

async function list(letters: DeadLetters, values: Values, stop: AbortSignal): Promise<number> {
  const { limit, after } = listOptionsOf(values);
  let [count, last] = [0, ''];
  let isMore = false;
  for await (const letter of letters.listAll({ ...filterOf(values), which: values.all ? 'all' : 'open' }, after)) {
    isMore = count >= limit || stop.aborted;
    if (isMore) break;
    say(values.json ? JSON.stringify(letter) : lineOf(letter));
    count += 1;
    last = letter.id;
  }
  if (!values.json) {
    say(`${count} dead letters${values.all ? '' : ' open'}${isMore ? `, and more: go on with --after ${last}` : ''}`);
  }
  return stop.aborted ? 130 : 0;
}

function requireText(name: string, value: string | undefined): string {
  if (value?.trim()) return value.trim();
  throw new StartError(`--${name} is missing: each change says who and why.`);
}

const changeOf = (values: Values): Change => ({
  actor: requireText('actor', values.actor),
  reason: requireText('reason', values.reason),
  requestId: values['request-id'] ?? randomUUID(),
});

/** Temporal is needed only for decisions on sagas. */
const needsTemporal = (verb: Verb, { kind }: Pick<DeadLetter, 'kind'> | LetterFilter): boolean =>
  verb !== 'drop' && (kind === undefined || kind === 'blocked');

async function withShop<T>(lazily: boolean, act: (shop: Shop) => Promise<T>): Promise<T> {
  const config = loadConfig();
  const orders = await openOrders({ databaseUrl: await findDatabase(config), demoData: false });
  const journal = openReader({ ...(await findJournal(config)), orders });
  try {
    const { notification } = config.services;
    return await withTemporal(
      config,
      (temporal) => act({ temporal, clock: clockWithoutCache(temporal, TASK_QUEUE), orders, journal, notification }),
      lazily,
    );
  } finally {
    await journal.close();
    await orders.close();
  }
}

async function workOne(letters: DeadLetters, verb: Verb, id: string, values: Values): Promise<number> {
  const letter = /^\d{1,18}$/.test(id) ? await letters.get(id) : undefined;
  if (!letter) throw new StartError(`There is no dead letter ${id}: list shows their numbers.`);
  const change = changeOf(values);
  const { done, said } = await withShop(!needsTemporal(verb, letter), (shop) =>
    resolveDeadLetter(letters, shop, { letter, verb, change }),
  );
  say(`${letter.id}: ${said}`);
  return done ? 0 : 1;
}

const SHOWN = 20;
const PROGRESS_EVERY_MS = 5_000;

async function preview(letters: DeadLetters, verb: Verb, values: Values, stop: AbortSignal): Promise<number> {
  let count = 0;
  for await (const letter of letters.listAll(filterOf(values))) {
    if (stop.aborted) return 130;
    count += 1;
    if (count <= SHOWN) say(lineOf(letter));
  }
  const others = count > SHOWN ? `, of which the first ${SHOWN} are shown` : '';
  say(`${verb} would be tried on ${count} open dead letters${others}. Nothing was done: --apply does it.`);
  return count === 0 ? 0 : 1;
}

async function workMany(letters: DeadLetters, verb: Verb, values: Values, stop: AbortSignal): Promise<number> {
  const filter = filterOf(values);
  if (Object.keys(filter).length === 0) {
    throw new StartError('Say which ones: a number, or --kind, --saga, --step, --sink, --code or --older-than.');
  }
  const change = changeOf(values);
  if (!values.apply) return preview(letters, verb, values, stop);
  let [done, open, told] = [0, 0, performance.now()];
  await withShop(!needsTemporal(verb, filter), async (shop) => {
    for await (const worked of resolveDeadLetters(letters, shop, { filter, verb, change, stop })) {
      if (worked.done) done += 1;
      else {
        open += 1;
        say(`${worked.letter.id}: ${worked.said}`);
      }
      if (performance.now() - told < PROGRESS_EVERY_MS) continue;
      told = performance.now();
      complain(`${done} closed, ${open} still open, up to ${worked.letter.id}`);
    }
  });
  const repeat = open > 0 || stop.aborted ? `; repeat it with --request-id ${change.requestId}` : '';
  say(`${done} closed, ${open} still open${repeat}`);
  if (stop.aborted) return 130;
  return open === 0 ? 0 : 1;
}

const VERBS: readonly string[] = ['retry', 'resolve', 'drop'];

async function run(args: readonly string[], stop: AbortSignal): Promise<number> {
  const { values, positionals } = parse(args);
  const [verb = 'list', id] = positionals;
  if (verb !== 'list' && !VERBS.includes(verb)) {
    throw new StartError(`"${verb}" cannot be done: say list, retry, resolve or drop.`);
  }
  const letters = await openDeadLetters(await findJournal(loadConfig()));
  try {
    if (verb === 'list') return await list(letters, values, stop);
    return await (id === undefined
      ? workMany(letters, verb as Verb, values, stop)
      : workOne(letters, verb as Verb, id, values));
  } finally {
    await letters.close();
  }
}

export const command: Command = { usage: USAGE, run };
