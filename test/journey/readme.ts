/** README.md as somebody who follows it: its commands by heading, and its URLs, as they are printed there. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cleanEnvironment, type RunningSystem } from './running-system.js';

const root = path.join(import.meta.dirname, '..', '..');

export const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

/** What opens each block of code; only `bash` is executed. */
export const fences = [...readme.matchAll(/^```(.*)\n[\s\S]*?^```$/gm)].map(([, language]) => language);

/** The lines of the `bash` blocks below each heading that has some. */
export const commands = new Map(
  readme.split(/^## /m).flatMap((section) => {
    const blocks = [...section.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
    const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line !== '');
    return lines.length === 0 ? [] : [[section.split('\n')[0] ?? '', lines] as const];
  }),
);

export function commandsUnder(heading: string): readonly string[] {
  const lines = commands.get(heading);
  if (lines === undefined) throw new Error(`README.md has no commands under "${heading}"`);
  return lines;
}

/** Commands in the running text, such as `npm run verify`. */
export const inlineCommands = [...readme.matchAll(/`((?:npm|npx|curl) [^`\n]+)`/g)].map(([, command = '']) => command);

/** Links and plain URLs of the running system. */
export const urls = [...new Set(readme.match(/(?<=is at |at )http:\/\/localhost:\d+[\w/]*/g))];

const temporalPort = (system: RunningSystem): string => {
  const line = system.lines.findLast((each) => /^temporal +up/.test(each)) ?? '';
  return /127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? '';
};

const temporalUi = (system: RunningSystem): string => {
  const line = system.lines.findLast((each) => each.includes('Temporal UI')) ?? '';
  return /http:\S+/.exec(line)?.[0] ?? '';
};

/** The README says the standard ports; the system of a test has others. Any port that the README invents fails. */
export function here(text: string, system: RunningSystem): string {
  return text.replaceAll(/http:\/\/localhost:(\d+)/g, (whole, port: string) => {
    const url = {
      8000: () => system.urlOf('api'),
      8001: () => system.urlOf('payment'),
      8002: () => system.urlOf('inventory'),
      8003: () => system.urlOf('shipping'),
      8004: () => system.urlOf('notification'),
      8233: () => temporalUi(system),
    }[Number(port)];
    if (url === undefined) throw new Error(`README.md names ${whole}, where nothing of ours is by default`);
    return url();
  });
}

function portsOf(system: RunningSystem): NodeJS.ProcessEnv {
  const port = (name: string): string => new URL(system.urlOf(name)).port;
  return {
    API_PORT: port('api'),
    PAYMENT_PORT: port('payment'),
    INVENTORY_PORT: port('inventory'),
    SHIPPING_PORT: port('shipping'),
    NOTIFICATION_PORT: port('notification'),
    TEMPORAL_PORT: temporalPort(system),
    TEMPORAL_UI_PORT: new URL(temporalUi(system)).port,
  };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in a shell, against the running system; `<orderId>` is replaced by what the POST has answered. */
export async function follow(
  command: string,
  system: RunningSystem,
  more: NodeJS.ProcessEnv,
  orderId?: string,
): Promise<Ran> {
  const text = here(orderId === undefined ? command : command.replaceAll('<orderId>', orderId), system);
  if (/<\w+>/.test(text)) throw new Error(`nobody knows what to put into: ${text}`);
  const env = cleanEnvironment({ ...portsOf(system), ...more });
  return await new Promise((resolve) => {
    execFile('/bin/sh', ['-c', text], { cwd: root, env, timeout: 150_000 }, (error, stdout, stderr) => {
      // What npm thinks of its user's own settings is not about us.
      const complaints = stderr.replaceAll(/^npm warn Unknown .*\n/gm, '');
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr: complaints });
    });
  });
}

/** The scripts that package.json has. */
export const scripts: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(path.join(root, 'package.json'), 'utf8'),
).scripts;

export const ciScript = readFileSync(path.join(root, '.ci', 'run'), 'utf8');
