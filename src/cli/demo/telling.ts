/** Plays one story: places its orders, follows each to its end, and compares the results with the expected ones. */
import { performance } from 'node:perf_hooks';
import { DemoError, type DemoSaga, type DemoUrls, placeOrder, readLedger, readSaga, until } from './shop.js';
import type { Expected, Stage, Story } from './stories.js';

export interface Telling {
  readonly urls: DemoUrls;
  readonly run: string;
  readonly attemptTimeout: number;
  /** The page of a saga in Temporal's Web UI. */
  readonly pageOf: (sagaId: string) => string;
  readonly write: (line: string) => void;
}

/** The patience beyond the story's own waits; an idle system answers in much less. */
const PATIENCE_MS = 60_000;

const isOver = ({ state }: DemoSaga): boolean => state === 'COMPLETED' || state === 'FAILED' || state === 'CANCELLED';

/** Plays a story; true if every order ended as expected. */
export async function tell(story: Story, { urls, run, attemptTimeout, pageOf, write }: Telling): Promise<boolean> {
  const begun = performance.now();
  const say = (sentence: string): void => write(`${clock(begun)}  ${sentence}`);
  const sagaIds: string[] = [];
  const stage: Stage = {
    urls,
    attemptTimeout,
    say,
    orderId: (name) => `demo-${run}-${name}`,
    async order(order) {
      const sagaId = await placeOrder(urls, order);
      sagaIds.push(sagaId);
      const items = order.items.map(({ productId, quantity }) => `${quantity} × ${productId}`).join(', ');
      say(`${sagaId}: ${items} ordered`);
      write(`          ${pageOf(sagaId)}`);
    },
  };
  for (const expected of story.expected) write(`  expected: ${describe(expected)}`);
  const afterwards = await story.tell(stage);
  const ended: DemoSaga[] = [];
  try {
    ended.push(...(await Promise.all(sagaIds.map((sagaId) => follow(sagaId)))));
  } finally {
    await afterwards?.();
  }
  const actual = await Promise.all(ended.map((saga) => actualOf(urls, saga)));
  const asExpected = matches(story.expected, actual);
  for (const one of actual) write(`  actual:   ${describe(one)}`);
  write(`  ${asExpected ? 'as expected' : 'NOT AS EXPECTED'}, after ${clock(begun).trim()}`);
  return asExpected;

  async function follow(sagaId: string): Promise<DemoSaga> {
    const seen = new Map<string, string>();
    let last: DemoSaga | undefined;
    return until(
      async () => {
        last = (await readSaga(urls, sagaId)) ?? last;
        for (const change of changes(last, seen)) say(sagaIds.length > 1 ? `${sagaId}: ${change}` : change);
        if (last?.blockedOn)
          throw new DemoError(`${sagaId} waits for an operator on ${last.blockedOn}: ${pageOf(sagaId)}`);
        return last && isOver(last) ? last : undefined;
      },
      PATIENCE_MS + attemptTimeout,
      () => `${sagaId} is still ${last?.state ?? 'unknown'} after ${clock(begun).trim()}; look at ${pageOf(sagaId)}`,
    );
  }
}

/** Seconds since the story began, in a column. */
const clock = (begun: number): string => `${((performance.now() - begun) / 1000).toFixed(2)} s`.padStart(10);

/** The attempts of an undone step include those of its compensation. */
const isRetried = ({ status, attempts }: { status: string; attempts: number }): boolean =>
  status === 'completed' && attempts > 1;

/** The lines for steps whose status has changed since the last look; the saga's own line is the last. */
function changes(saga: DemoSaga | undefined, seen: Map<string, string>): string[] {
  if (saga === undefined) return [];
  const says = saga.steps
    .filter(({ status }) => status !== 'pending')
    .map(({ name, status, attempts, error }) => ({
      name,
      text: `${name} ${status}${error ? ` (${error.code})` : ''}${isRetried({ status, attempts }) ? `, ${attempts} attempts` : ''}`,
    }));
  if (isOver(saga))
    says.push({ name: 'saga', text: `the saga is ${saga.state}${saga.reason ? `: ${saga.reason}` : ''}` });
  return says.flatMap(({ name, text }) => {
    if (seen.get(name) === text) return [];
    seen.set(name, text);
    return [text];
  });
}

interface Actual extends Omit<Expected, 'state' | 'reason'> {
  readonly state: DemoSaga['state'];
  readonly reason: string | undefined;
  readonly retriedSteps: readonly string[];
}

async function actualOf(urls: DemoUrls, saga: DemoSaga): Promise<Actual> {
  const ledger = await readLedger(urls, saga.sagaId);
  const retriedSteps = saga.steps.filter(isRetried).map(({ name }) => name);
  return { state: saga.state, reason: saga.reason ?? undefined, ledger, retriedSteps };
}

/** Each expected end matches exactly one order. */
function matches(expected: readonly Expected[], actual: readonly Actual[]): boolean {
  const left = [...actual];
  for (const one of expected) {
    const index = left.findIndex(
      ({ state, reason, ledger, retriedSteps }) =>
        state === one.state &&
        reason === one.reason &&
        ledger.join() === one.ledger.join() &&
        (one.retried === undefined || retriedSteps.includes(one.retried)),
    );
    if (index === -1) return false;
    left.splice(index, 1);
  }
  return left.length === 0;
}

function describe({ state, reason, ledger, ...rest }: Expected | Actual): string {
  const [inventory, payment, shipping] = ledger;
  const retried = 'retriedSteps' in rest ? rest.retriedSteps : [rest.retried ?? []].flat();
  const verdict = reason === undefined ? state : `${state} (${reason})`;
  const again = retried.length > 0 ? `; more than one attempt: ${retried.join(', ')}` : '';
  return `${verdict}; stock ${inventory}, payment ${payment}, parcel ${shipping}${again}`;
}
