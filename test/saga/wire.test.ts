import * as fc from 'fast-check';
import type { JournalHeader, SagaEvent } from '../../src/saga/journal.js';
import { pack, unpack } from '../../src/saga/wire.js';

const time = fc
  .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const step = fc.constantFrom('a', 'b', 'c', 'a step', '0');
const plain = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.constant(null)));
const kind = fc.constantFrom('compensatable' as const, 'pivot' as const, 'retriable' as const);

const events: fc.Arbitrary<(sagaType: string) => SagaEvent> = fc.oneof(
  fc
    .record({ data: plain, steps: fc.array(fc.record({ name: step, kind }), { maxLength: 4 }) })
    .map((started) => (sagaType: string) => ({ type: 'SagaStarted' as const, sagaType, ...started })),
  fc
    .record({
      type: fc.constantFrom('SagaStepStarted' as const, 'SagaCompensationStarted' as const),
      step,
      timeoutAt: time,
    })
    .map((event) => () => event),
  fc
    .record({ type: fc.constant('SagaStepCompleted' as const), step, attempts: fc.nat(), result: plain })
    .map((event) => () => event),
  fc.record({ type: fc.constant('SagaBlocked' as const), step, code: fc.string() }).map((event) => () => event),
);

const headers: fc.Arbitrary<JournalHeader> = fc
  .record({
    sagaId: fc.constantFrom('order-1', 'another'),
    sagaType: fc.string(),
    first: fc.nat(),
    list: fc.array(fc.tuple(time, events), { maxLength: 6 }),
    required: fc.boolean(),
    closing: fc.option(
      fc.record({
        step,
        state: fc.constantFrom('COMPLETED' as const, 'FAILED' as const, 'CANCELLED' as const),
        reason: fc.option(fc.string()),
        tried: fc.option(fc.nat()),
      }),
    ),
  })
  .map(({ sagaId, sagaType, first, list, required, closing }) => ({
    sagaId,
    sagaType,
    entries: list.map(([at, event], index) => ({ seq: first + index, at, event: event(sagaType) })),
    // What closes is required as well.
    ...((required || closing) && { required: true as const }),
    ...(closing && { closing: closingOf(closing) }),
  }));

const closingOf = ({
  tried,
  ...closing
}: Omit<NonNullable<JournalHeader['closing']>, 'tried'> & { tried: number | null }) => ({
  ...closing,
  ...(tried !== null && { tried }),
});

it('whatever a header carries arrives as it was sent (rule 31)', () => {
  fc.assert(
    fc.property(headers, (header) => {
      const arrived: unknown = unpack(JSON.parse(JSON.stringify(pack(header, 'order-1'))), 'order-1');
      expect(arrived).toEqual(JSON.parse(JSON.stringify(header)));
    }),
    { numRuns: 500 },
  );
});
