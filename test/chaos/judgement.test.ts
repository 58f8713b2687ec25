import { judge } from './judgement.js';
import type { Findings, Records } from './records.js';
import { ledger, order, refusal, rightRun, saga } from './right-run.js';

const failedIn = (records: Records): string[] =>
  judge(records)
    .filter(({ faults }) => faults.length > 0)
    .map(({ name }) => name);

const found = (change: Partial<Findings>): Records => {
  const right = rightRun();
  return { ...right, findings: { ...right.findings, ...change } };
};

const withSaga = (orderId: string, changed: ReturnType<typeof saga>): Records =>
  found({ sagas: new Map([...rightRun().findings.sagas, [orderId, changed]]) });

describe('the judgement over a chaos run', () => {
  it('finds nothing wrong with a run in which all is right', () => {
    expect(failedIn(rightRun())).toEqual([]);
  });

  it('never passes a run without orders, or without blows', () => {
    expect(failedIn({ ...rightRun(), orders: [] })).toContain(
      'every order was acknowledged, or refused for good reason (0)',
    );
    expect(failedIn({ ...rightRun(), blows: [] })).toContain('every blow was struck and survived (0)');
  });

  it('misses a blow that did not hit, and a process that did not come back', () => {
    for (const change of [{ struck: false }, { recovered: false }]) {
      const [blow] = rightRun().blows;
      const blows = blow === undefined ? [] : [{ ...blow, ...change }];
      expect(failedIn({ ...rightRun(), blows })).toEqual(['every blow was struck and survived (1)']);
    }
  });

  it('names a process that ended by itself, and an answer that is not documented', () => {
    expect(failedIn({ ...rightRun(), deaths: ['api it ended (exit code 1)'] })).toEqual([
      'a process ends only where it was killed',
    ]);
    const [first, ...others] = rightRun().orders;
    const odd = first === undefined ? [] : [{ ...first, oddities: ['POST was answered 500'] }];
    expect(failedIn({ ...rightRun(), orders: [...odd, ...others] })).toEqual([
      'the API answers only what its documentation says',
    ]);
  });

  it('misses an order that was never answered', () => {
    const orders = [...rightRun().orders, { ...order('plain', [], 'd'), placing: 'unanswered' as const }];
    expect(failedIn({ ...rightRun(), orders })).toEqual([
      'every order was acknowledged, or refused for good reason (4)',
    ]);
  });

  it('lets an unknown product be refused, and no other order', () => {
    const refused = (kind: 'plain' | 'unknownProduct') => ({
      ...rightRun(),
      orders: [...rightRun().orders, { ...order(kind, [], 'd'), placing: 'refused' as const }],
    });
    expect(failedIn(refused('unknownProduct'))).toEqual([]);
    expect(failedIn(refused('plain'))).toHaveLength(1);
  });

  it('wants exactly one workflow for each acknowledged order, and none beside', () => {
    const { workflows } = rightRun().findings;
    const exactlyOne = ['an acknowledged order has exactly one workflow'];
    expect(failedIn(found({ workflows: new Map([...workflows, ['order-a', 2]]) }))).toEqual(exactlyOne);
    expect(failedIn(found({ workflows: new Map([...workflows].slice(1)) }))).toEqual(exactlyOne);
    expect(failedIn(found({ workflows: new Map([...workflows, ['order-x', 1]]) }))).toEqual([
      'a workflow belongs to an acknowledged order',
    ]);
  });

  it('finds an order that is lost, one that is blocked, and one that still runs', () => {
    const atRest = 'every acknowledged order has come to rest, none is blocked';
    expect(failedIn(found({ sagas: new Map() }))).toContain(atRest);
    expect(failedIn(withSaga('a', { ...saga('COMPENSATING'), blockedOn: 'process_payment' }))).toContain(atRest);
    expect(failedIn(withSaga('a', saga('PENDING')))).toContain(atRest);
  });

  it('finds an accepted cancel that was not kept, and a cancelled order without a cancel', () => {
    expect(failedIn(withSaga('c', saga('COMPLETED')))).toContain('an accepted cancel is kept (1)');
    expect(failedIn(withSaga('a', saga('CANCELLED')))).toContain('nothing is cancelled that nobody cancelled');
  });

  it('finds an order whose verdict is not what it must be, by its class', () => {
    expect(failedIn(withSaga('b', saga('COMPLETED')))).toContain('orders end as they must: declined (1)');
    expect(failedIn(found({ verdicts: new Map() }))).toEqual(['API and Temporal tell the same verdict']);
  });

  it('excuses as many refusals and dead letters as were armed, and not one more', () => {
    const refused = withSaga('a', saga('FAILED', 'PaymentDeclined'));
    const ledgers = new Map([...refused.findings.ledgers, ['a', ledger({ payment: { status: 'refused' } })]]);
    const verdicts = new Map([...refused.findings.verdicts, ['order-a', 'FAILED']]);
    const run = { ...refused, findings: { ...refused.findings, ledgers, verdicts } };
    expect(failedIn(run)).toEqual(['an order is refused by its own content, or by an armed fault']);
    expect(failedIn({ ...run, faults: [{ planned: refusal('payment'), armed: 'unknown' }] })).toEqual([]);

    const dead = withSaga('a', { ...saga('COMPLETED'), deadLetters: ['send_confirmation'] });
    expect(failedIn(dead)).toEqual(['a dead letter is one that notification refused']);
    expect(failedIn({ ...dead, faults: [{ planned: refusal('notification'), armed: 'yes' }] })).toEqual([]);
  });

  it('passes the sentences of the oracle on', () => {
    const checks = judge(found({ differences: ['money: Captured less refunded is 1.00 EUR'] }));
    expect(checks.at(-1)?.faults).toEqual(['money: Captured less refunded is 1.00 EUR']);
  });

  it('passes on what the journal lacks', () => {
    expect(failedIn(found({ journal: ['order-a: event 3 is missing'] }))).toEqual([
      'the journal: what is stored is what the histories say',
    ]);
  });
});
