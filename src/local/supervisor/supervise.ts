/** Keeps one component running: restarts it after growing pauses, until it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Component, Running } from './component.js';
import { startSentence } from '../../platform/start-error.js';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
/** After so long without a failure the pauses start again from the shortest. */
const HEALTHY_AFTER = 60_000;

export interface SuperviseOptions {
  readonly onUp: (running: Running, restarted: boolean) => void;
  readonly onDown: (sentence: string) => void;
}

export interface Supervised {
  readonly name: string;
  current(): Running | undefined;
  stop(): Promise<void>;
  kill(): void;
}

/**
 * Returns when the component is up for the first time.
 * @throws the error of the first start, if it fails
 */
export async function supervise(
  component: Component,
  options: SuperviseOptions,
  starting: AbortSignal,
): Promise<Supervised> {
  const stopping = new AbortController();
  let running: Running | undefined = await component.start(starting);
  options.onUp(running, false);

  async function restart(pause: number): Promise<number> {
    await sleep(pause, undefined, { signal: stopping.signal });
    try {
      running = await component.start(stopping.signal);
      options.onUp(running, true);
      return pause;
    } catch (error) {
      if (stopping.signal.aborted) throw error;
      const next = Math.min(pause * 2, LONGEST_PAUSE);
      options.onDown(`${startSentence(error)} Trying again in ${next / 1000} s.`);
      return await restart(next);
    }
  }

  async function watch(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (running !== undefined) {
      const since = performance.now();
      const how = await running.ended;
      running = undefined;
      if (stopping.signal.aborted) return;
      pause = performance.now() - since > HEALTHY_AFTER ? FIRST_PAUSE : pause;
      options.onDown(`it ended (${how}): starting it again in ${pause / 1000} s.`);
      pause = Math.min((await restart(pause)) * 2, LONGEST_PAUSE);
    }
  }

  // It rejects only if stop() cut a pause or a start short.
  const watching = watch().catch(() => undefined);
  return {
    name: component.name,
    current: () => running,
    stop: async () => {
      stopping.abort();
      await running?.stop();
      await watching;
      // A start that was running when the signal fired may still have succeeded.
      await running?.stop();
    },
    kill: () => {
      stopping.abort();
      running?.kill();
    },
  };
}
