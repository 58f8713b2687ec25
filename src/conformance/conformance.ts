/**
 * The kit for participants: plays the contract of docs/participants.md against a service over HTTP, rule by rule.
 *
 * @example
 * const report = await checkParticipant({ url: 'http://localhost:8002/api/reservations', body, otherBody, refusedBody });
 * expect(report.results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
 */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createCaller, UnansweredError, type Caller } from './caller.js';
import { CHECKS } from './checks.js';
import { cleanUp, notKnown } from './clean-up.js';
import { show } from './expectations.js';
import { AN_ANSWER, judge, resultOf } from './judge.js';
import type { ConformanceOptions, ConformanceReport, Outcome, Result, Sent } from './options.js';
import { createPlay, type Named } from './play.js';

export type { ConformanceOptions, ConformanceReport, Outcome, Result } from './options.js';

const TIMEOUT_MS = 10_000;
const CONCURRENCY = 10;

const GONE = { why: 'the participant does not answer any more' };

/** No check is possible: the participant does not answer, or refuses the credentials. */
export class ParticipantUnreachableError extends Error {
  override readonly name = 'ParticipantUnreachableError';
}

/**
 * Checks each rule with ids of its own, then compensates the effects that stand. It takes seconds, and leaves
 * tombstones and refusals that the participant keeps for ever. So run it against a test system.
 *
 * @throws ParticipantUnreachableError
 */
export async function checkParticipant(asked: ConformanceOptions): Promise<ConformanceReport> {
  const stop = asked.stop && AbortSignal.any([asked.stop]);
  const options = { ...asked, url: asked.url.replace(/\/+$/, ''), stop };
  const { idPrefix = 'conformance', idSuffix = '', timeoutMs: within = TIMEOUT_MS } = options;
  const ids = `${idPrefix}-${randomBytes(4).toString('hex')}`;
  const concurrency = Math.max(2, options.concurrency ?? CONCURRENCY);
  // Each running request adds a listener.
  if (stop) setMaxListeners(2 * concurrency, stop);
  const access = { ...options.credentials, url: options.url };
  const named: Named = new Map();
  const callerFor = (sent: Sent[], stop = options.stop): Caller =>
    createCaller({ access, correlationId: ids, within, stop, sent });
  const playOf = (name: string, caller: Caller) =>
    createPlay({ options, concurrency, named, caller, idOf: (number) => `${ids}-${name}-${number}${idSuffix}` });

  await greet(options.url, callerFor([]));
  const results = new Map<string, Result>();
  let isThere = true;
  for (const check of CHECKS) {
    const sent: Sent[] = [];
    const run = () => check.run(playOf(check.name, callerFor(sent)));
    const judged = isThere ? await judge(check, options, results, run, sent) : resultOf(check, 'notReached', GONE);
    if (options.stop?.aborted) break;
    results.set(check.name, judged);
    options.onResult?.(judged);
    // The last request may have ended the participant: later results would say nothing about its rules.
    if (judged.expected === AN_ANSWER) isThere = await answers(options.url, callerFor([]));
  }
  // Without the stop signal, because effects are compensated after a stop as well.
  const last = createCaller({ access, correlationId: ids, within, sent: [] });
  const remaining = isThere ? await cleanUp(playOf('clean-up', last)) : notKnown(named);
  const stopped = options.stop?.aborted === true;
  return { results: [...results.values()], ids, named: named.size, remaining, stopped };
}

/** 0: all rules hold; 1: one is broken; 2: none is broken, but not all were tried. */
export function exitCodeOf({ results, stopped }: ConformanceReport): 0 | 1 | 2 {
  const some = (...outcomes: Outcome[]): boolean => results.some(({ outcome }) => outcomes.includes(outcome));
  if (some('failed', 'notReached')) return 1;
  return stopped || some('notTried') ? 2 : 0;
}

async function greet(url: string, caller: Caller): Promise<void> {
  const answer = await caller.send({ method: 'GET', url: `${url}/conformance-greeting` }).catch((error: unknown) => {
    if (!(error instanceof UnansweredError)) throw error;
    throw new ParticipantUnreachableError(`There is no answer from ${new URL(url).host}: ${error.message}.`);
  });
  if (answer.status !== 401 && answer.status !== 403) return;
  throw new ParticipantUnreachableError(`The participant does not accept our credentials: ${show(answer)}`);
}

const answers = (url: string, caller: Caller): Promise<boolean> =>
  greet(url, caller).then(
    () => true,
    () => false,
  );
