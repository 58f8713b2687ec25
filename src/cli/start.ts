/** `unwind start`: the processes of `src/main`, each as it is deployed, or all of them under one supervisor. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { StartError } from '../platform/start-error.js';
import type { Command } from './command.js';

const USAGE = `unwind start [PART]

  Starts all, under one supervisor, until Ctrl-C; or one part alone:

  temporal   Temporal's dev server, with its Web UI
  postgres   the embedded PostgreSQL
  services   inventory, payment, shipping and notification; with their names those alone: unwind start services payment
  worker     runs the workflows and the activities
  api        the HTTP API
  relay      feeds the stores that are configured, and reads Kafka's commands
  background runs the background jobs: they watch the sagas, raise alerts, and confirm orders

  Everything is set by environment variables or .env: .env.example lists them.
  Exit code: 0 it was stopped, 1 it could not start or go on, 2 there is no such part.`;

/** The file of the process, and the arguments that it is left with. */
const PROGRAMS: Readonly<Record<string, (rest: readonly string[]) => readonly [string, ...string[]]>> = {
  all: () => ['start'],
  temporal: () => ['start', 'temporal'],
  postgres: () => ['start', 'postgres'],
  services: (names) => ['services', ...names],
  worker: () => ['worker'],
  api: () => ['api'],
  relay: () => ['relay'],
  background: () => ['background'],
};

export const command: Command = {
  usage: USAGE,
  isProcess: true,
  async run([part = 'all', ...rest]) {
    const program = Object.hasOwn(PROGRAMS, part) ? PROGRAMS[part] : undefined;
    if (!program || (rest.length > 0 && part !== 'services')) {
      const wrong = program ? rest.join(' ') : part;
      throw new StartError(`"${wrong}" is nothing that can be started (see \`unwind start --help\`)`);
    }
    const [name, ...args] = program(rest);
    process.argv.splice(2, process.argv.length, ...args);
    // By its path, as the supervisor forks it: no command imports a process.
    const file = path.join(import.meta.dirname, '..', 'main', name + path.extname(import.meta.filename));
    await import(pathToFileURL(file).href);
    return Number(process.exitCode ?? 0);
  },
};
