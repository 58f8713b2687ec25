#!/usr/bin/env node
/** `unwind COMMAND …`: the operators' commands. Each is a file in this folder, loaded only when it is used. */
import { codeOf, reasonOf } from '../platform/reason.js';
import { complain, type Command } from './command.js';
import { readDotEnv } from '../config/dot-env.js';
import { redact } from '../platform/secrets.js';

interface Entry {
  /** One line for the list of commands. */
  readonly help: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  'api-key': { help: 'makes an API key for a machine', load: () => import('./api-key.js') },
  conformance: {
    help: 'tries whether a service keeps the contract of a participant',
    load: () => import('./conformance.js'),
  },
  'dead-letters': {
    help: 'lists what needs a human, retries, resolves or drops it',
    load: () => import('./dead-letters.js'),
  },
  forget: { help: 'forgets a customer, or the customer of an order', load: () => import('./forget.js') },
  jobs: { help: 'lists the background jobs, with their last and next runs', load: () => import('./jobs.js') },
  'journal-rebuild': {
    help: "makes the journal's tables again from events and histories",
    load: () => import('./journal-rebuild.js'),
  },
  'journal-verify': { help: 'compares events, rows and histories', load: () => import('./journal-verify.js') },
  parked: {
    help: "releases, skips or drops Kafka's commands that cannot be decided",
    load: () => import('./parked.js'),
  },
  reconcile: {
    help: 'lists the sagas that were left behind without a run, and repairs one',
    load: () => import('./reconcile.js'),
  },
  start: {
    help: 'starts all, or one part: temporal, postgres, services, worker, api, relay, background',
    load: () => import('./start.js'),
  },
  'verify-books': { help: "compares the services' books with all verdicts", load: () => import('./verify-books.js') },
};

const NOTHING_DONE = 2;
const STOPPED = 130;
const STOP_PATIENCE_MS = 2_000;
/** npm and the terminal both pass on one Ctrl-C. */
const SAME_CTRL_C_MS = 1_000;
const OUTPUTS = [process.stdout, process.stderr] as const;

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map(({ length }) => length));
  const lines = Object.entries(COMMANDS).map(([name, { help }]) => `  ${name.padEnd(width)}  ${help}`);
  return ['unwind COMMAND [options]', '', ...lines, '', '`unwind COMMAND --help` says how a command is used.'].join(
    '\n',
  );
}

function refuse(text: string): number {
  complain(text);
  return NOTHING_DONE;
}

/** Fires at the first signal. If the command does not end, the process ends by itself: at once on the second Ctrl-C. */
function stopOnSignals(patienceMs = STOP_PATIENCE_MS): AbortSignal {
  const stopping = new AbortController();
  let since: number | undefined;
  const onSignal = (): void => {
    if (since !== undefined) {
      if (performance.now() - since > SAME_CTRL_C_MS) process.exit(STOPPED);
      return;
    }
    since = performance.now();
    stopping.abort();
    setTimeout(() => process.exit(STOPPED), patienceMs).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return stopping.signal;
}

function sentenceOf(name: string, error: unknown): string {
  const wrongOption = codeOf(error)?.startsWith('ERR_PARSE_ARGS');
  return `unwind ${name}: ${redact(reasonOf(error))}${wrongOption ? ` (see \`unwind ${name} --help\`)` : ''}`;
}

/** The reader of the output may leave early (`| head`): the process then ends, because its output has no reader. */
const stopWithReader = (): never => process.exit(STOPPED);

async function unwind([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) return refuse(usage());
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(`${usage()}\n`);
    return 0;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) return refuse(`unwind: there is no command "${name}".\n\n${usage()}`);
  try {
    const { command } = await entry.load();
    if (args.includes('--help') || args.includes('-h')) {
      process.stdout.write(`${command.usage}\n`);
      return 0;
    }
    if (command.isProcess) {
      for (const stream of OUTPUTS) stream.off('error', stopWithReader);
      return await command.run(args, new AbortController().signal);
    }
    readDotEnv();
    return await command.run(args, stopOnSignals(command.stopPatienceMs));
  } catch (error) {
    return refuse(sentenceOf(name, error));
  }
}

for (const stream of OUTPUTS) stream.on('error', stopWithReader);
process.exitCode = await unwind(process.argv.slice(2));
