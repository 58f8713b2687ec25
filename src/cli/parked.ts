/**
 * `unwind parked`: Kafka's commands that cannot be decided. Each holds up the later commands of its saga, and no
 * others.
 */
import { parseArgs } from 'node:util';
import { openParkedCommands, type ParkedCommand, type ParkedCommands, type ParkedVerb } from '../commands/parked.js';
import { JOURNAL_SCHEMA, journalPool } from '../journal/write/journal.js';
import { migrateJournal } from '../journal/tables/migrate.js';
import { loadConfig } from '../config/config.js';
import { findJournal } from '../config/find-journal.js';
import { StartError } from '../platform/start-error.js';
import { ORDER_ID_PATTERN, sagaIdOf } from '../order.js';
import { say, type Command } from './command.js';

const USAGE = `unwind parked                                             the parked commands, the longest parked first
unwind parked release SAGA … --by WHO --reason WHY        tries them again, with a new budget; --all: every one that rests
unwind parked skip SAGA … --by WHO --reason WHY           leaves the first command of each saga out; the next one is tried
unwind parked drop SAGA … --by WHO --reason WHY           leaves out all commands of each saga that wait now
SAGA is an order's id, or the command's place if it names no saga. The sender of what is left out hears of it on
saga-commands-dlq.
Exit code 0: listed, or done; 1: some of them were not parked; 2: nothing could be done.`;

const PAGE = 200;

const VERBS = ['release', 'skip', 'drop'] as const satisfies readonly ParkedVerb[];

function lineOf({ queue, id, command, reason, parkedAt, attempts, nextAt, behind }: ParkedCommand): string {
  const next = nextAt === null ? 'rests until it is released, skipped or dropped' : `next try ${nextAt.toISOString()}`;
  const later = behind === 0 ? '' : `, ${behind} later ones wait`;
  return `${queue}  ${command ?? 'unknown'}  ${id}  ${reason}, ${attempts} attempts since ${parkedAt.toISOString()}, ${next}${later}`;
}

async function* all(commands: ParkedCommands, stop: AbortSignal): AsyncGenerator<ParkedCommand> {
  let after: ParkedCommand | undefined;
  for (;;) {
    const page = await commands.list({ limit: PAGE, after });
    yield* page;
    after = page.at(-1);
    if (!after || page.length < PAGE || stop.aborted) return;
  }
}

async function list(commands: ParkedCommands, stop: AbortSignal): Promise<number> {
  let count = 0;
  for await (const parked of all(commands, stop)) {
    say(lineOf(parked));
    count += 1;
  }
  say(`${count} parked commands`);
  return 0;
}

function requireText(name: string, value: string | undefined): string {
  if (value?.trim()) return value.trim().slice(0, 500);
  throw new StartError(`--${name} is missing: each decision says who and why.`);
}

const queueOf = (saga: string): string => (ORDER_ID_PATTERN.test(saga) ? sagaIdOf(saga) : saga);

async function work(commands: ParkedCommands, args: readonly string[], stop: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { by: { type: 'string' }, reason: { type: 'string' }, all: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [name = 'list', ...sagas] = positionals;
  if (name === 'list') return list(commands, stop);
  const verb = VERBS.find((each) => each === name);
  if (!verb) throw new StartError(`"${name}" cannot be done: say list, release, skip or drop.`);
  const decision = { verb, by: requireText('by', values.by), reason: requireText('reason', values.reason) };
  if (values.all && verb !== 'release') throw new StartError('--all is for release alone: name what is left out.');
  if (values.all) for await (const { queue, rests } of all(commands, stop)) if (rests) sagas.push(queue);
  if (sagas.length === 0 && !values.all) throw new StartError('name the sagas: list shows them.');
  let exitCode = 0;
  for (const saga of sagas) {
    if (stop.aborted) return 1;
    const decided = await commands.decide(queueOf(saga), decision);
    if (decided === 'notParked') exitCode = 1;
    say(decided === 'notParked' ? `${saga}: none is parked` : `${saga}: ${decided.commands} commands, ${verb}`);
  }
  return exitCode;
}

async function run(args: readonly string[], stop: AbortSignal): Promise<number> {
  const target = await findJournal(loadConfig());
  await migrateJournal(target.databaseUrl, JOURNAL_SCHEMA);
  const pool = journalPool({ ...target, poolSize: 1 });
  try {
    return await work(openParkedCommands(pool, JOURNAL_SCHEMA), args, stop);
  } finally {
    await pool.end();
  }
}

export const command: Command = { usage: USAGE, run };
