/** Which trouble a saga is in, and which condition that makes. */
import { ALERT_KINDS, conditionsOf, type Trouble } from '../../../src/background/watch/alert-kinds.js';
import { judge, type Found, type WatchedSaga } from '../../../src/background/watch/judge.js';

const saga = (sagaId: string, more: Partial<WatchedSaga> = {}): WatchedSaga => ({
  sagaId,
  sagaType: 'OrderFulfillment',
  step: 'process_payment',
  code: null,
  updatedAt: '2026-01-02T00:00:00.000Z',
  createdAt: '2026-01-01T00:00:00.000Z',
  ...more,
});
const nothing: Found = { paused: [], failing: [], blocked: [], unknown: [], quiet: [], overdue: [] };
const kinds = (found: Partial<Found>): string[] =>
  judge({ ...nothing, ...found }).map(({ kind, id }) => `${kind} ${id}`);
const held = (workflowId: string) => ({ workflowId, since: '2026-01-03T00:00:00.000Z', saga: saga(workflowId) });

it('each saga is in one trouble: the most specific one counts (rules 32 and 51)', () => {
  const one = [saga('order-1')];
  const all = { blocked: one, unknown: one, quiet: one, overdue: one };
  expect(kinds({ ...all, paused: [held('order-1')], failing: [held('order-1')] })).toEqual(['SagaPaused order-1']);
  expect(kinds({ ...all, failing: [held('order-1')] })).toEqual(['WorkflowTaskFailing order-1']);
  expect(kinds(all)).toEqual(['SagaBlocked order-1']);
  expect(kinds({ ...all, blocked: [] })).toEqual(['OutcomeUnknown order-1']);
  expect(kinds({ quiet: one, overdue: one })).toEqual(['SagaStuck order-1']);
  expect(kinds({ overdue: one })).toEqual(['SagaPastDeadline order-1']);
});

it('while Temporal does not answer nothing is called stuck or late, and what is blocked still is (rule 51)', () => {
  const found = { quiet: [saga('order-1')], overdue: [saga('order-2')], blocked: [saga('order-3')] };
  expect(kinds({ ...found, paused: undefined, failing: undefined })).toEqual(['SagaBlocked order-3']);
});

it('sagas of one kind, type, step and code are one condition with its count, its oldest and its ids (rule 46)', () => {
  const refused = (sagaId: string, updatedAt: string) => saga(sagaId, { code: 'RefundRefused', updatedAt });
  const blocked = [
    refused('order-2', '2026-01-02T00:00:02.000Z'),
    refused('order-1', '2026-01-02T00:00:01.000Z'),
    saga('order-3', { code: 'Other' }),
    saga('order-4', { code: 'RefundRefused', step: 'create_shipment' }),
    saga('trip-1', { code: 'RefundRefused', sagaType: 'Trip' }),
  ];
  const conditions = conditionsOf(judge({ ...nothing, blocked }));
  expect(conditions).toHaveLength(4);
  expect(conditions[0]).toEqual({
    labels: {
      alertname: 'SagaBlocked',
      severity: 'critical',
      saga_type: 'OrderFulfillment',
      step: 'process_payment',
      code: 'RefundRefused',
    },
    summary: '2 sagas wait for an operator, at process_payment after RefundRefused',
    runbook: 'docs/runbook.md#sagablocked',
    affected: 2,
    oldestSince: '2026-01-02T00:00:01.000Z',
    examples: ['order-1', 'order-2'],
  });
});

it('a saga that is late is as old as its start, and one that is stuck as its last event', () => {
  const [stuck] = judge({ ...nothing, quiet: [saga('order-1')] });
  const [late] = judge({ ...nothing, overdue: [saga('order-1')] });
  expect([stuck?.since, late?.since]).toEqual(['2026-01-02T00:00:00.000Z', '2026-01-01T00:00:00.000Z']);
});

it.each(Object.keys(ALERT_KINDS) as Trouble['kind'][])(
  '%s has labels that begin with its name and severity',
  (kind) => {
    const [condition] = conditionsOf([{ kind, id: 'x', since: '2026-01-01T00:00:00.000Z' }]);
    expect(condition?.labels).toEqual({ alertname: kind, severity: ALERT_KINDS[kind].severity });
  },
);
