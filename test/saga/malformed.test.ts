/** Whatever arrives as the input of an Update is refused by its validator, or is a request (A9): no workflow task fails. */
import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import proto from '@temporalio/proto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { farAhead, refusalOf, theatre, type Running, type Stage } from './stage.js';

const { UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED: COMPLETED } =
  proto.temporal.api.enums.v1.UpdateWorkflowExecutionLifecycleStage;

const play = theatre();

const MESSAGES = ['cancelSaga', 'approve', 'reject', 'resolveStep'] as const;
const waiting = ({ start }: Stage): Promise<Running> => start([[{ name: 'approval', kind: 'approval' }]]);

const send = (saga: Running, message: string, args: unknown[]): Promise<string | null | undefined> =>
  refusalOf(saga.executeUpdate<unknown, [unknown]>(message, { updateId: randomUUID(), args: args as [unknown] }));

/** The saga still answers, and no workflow task of it has failed. */
async function expectUnharmed(stage: Stage, saga: Running): Promise<void> {
  expect(await stage.recordOf(saga)).toMatchObject({ state: 'PENDING', waitingFor: { approval: 'approval' } });
  const { events = [] } = await saga.fetchHistory();
  expect(events?.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
}

const right = (): Record<string, unknown> => ({
  actor: 'olga',
  reason: 'looked into it',
  validUntil: farAhead(),
  step: 'a',
  action: 'retry',
  requestId: 'r-1',
});

it.each(MESSAGES)('(A9) %s without input, with null, a text or a list is InvalidRequest', (message) =>
  play(async (stage) => {
    const saga = await waiting(stage);
    for (const args of [[], [null], ['cancel'], [[]], [1], [true], [{}]]) {
      expect([args, await send(saga, message, args)]).toEqual([args, 'InvalidRequest']);
    }
    await expectUnharmed(stage, saga);
    await saga.terminate();
  })(),
);

it.each([
  ['validUntil', [1, 0, '1', 'now', 'Tue, 01 Jan 2999', '2999', '2999-01-01', null, {}, [], '2999-13-01T00:00:00Z']],
  ['actor', ['', ' ', 5, null, {}, 'x'.repeat(1_001), 'a\u0000b', '\ud800']],
  ['reason', ['', ' ', 5, null, ['x'], 'x'.repeat(1_001), 'a\u0000b', 'b\udfff']],
  ['requestId', ['', ' ', 5, null, {}, '\u0000']],
  ['step', ['', 5, null, {}]],
  ['action', ['', 'undo', 5, null, ['retry'], '__proto__', 'constructor']],
])('(A9) a decision whose %s is malformed is InvalidRequest', (field, values) =>
  play(async (stage) => {
    const saga = await waiting(stage);
    for (const value of values) {
      const answer = await send(saga, 'resolveStep', [{ ...right(), [field]: value }]);
      expect([value, answer]).toEqual([value, 'InvalidRequest']);
    }
    await expectUnharmed(stage, saga);
    await saga.terminate();
  })(),
);

it(
  '(A9) any JSON as the input of any message is refused with a typed failure, and the saga goes on',
  play(async (stage) => {
    const saga = await waiting(stage);
    const changed = fc.record(
      {
        actor: fc.oneof(fc.constant('olga'), fc.jsonValue()),
        reason: fc.oneof(fc.constant('why'), fc.jsonValue()),
        validUntil: fc.oneof(fc.constant('2001-01-01T00:00:00Z'), fc.jsonValue()),
        requestId: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString'), fc.jsonValue()),
        step: fc.oneof(fc.constantFrom('approval', '__proto__'), fc.jsonValue()),
        action: fc.oneof(fc.constantFrom('retry', 'skip'), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const inputs = fc.array(fc.oneof(fc.jsonValue(), changed), { maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...MESSAGES), inputs, async (message, args) => {
        // Nothing of it is valid any more, so nothing may be accepted.
        expect(['InvalidRequest', 'NotDecided']).toContain(await send(saga, message, args));
      }),
      { numRuns: 200 },
    );
    await expectUnharmed(stage, saga);
    await stage.answer(saga, 'approve');
    expect(await stage.outcomeOf(saga)).toMatchObject({ state: 'COMPLETED' });
  }),
);

it(
  '(A9) an input that is not even JSON is refused, and the saga goes on',
  play(async (stage) => {
    const saga = await waiting(stage);
    const text = (value: string) => new TextEncoder().encode(value);
    const json = defaultPayloadConverter.toPayload({ ...right() });
    const payloads: Payload[] = [
      { metadata: { encoding: text('json/plain') }, data: text('{"actor":') },
      { metadata: { encoding: text('binary/plain') }, data: Uint8Array.from([0xff, 0]) },
      { metadata: { encoding: text('no/such') }, data: text('{}') },
      { data: text('{}') },
      { ...json, metadata: { encoding: text('json/protobuf') } },
    ];
    const { connection, options } = saga.client;
    for (const payload of payloads) {
      const { outcome } = await connection.workflowService.updateWorkflowExecution({
        namespace: options.namespace,
        workflowExecution: { workflowId: saga.workflowId },
        waitPolicy: { lifecycleStage: COMPLETED },
        request: { meta: { updateId: randomUUID() }, input: { name: 'cancelSaga', args: { payloads: [payload] } } },
      });
      expect(outcome?.failure).toBeTruthy();
    }
    await expectUnharmed(stage, saga);
    await saga.terminate();
  }),
);
