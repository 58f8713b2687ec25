// A test file that leaves something running fails: what it forgets would keep the process of jest's worker alive, which jest
// then ends by force.
import { setTimeout as pause } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';

/** What a test has closed may still be closing. */
const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 20;

function count(resources) {
  const counts = new Map();
  for (const resource of resources) counts.set(resource, (counts.get(resource) ?? 0) + 1);
  return counts;
}

// oxlint-disable-next-line import/no-default-export -- Jest asks for it
export default class EnvironmentWithoutLeaks extends TestEnvironment {
  #before;
  #outputs;
  #file;

  constructor(config, context) {
    super(config, context);
    this.#file = context.testPath;
    // Node opens both when they are first used.
    this.#outputs = [process.stdout, process.stderr];
    this.#before = count(process.getActiveResourcesInfo());
  }

  /** What keeps this process alive, and did not before. */
  #left() {
    return [...count(process.getActiveResourcesInfo())]
      .filter(([resource]) => resource !== 'Immediate')
      .map(([resource, number]) => [resource, number - (this.#before.get(resource) ?? 0)])
      .filter(([, number]) => number > 0);
  }

  async teardown() {
    const end = performance.now() + PATIENCE_MS;
    let left = this.#left();
    while (left.length > 0 && performance.now() < end) {
      await pause(LOOK_EVERY_MS);
      left = this.#left();
    }
    await super.teardown();
    if (left.length === 0) return;
    const kinds = left.map(([resource, number]) => `${number} × ${resource}`).join(', ');
    throw new Error(`${this.#file} has left something running: ${kinds}`);
  }
}
