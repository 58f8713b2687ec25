/**
 * `npm run dead-letters`: what needs a human, and what a human does about it.
 *
 *   npm run dead-letters                                   # what is open; -- list --all: everything
 *   npm run dead-letters -- retry 7 --actor olga --reason "the provider is back"
 *   npm run dead-letters -- resolve 7 --actor … --reason …  # blocked: skip the step; undelivered: it was dealt with
 *   npm run dead-letters -- drop 7 --actor … --reason …     # what a sink rejected
 *
 * Exit code 0: listed, or closed; 1: still open; 2: nothing could be done.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { openLetterDesk, type DeadLetter, type LetterDesk } from '../journal/letter-desk.js';
import { openOrders } from '../orders/orders.js';
import { loadConfig } from './config.js';
import { findDatabase } from './database.js';
import { findJournal, withTemporal } from './journal-target.js';
import { readDotEnv } from './run-process.js';
import { StartError, startSentence } from './start-error.js';
import { workLetter, type Change, type Verb } from './work-letters.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function lineOf(letter: DeadLetter): string {
  const { id, kind, sagaId, step, sink, eventId, reason, firstAt, lastAt, attempts, resolution, resolvedBy } = letter;
  const what = [sagaId, step, sink, eventId].filter((part) => part !== null).join(' ');
  const closed = resolution === null ? '' : `, ${resolution} by ${resolvedBy ?? '–'}: ${letter.resolvedReason ?? ''}`;
  return `${id}  ${kind}  ${what}  ${reason}, ${attempts} attempts, ${firstAt} to ${lastAt}${closed}`;
}

async function list(desk: LetterDesk, which: 'open' | 'all'): Promise<void> {
  const letters = await desk.list(which);
  for (const letter of letters) say(lineOf(letter));
  say(`${letters.length} dead letters${which === 'open' ? ' open' : ''}`);
}

function requireText(name: string, value: string | undefined): string {
  if (value?.trim()) return value.trim();
  throw new StartError(`--${name} is missing: each change says who and why.`);
}

const VERBS: readonly string[] = ['retry', 'resolve', 'drop'];

async function main(desk: LetterDesk): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      all: { type: 'boolean' },
      actor: { type: 'string' },
      reason: { type: 'string' },
      'request-id': { type: 'string' },
    },
    allowPositionals: true,
  });
  const [verb = 'list', id] = positionals;
  if (verb === 'list') {
    await list(desk, values.all ? 'all' : 'open');
    return 0;
  }
  if (!VERBS.includes(verb)) throw new StartError(`"${verb}" cannot be done: say list, retry, resolve or drop.`);
  const letter = /^\d{1,18}$/.test(id ?? '') ? await desk.get(id ?? '') : undefined;
  if (!letter) throw new StartError(`There is no dead letter ${id ?? ''}: list shows their numbers.`);
  const change: Change = {
    actor: requireText('actor', values.actor),
    reason: requireText('reason', values.reason),
    requestId: values['request-id'] ?? randomUUID(),
  };
  const config = loadConfig();
  const orders = await openOrders({ databaseUrl: await findDatabase(config), demoData: false });
  try {
    const { done, said } = await withTemporal(config, (client) =>
      workLetter(
        desk,
        { client, orders, notificationUrl: config.serviceUrls.notification },
        { letter, verb: verb as Verb, change },
      ),
    );
    say(`${letter.id}: ${said}`);
    return done ? 0 : 1;
  } finally {
    await orders.close();
  }
}

let desk: LetterDesk | undefined;
try {
  readDotEnv();
  desk = await openLetterDesk(await findJournal(loadConfig()));
  process.exitCode = await main(desk);
} catch (error) {
  process.stderr.write(`dead-letters: ${startSentence(error)}\n`);
  process.exitCode = 2;
} finally {
  await desk?.end();
}
