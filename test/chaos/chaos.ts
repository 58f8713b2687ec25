/**
 * `npm run test:chaos`: kills and stops the processes of a running system while customers order and cancel, lets it
 * come to rest, and judges what has become of every order.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { strikeAll } from './blows.js';
import { extentFrom, UsageError } from './command-line.js';
import { forEachOrder, gather, readSaga, type Addresses } from './findings.js';
import { judge, type Check } from './judgement.js';
import { LONGEST_DELAY_MS, planFrom, type Extent, type Plan } from './plan.js';
import { trackProgress } from './progress.js';
import type { BlowRecord, FaultRecord, OrderRecord, Records, SagaFound } from './records.js';
import { armAll, disarmAll } from './saboteur.js';
import { openRecords, runShop } from './shop.js';
import { clearStage, endStage, openStage, whenReady, type Stage } from './stage.js';
import { describeChecks, openStory, type Story } from './story.js';

/** Pauses between the attempts of a call grow to a minute. */
const REST_WITHIN_MS = 150_000;
const ASK_AGAIN_AFTER_MS = 500;

const TERMINAL: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

type Happened = Pick<Records, 'orders' | 'blows' | 'faults'>;

async function storm(stage: Stage, plan: Plan, addresses: Addresses, story: Story, signal: AbortSignal) {
  const progress = trackProgress(signal);
  story.follow(progress);
  const orders: OrderRecord[] = openRecords(plan.orders);
  const blows: BlowRecord[] = plan.blows.map((blow) => ({ blow, struck: false, recovered: false }));
  const faults: FaultRecord[] = plan.faults.map((planned) => ({ planned, armed: 'no' }));
  const { gate, done } = strikeAll({ ...stage, progress, story, signal }, blows);
  await Promise.all([
    done,
    armAll({ services: addresses.services, progress, story, signal }, faults),
    runShop(addresses.api, orders, { progress, gate, signal }),
  ]);
  return { orders, blows, faults };
}

const isAtRest = (saga: SagaFound | undefined): boolean =>
  saga !== undefined && (TERMINAL.has(saga.state) || saga.blockedOn !== null);

/** Everything runs and nothing strikes: until every saga is at rest, and every late original has arrived. */
async function comeToRest(addresses: Addresses, { orders }: Happened, story: Story, signal: AbortSignal) {
  await disarmAll({ services: addresses.services, signal });
  const acknowledged = orders.filter(({ placing }) => placing === 'acknowledged');
  const end = performance.now() + REST_WITHIN_MS;
  const sagas = new Map<string, SagaFound>();
  for (;;) {
    const moving = acknowledged.filter(({ order }) => !isAtRest(sagas.get(order.orderId)));
    if (moving.length === 0 || performance.now() > end) break;
    for (const [orderId, saga] of await forEachOrder(moving, (id) => readSaga(addresses.api, id))) {
      sagas.set(orderId, saga);
    }
    await pause(ASK_AGAIN_AFTER_MS, undefined, { signal });
  }
  story.tell(`${sagas.size} of ${acknowledged.length} sagas tell how they stand: ${tally([...sagas.values()])}`);
  await pause(LONGEST_DELAY_MS + 1_000, undefined, { signal });
  return await forEachOrder(acknowledged, (id) => readSaga(addresses.api, id));
}

function tally(sagas: readonly SagaFound[]): string {
  const counts = new Map<string, number>();
  for (const { state } of sagas) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

/** What ended without having been killed, by the supervisor's lines. */
function deathsIn(lines: readonly string[]): string[] {
  return lines.filter((line) => /^\S+ +it ended \((?!SIGKILL\))/.test(line));
}

async function run(extent: Extent, stage: Stage, story: Story, signal: AbortSignal): Promise<Check[]> {
  const addresses = await whenReady(stage);
  story.tell('the system is ready; the storm begins');
  const happened = await storm(stage, planFrom(extent), addresses, story, signal);
  story.tell('the last order is placed and the last blow survived; now it is quiet');
  const sagas = await comeToRest(addresses, happened, story, signal);
  const findings = await gather(addresses, happened.orders, sagas);
  return judge({ ...happened, findings, deaths: deathsIn(stage.system.lines) });
}

/** Whatever happens, everything that was started is ended, and the folder removed. */
async function onStage(extent: Extent, story: Story, called: AbortController): Promise<boolean> {
  const stage = openStage();
  let checks: Check[] = [];
  let broken: string[] = [];
  try {
    checks = await Promise.race([run(extent, stage, story, called.signal), whenCalledOff(called.signal)]);
  } catch (error) {
    broken = [describeError(error)];
    called.abort(error);
  }
  const ending = await endStage(stage);
  const all = [
    ...checks,
    ...(broken.length === 0 ? [] : [{ name: 'the run goes to its end', faults: broken }]),
    { name: 'everything ends when it is told to, and nothing is left running', faults: ending },
  ];
  const failed = all.some(({ faults }) => faults.length > 0);
  const report = describeChecks(all);
  const worthKeeping = failed && !(called.signal.reason instanceof CalledOffError);
  const kept = clearStage(stage, worthKeeping ? [...story.lines, ...report] : undefined);
  if (kept !== undefined) story.say(`the logs of this run are kept in ${kept}`);
  for (const line of report) story.say(line);
  return !failed && checks.length > 0;
}

/** Nobody waits for what a Ctrl-C has cut short: it fails by itself once the processes are gone. */
function whenCalledOff(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

const describeError = (error: unknown): string =>
  error instanceof Error ? error.message.slice(0, 2_000) : String(error);

/** Somebody has ended the run: there is nothing to be found out from its logs. */
class CalledOffError extends Error {
  override readonly name = 'CalledOffError';
}

function callOffOnSignals(called: AbortController, story: Story): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (called.signal.aborted) return;
      story.say(`${signal}: ending everything`);
      called.abort(new CalledOffError(`it was called off by ${signal}`));
    });
  }
}

/** Answers the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const story = openStory((text) => process.stdout.write(text));
  const called = new AbortController();
  setMaxListeners(0, called.signal); // one for each request and wait: not a leak
  try {
    const extent = extentFrom(args);
    story.say(`chaos: seed ${extent.seed}, ${extent.orders} orders, ${extent.kills} kills`);
    story.say(`again: npm run test:chaos -- --seed ${extent.seed} --orders ${extent.orders} --kills ${extent.kills}`);
    callOffOnSignals(called, story);
    return (await onStage(extent, story, called)) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
