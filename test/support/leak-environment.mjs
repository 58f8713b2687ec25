// Jest's environment for Node, which fails a test file that leaves something open: a server, a socket, a process, a timer.
// (Jest itself notices it only if a worker process takes half a second to end, which a busy machine does without a leak.)
import { setTimeout as pause } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';

/** What a test has ended may take a moment to be gone: connections, and servers that wait for theirs. */
const WITHIN_MS = 10_000;
/** After a failure there is only something to print, which is not worth a wait. */
const WITHIN_IF_FAILED_MS = 1_000;
const PAUSE_MS = 20;
/** Standard input, output and error belong to the process, whichever test is the first to look at them. */
const STANDARD_FDS = new Set([0, 1, 2]);

/** @returns what is open in this process and keeps it alive, as far as Node knows it as an object. */
const openHandles = () => process._getActiveHandles().filter(({ fd }) => !STANDARD_FDS.has(fd));

/** @returns how many timers keep this process alive; Node has no objects for them. A jest without workers has some itself. */
const openTimers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

function described(handle) {
  const kind = handle.constructor.name;
  if (handle.spawnargs) return `${kind} ${handle.pid}: ${handle.spawnargs.join(' ')}`;
  const address = typeof handle.address === 'function' ? handle.address() : undefined;
  const end = ({ address: host, port }) => `${host}:${port}`;
  if (handle.remotePort) return `${kind} to ${end({ address: handle.remoteAddress, port: handle.remotePort })}`;
  return address?.port ? `${kind} on ${end(address)}` : kind;
}

/** @returns a sentence for each thing that was not open `before`, without an end after `within` milliseconds. */
async function leftSince(before, within) {
  const look = () => {
    const handles = openHandles().filter((handle) => !before.handles.has(handle));
    const timers = openTimers() - before.timers;
    return [...handles.map(described), ...(timers > 0 ? [`${timers} timer${timers > 1 ? 's' : ''}`] : [])];
  };
  const end = performance.now() + within;
  let left = look();
  while (left.length > 0 && performance.now() < end) {
    await pause(PAUSE_MS);
    left = look();
  }
  return left;
}

// oxlint-disable-next-line import/no-default-export -- Jest asks for it
export default class LeakEnvironment extends TestEnvironment {
  #file;
  #within;
  #before;
  #hasFailed = false;

  constructor(config, context) {
    super(config, context);
    this.#file = context.testPath;
    this.#within = config.projectConfig.testEnvironmentOptions.leakWithin ?? WITHIN_MS;
  }

  async setup() {
    await super.setup();
    this.#before = { handles: new Set(openHandles()), timers: openTimers() };
  }

  /** Jest's events: a test or hook that failed may well have left something, and is what must be reported. */
  async handleTestEvent({ name, test, error }) {
    if (name === 'hook_failure' || name === 'error') this.#hasFailed ||= error !== undefined;
    if (name === 'test_done') this.#hasFailed ||= test.errors.length > 0;
  }

  async teardown() {
    const left = await leftSince(this.#before, this.#hasFailed ? WITHIN_IF_FAILED_MS : this.#within);
    await super.teardown();
    if (left.length === 0) return;
    const sentence = `${this.#file} has left open: ${left.join(', ')}`;
    if (!this.#hasFailed) throw new Error(sentence);
    process.stderr.write(`${sentence}\n`);
  }
}
