/** Plays the whole matrix of steps and faults in one shop, and prints what was found. */
import { expectAsTheWorkflow } from '../journal/as-the-workflow.js';
import { TimeStoodStillError } from '../../src/saga/testing/time.js';
import type { SagaPolicy } from '../../src/workflows/messages.js';
import { openShop, type Shop, type ShopOptions } from '../workflows/shop.js';
import { watchCalls } from './calls.js';
import { expectedOf, FAULTS, STEPS, type Expected, type FaultName, type StepName } from './expected.js';
import { expectNotice, expectOneEnd, expectReverseUndoing } from './facts.js';
import { openCell, playFault, type Cell } from './faults.js';
import { printTable } from './table.js';

/** What was found in each cell, as it is printed. */
type Findings = Map<string, string>;

const cellName = (fault: FaultName, step: StepName): string => `${fault} × ${step}`;

/** Where it is played if not on the time-skipping server, and with which budgets. */
export interface MatrixOptions extends Pick<ShopOptions, 'openServer'> {
  readonly policy?: Partial<SagaPolicy>;
}

export function describeMatrix(title: string, copies: 1 | 2, { policy, ...options }: MatrixOptions = {}): void {
  const calls = watchCalls(copies);
  const found: Findings = new Map();
  let shop: Shop;
  const open = async (): Promise<void> => {
    // Without a cache each workflow task starts from its history alone, so a worker can go away at any time.
    shop = await openShop({ ...options, journal: {}, interceptors: [calls.interceptor], maxCachedWorkflows: 0 });
  };
  beforeAll(open);
  afterAll(async () => {
    printTable(title, rowsOf(found));
    await shop?.close();
  });

  describe.each(FAULTS)(`${title}: %s`, (fault) => {
    it.each(STEPS)(
      'at %s ends as it was written down before, and is stored as it was (rules 31 and 34)',
      async (step) => {
        const expected = expectedOf(fault, step);
        if ('notApplicable' in expected) {
          found.set(cellName(fault, step), 'n/a');
          return;
        }
        const play = async (): Promise<void> => {
          const cell = openCell(shop, calls, copies, step, policy);
          await shop.disarm();
          await playFault(fault, cell);
          await judge(cell, fault, expected);
          // Only there does the undo come while the first copy's answer is under way.
          if (fault !== 'cancelled during') expect(calls.overtaken).not.toContain(cell.sagaId);
        };
        await play().catch(async (error: unknown) => {
          if (!(error instanceof TimeStoodStillError)) throw error;
          // A server that has stopped (test/support/temporal.ts, 3) would fail every later cell as well. A fault of ours
          // stops the next server, too.
          process.stderr.write(`${title}: the server stopped at ${cellName(fault, step)}; once more on another one\n`);
          await shop.close();
          await open();
          await play();
        });
        found.set(cellName(fault, step), verdictText(expected));
      },
    );
  });

  it(`${title}: no cell is missing, and both copies of each call were answered alike (rules 19 and 23)`, () => {
    const cells = FAULTS.flatMap((fault) => STEPS.map((step) => cellName(fault, step)));
    expect([...found.keys()].toSorted()).toEqual(cells.toSorted());
    expect(calls.unequal).toEqual([]);
  });
}

async function judge(cell: Cell, fault: FaultName, expected: Expected): Promise<void> {
  const { shop, sagaId, step, seen } = cell;
  const outcome = await shop.outcomeOf(sagaId);
  const record = await shop.recordOf(sagaId);
  expect({
    state: outcome.state,
    reason: outcome.reason,
    step: record.steps.find(({ name }) => name === step)?.status,
    waived: outcome.waivers.some((waiver) => waiver.step === step && waiver.actor === 'olga'),
    deadLetter: outcome.deadLetters.includes(step),
    ...seen,
  }).toEqual(expected);
  expect(outcome.waivers).toHaveLength(expected.waived ? 1 : 0);
  expect(outcome.deadLetters).toHaveLength(expected.deadLetter ? 1 : 0);
  const journal = await shop.journalOf(sagaId);
  expectOneEnd(journal, record);
  expectReverseUndoing(journal, record);
  await expectNotice(shop, sagaId, record);
  await expectAsTheWorkflow(shop, sagaId);
  if (expected.step === 'nothingToDo' && fault !== 'refused') await expectTombstone(cell);
  // The delayed originals are still under way: what they find is a tombstone, so the books stay as they are.
  expect(await shop.differences()).toEqual([]);
}

/** Rule 20: undoing what never happened has left a tombstone, and an original that comes late is refused. */
async function expectTombstone({ shop, service, resource, body, sagaId, orderId }: Cell): Promise<void> {
  expect(await shop.ledgerOf(service, resource(sagaId))).toMatchObject({ status: 'fenced', effect: 'none' });
  await shop.disarm();
  const late = await shop.call(service, 'PUT', resource(sagaId), body(orderId));
  expect([late.status, late.body['code']]).toEqual([410, 'AlreadyCancelled']);
}

function verdictText({ state, reason, waived, deadLetter, blocked, cancel }: Expected): string {
  const notes = [
    state === 'FAILED' && reason,
    cancel === 'AlreadyFulfilled' && 'cancel refused',
    blocked && 'blocked, resolved',
    waived && 'waiver',
    deadLetter && 'dead letter',
  ].filter((note) => !!note);
  return `${state}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}, books agree`;
}

function rowsOf(found: Findings): string[][] {
  const cells = (fault: FaultName) => STEPS.map((step) => found.get(cellName(fault, step)) ?? 'GAP');
  return [['fault', ...STEPS], ...FAULTS.map((fault) => [fault, ...cells(fault)])];
}
