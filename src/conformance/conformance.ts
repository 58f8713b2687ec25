/**
 * The kit for participants: plays the contract of docs/participants.md against a service over HTTP, rule by rule.
 *
 * @example
 * const report = await checkParticipant({ url: 'http://localhost:8002/api/reservations', body, otherBody, refusedBody });
 * expect(report.results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
 */
import { randomBytes } from 'node:crypto';
import { createCaller, UnansweredError, type Caller } from './caller.js';
import type { Check } from './check.js';
import { CHECKS } from './checks.js';
import { cleanUp } from './clean-up.js';
import { NotReached, show, Violation } from './expectations.js';
import type { ConformanceOptions, ConformanceReport, Outcome, Result, Sent } from './options.js';
import { createPlay, type Named } from './play.js';

export type { ConformanceOptions, ConformanceReport, Outcome, Result } from './options.js';

const TIMEOUT_MS = 10_000;
const CONCURRENCY = 10;

/** Nothing can be tried: the participant does not answer, or does not accept the credentials. */
export class ParticipantUnreachableError extends Error {
  override readonly name = 'ParticipantUnreachableError';
}

/**
 * Tries each rule with ids of its own, then compensates what stands. It takes seconds, and leaves tombstones and refusals at
 * the participant, which keeps them for ever: run it against a test system.
 *
 * @throws ParticipantUnreachableError
 */
export async function checkParticipant(asked: ConformanceOptions): Promise<ConformanceReport> {
  const options = { ...asked, url: asked.url.replace(/\/+$/, '') };
  const { idPrefix = 'conformance', idSuffix = '', timeoutMs: within = TIMEOUT_MS } = options;
  const ids = `${idPrefix}-${randomBytes(4).toString('hex')}`;
  const concurrency = Math.max(2, options.concurrency ?? CONCURRENCY);
  const access = { ...options.credentials, url: options.url };
  const named: Named = new Map();
  const callerFor = (sent: Sent[], stop = options.stop): Caller =>
    createCaller({ access, correlationId: ids, within, stop, sent });
  const playOf = (name: string, caller: Caller) =>
    createPlay({ options, concurrency, named, caller, idOf: (number) => `${ids}-${name}-${number}${idSuffix}` });

  await greet(options.url, callerFor([]));
  const results = new Map<string, Result>();
  for (const check of CHECKS) {
    const sent: Sent[] = [];
    const judged = await judge(check, options, results, () => check.run(playOf(check.name, callerFor(sent))), sent);
    if (options.stop?.aborted) break;
    results.set(check.name, judged);
    options.onResult?.(judged);
  }
  // Without the signal: what was done is undone after a stop, too.
  const remaining = await cleanUp(playOf('clean-up', createCaller({ access, correlationId: ids, within, sent: [] })));
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

async function judge(
  check: Check,
  options: ConformanceOptions,
  results: ReadonlyMap<string, Result>,
  run: () => Promise<void>,
  sent: readonly Sent[],
): Promise<Result> {
  const { name, rule, sentence, needs, applies, assumes = [] } = check;
  const result = (outcome: Outcome, more: Partial<Result> = {}): Result => ({ name, rule, sentence, outcome, ...more });
  if (applies?.(options) === false) return result('doesNotApply');
  const broken = assumes.find((other) => ['failed', 'notReached'].includes(results.get(other)?.outcome ?? ''));
  if (broken !== undefined) return result('notReached', { why: `it builds on ${broken}` });
  if (needs?.isMet(options) === false) return result('notTried', { why: `give ${needs.what}` });
  try {
    await run();
    return result('passed');
  } catch (error) {
    if (options.stop?.aborted) return result('notReached', { why: 'stopped' });
    if (error instanceof NotReached) return result('notReached', { why: error.message, requests: sent });
    if (error instanceof Violation) {
      const requests = evidence(sent, options.url, error.url);
      return result('failed', { expected: error.expected, seen: error.seen, requests });
    }
    if (!(error instanceof UnansweredError)) throw error;
    return result('failed', { expected: 'an answer', seen: error.message, requests: sent });
  }
}

/** Requests that can be read; of a crowd, those that are not about other effects. */
const READABLE = 20;

function evidence(sent: readonly Sent[], collection: string, url: string | undefined): readonly Sent[] {
  if (url === undefined || sent.length <= READABLE) return sent;
  return sent.filter((each) => each.url === url || !each.url.startsWith(`${collection}/`));
}
