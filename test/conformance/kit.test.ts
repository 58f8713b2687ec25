/** The kit itself: the right participant passes, and each planted bug is caught by the check that names its rule (rule 35). */
import {
  checkParticipant,
  exitCodeOf,
  type ConformanceOptions,
  type ConformanceReport,
} from '../../src/conformance/conformance.js';
import { CHECKS } from '../../src/conformance/checks.js';
import { describeEnd, describeResult } from '../../src/conformance/report.js';
import { makeCertificates } from '../support/certificates.js';
import { CAUGHT_BY, CAUGHT_WITHOUT_UNDO, type Bug } from './planted.js';
import { startSmallParticipant, type SmallParticipant } from './small-participant.js';

const body = { orderId: 'o-1', card: 'good', amount: 100 };

/** All that the kit can be given for it. */
const everything = ({ url, books }: SmallParticipant): ConformanceOptions => ({
  url: `${url}/api/charges`,
  body,
  otherBody: { ...body, amount: 200 },
  refusedBody: { ...body, card: 'declined' },
  refusedUndoBody: { ...body, card: 'disputed' },
  prepare: {
    refuseAction: { method: 'POST', url: `${url}/arm`, body: { operation: 'PUT', isArmed: true } },
    refuseUndo: { method: 'POST', url: `${url}/arm`, body: { operation: 'DELETE', isArmed: true } },
    allowUndo: { method: 'POST', url: `${url}/arm`, body: { operation: 'DELETE', isArmed: false } },
  },
  books,
});

let participant: SmallParticipant;
afterEach(() => participant.close());

async function play(
  manners: Parameters<typeof startSmallParticipant>[0] = {},
  asked: Partial<ConformanceOptions> = {},
): Promise<ConformanceReport> {
  participant = await startSmallParticipant(manners);
  return checkParticipant({ ...everything(participant), ...asked });
}

const named = ({ results }: ConformanceReport, outcome: string): string[] =>
  results.flatMap((result) => (result.outcome === outcome ? [result.name] : []));

const notPassed = ({ results }: ConformanceReport) => results.filter(({ outcome }) => outcome !== 'passed');

it('a participant that keeps the contract passes each rule', async () => {
  const report = await play();
  expect(notPassed(report)).toEqual([expect.objectContaining({ name: 'cannot-undo', outcome: 'doesNotApply' })]);
  expect(report.results.map(({ name }) => name)).toEqual(CHECKS.map(({ name }) => name));
  expect(exitCodeOf(report)).toBe(0);
});

it('it passes also if every seventh request is answered 503: that asks for a repeat and says nothing else (rule 10)', async () => {
  expect(named(await play({ weather: true }), 'passed')).toHaveLength(CHECKS.length - 1);
});

it('no rule counts as broken because the network loses every seventh answer: the call is repeated (rule 10)', async () => {
  expect(named(await play({ lossy: true }), 'failed')).toEqual([]);
});

it.each(Object.entries(CAUGHT_BY))('"%s" is caught by the check %s and by no other (rule 35)', async (bug, check) => {
  const report = await play({ bug: bug as Bug });
  expect(named(report, 'failed')).toEqual([check]);
  expect(exitCodeOf(report)).toBe(1);
});

it('each check has a planted bug that it catches (rule 35)', async () => {
  participant = await startSmallParticipant();
  const caught = new Set<string>([...Object.values(CAUGHT_BY), ...Object.values(CAUGHT_WITHOUT_UNDO)]);
  expect(CHECKS.map(({ name }) => name).filter((name) => !caught.has(name))).toEqual([]);
});

describe('a participant that can take nothing back', () => {
  const aboutUndo = CHECKS.filter(({ name }) => /undo|tombstone|neighbours|race|overtaken/.test(name));

  it('passes without the rules of compensations, and the report names the effects that stand', async () => {
    const report = await play({ undoable: false }, { without: ['undo'] });
    expect(named(report, 'doesNotApply')).toEqual(
      aboutUndo.map(({ name }) => name).filter((name) => name !== 'cannot-undo'),
    );
    expect(exitCodeOf(report)).toBe(0);
    expect(report.remaining.map(({ id }) => id)).toEqual([...participant.standing()].toSorted());
  });

  it.each(Object.entries(CAUGHT_WITHOUT_UNDO))('"%s" is caught by the check %s (rule 35)', async (bug, check) => {
    expect(named(await play({ undoable: false, bug: bug as Bug }, { without: ['undo'] }), 'failed')).toEqual([check]);
  });
});

it('a rule that cannot be tried is listed with what to give, and is never passed over as if it held', async () => {
  const missing = { otherBody: undefined, refusedBody: undefined, refusedUndoBody: undefined, prepare: undefined };
  const report = await play({}, missing);
  expect(named(report, 'failed')).toEqual([]);
  expect(report.results.flatMap(({ name, outcome, why }) => (outcome === 'notTried' ? [[name, why]] : []))).toEqual([
    ['mismatch', 'give --other-body'],
    ['refused', 'give --refused-body'],
    ['refusal-stored', 'give --refused-body'],
    ['refusal-kept', 'give refuseAction in --prepare'],
    ['undo-of-refused', 'give --refused-body'],
    ['undo-refused', 'give --refused-undo-body, or refuseUndo in --prepare'],
    ['undo-afresh', 'give refuseUndo and allowUndo in --prepare'],
    ['contents-at-once', 'give --other-body'],
  ]);
  expect(exitCodeOf(report)).toBe(2);
});

it('a preparation that prepares nothing proves nothing: the rule is not reached, which is no success', async () => {
  participant = await startSmallParticipant();
  const nothing = { method: 'POST', url: `${participant.url}/arm`, body: { operation: 'GET' } };
  const prepare = { refuseAction: nothing, refuseUndo: nothing, allowUndo: nothing };
  const report = await checkParticipant({ ...everything(participant), prepare });
  expect(named(report, 'notReached')).toEqual(['refusal-kept', 'undo-afresh']);
  expect(exitCodeOf(report)).toBe(1);
});

it('everything is compensated at the end, but for what the participant refuses to compensate, which is named', async () => {
  const report = await play();
  expect(participant.standing()).toEqual(report.remaining.map(({ id }) => id));
  expect(report.remaining).toEqual([
    { id: `${report.ids}-undo-refused-1`, why: expect.stringContaining('409 {"type":"urn:example:Disputed"') },
  ]);
});

it('ids have the prefix and the suffix that were asked for, and bodies may name them', async () => {
  const asked = { idPrefix: 'ours', idSuffix: '-confirmation', body: { ...body, orderId: 'for-{id}' } };
  const report = await play({}, asked);
  expect(named(report, 'failed')).toEqual([]);
  expect(await participant.books(`${report.ids}-applied-1-confirmation`)).toEqual({ charges: 1, refunds: 1 });
  expect(report.ids).toMatch(/^ours-[0-9a-f]{8}$/);
});

it('a stop ends the run at the rule that is being tried, and compensates what stands', async () => {
  const stopping = new AbortController();
  const seen: string[] = [];
  const report = await play(
    {},
    {
      stop: stopping.signal,
      onResult: ({ name }) => {
        seen.push(name);
        if (name === 'neighbours') stopping.abort();
      },
    },
  );
  expect(seen.at(-1)).toBe('neighbours');
  expect(report).toMatchObject({ stopped: true, remaining: [] });
  expect(participant.standing()).toEqual([]);
  expect(exitCodeOf(report)).toBe(2);
});

describe('a participant that asks for a token', () => {
  it('is played with it, and the curl lines do not show it', async () => {
    const manners = { token: 'secret-token', bug: 'there is no tombstone' } as const;
    const report = await play(manners, { credentials: { token: 'secret-token' } });
    expect(named(report, 'failed')).toEqual(['tombstone']);
    const lines = report.results.flatMap((result) => describeResult(result, true)).join('\n');
    expect(lines).toContain(`-H "authorization: Bearer $TOKEN"`);
    expect(lines).not.toContain('secret-token');
  });

  it('is not played without it: nothing can be tried', async () => {
    await expect(play({ token: 'secret-token' })).rejects.toThrow('does not accept our credentials: 401');
  });
});

it('is played over TLS with a certificate of its own, also by the callers that leave', async () => {
  const certificates = makeCertificates();
  const { ca, client } = certificates;
  try {
    const report = await play({ tls: certificates }, { credentials: { tls: { ca, ...client } } });
    expect(notPassed(report).map(({ name }) => name)).toEqual(['cannot-undo']);
  } finally {
    certificates.remove();
  }
});

it('a participant that says when to come again is waited for, as often as it says so (rule 10)', async () => {
  expect(named(await play({ busy: 9 }), 'failed')).toEqual([]);
});

it('a participant that a request ends is blamed for that request alone', async () => {
  const report = await play({ frail: true });
  expect(named(report, 'failed')).toEqual(['cut-off']);
  const later = report.results.filter(({ why }) => why === 'the participant does not answer any more');
  expect(later.map(({ name }) => name)).toEqual(CHECKS.slice(-5).map(({ name }) => name));
  expect(report.remaining.length).toBeGreaterThan(0);
  expect(exitCodeOf(report)).toBe(1);
});

it('a participant that is not there is an error and no broken rule', async () => {
  participant = await startSmallParticipant();
  const url = 'http://127.0.0.1:9/api/charges';
  await expect(checkParticipant({ ...everything(participant), url })).rejects.toThrow(
    'There is no answer from 127.0.0.1:9',
  );
});

it('a broken rule is reported with what was expected, what was seen, and the requests as curl lines', async () => {
  const report = await play({ bug: 'there is no tombstone' });
  const failed = report.results.filter(({ outcome }) => outcome === 'failed');
  const at = `${participant.url}/api/charges/${report.ids}-tombstone-1`;
  const answer = `{"id":"${report.ids}-tombstone-1","status":"applied","effect":"applied","orderId":"o-1","chargeId":`;
  expect(failed.flatMap((result) => describeResult(result, false))).toEqual([
    expect.stringMatching(/^FAILED {9}rule 20 tombstone: The compensation of what never happened/),
    '  expected: 410 {"code":"AlreadyCancelled"}',
    expect.stringContaining(`  seen:     200 ${answer}`),
    `  curl -X DELETE '${at}' # 200`,
    `  curl -X PUT '${at}' -H 'content-type: application/json' --data-raw '${JSON.stringify(body)}' # 200`,
  ]);
  expect(describeEnd(report).at(-1)).toMatch(/^\d+ passed, 1 failed, \d+ not reached, 1 does not apply$/);
});

it('of a crowd only the requests about the effect in question are shown', async () => {
  const report = await play({ bug: 'a compensation does not wait for an action' });
  const [race] = report.results.filter(({ outcome }) => outcome === 'failed');
  expect(new Set(race?.requests?.map(({ url }) => url)).size).toBe(1);
});
