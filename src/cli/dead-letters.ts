/** What needs a human, and what a human does about it. */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { openLetterDesk, type DeadLetter, type LetterDesk } from '../journal/letter-desk.js';
import { openOrders } from '../orders/orders.js';
import { loadConfig } from '../main/config.js';
import { findDatabase } from '../main/database.js';
import { findJournal, withTemporal } from '../main/journal-target.js';
import { StartError } from '../main/start-error.js';
import { workLetter, type Change, type Verb } from '../main/work-letters.js';
import { say, type Command } from './command.js';

const USAGE = `unwind dead-letters                                    the open ones; list --all: everything
unwind dead-letters retry ID --actor WHO --reason WHY    repeats what failed
unwind dead-letters resolve ID --actor WHO --reason WHY  blocked: skips the step; undelivered: it was dealt with
unwind dead-letters drop ID --actor WHO --reason WHY     what a sink rejected
  --request-id ID  repeats a decision under the id of the first try
Exit code 0: listed, or closed; 1: still open; 2: nothing could be done.`;

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

async function work(desk: LetterDesk, args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
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

async function run(args: readonly string[]): Promise<number> {
  const desk = await openLetterDesk(await findJournal(loadConfig()));
  try {
    return await work(desk, args);
  } finally {
    await desk.end();
  }
}

export const command: Command = { usage: USAGE, run };
