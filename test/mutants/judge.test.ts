import { judge, type Report } from './judge.js';
import { readMutant } from './patch.js';

const FILE = 'test/saga/saga.test.ts';

const reportOf = (...tests: [fullName: string, status: string, failure?: string][]): Report => ({
  testResults: [
    {
      name: `/tmp/copy/${FILE}`,
      message: '',
      assertionResults: tests.map(([fullName, status, failure]) => ({
        fullName,
        status,
        failureMessages: failure === undefined ? [] : [failure],
      })),
    },
  ],
});

const ASSERTION =
  'Error: \u001b[2mexpect(\u001b[22m\u001b[31mreceived\u001b[39m\u001b[2m).\u001b[22mtoEqual(expected)\n  at x.ts';

describe('a planted bug (rule 35)', () => {
  it('is caught if an assertion of the targeted test fails', () => {
    const report = reportOf(['a saga undoes it', 'failed', ASSERTION], ['a saga goes on', 'pending']);
    expect(judge(report, FILE, 'undoes it')).toEqual({
      kind: 'caught',
      why: 'Error: expect(received).toEqual(expected)',
    });
  });

  it('has survived if the targeted test passes, even if others fail', () => {
    const report = reportOf(['a saga undoes it', 'passed'], ['a saga goes on', 'failed', ASSERTION]);
    expect(judge(report, FILE, 'undoes it').kind).toBe('passed');
  });

  it.each([
    ['time-out', 'thrown: "Exceeded timeout of 60000 ms for a test.'],
    ['set-up that failed', 'Error: connect ECONNREFUSED 127.0.0.1:1'],
    ['error that only quotes an assertion', 'Error: no server\n  expect(server)'],
  ])('is not caught by a %s', (_, failure) => {
    expect(judge(reportOf(['a saga undoes it', 'failed', failure]), FILE, 'undoes it').kind).toBe('undecided');
  });

  it('is not caught by one test while another errs', () => {
    const report = reportOf(['undoes it 1', 'failed', ASSERTION], ['undoes it 2', 'failed', 'Error: no server']);
    expect(judge(report, FILE, 'undoes it')).toMatchObject({
      kind: 'undecided',
      why: expect.stringContaining('no server'),
    });
  });

  it('is not caught by a test that is not there, nor by a file that does not run', () => {
    expect(judge(undefined, FILE, 'undoes it').kind).toBe('undecided');
    expect(judge(reportOf(['a saga undoes it', 'pending']), FILE, 'undoes it').kind).toBe('undecided');
    const broken = { name: `/tmp/copy/${FILE}`, message: 'SyntaxError: no', assertionResults: [] };
    const finding = judge({ testResults: [broken] }, FILE, 'undoes it');
    expect(finding.kind).toBe('undecided');
    expect(finding.why).toContain('SyntaxError: no');
  });
});

describe('the header of a patch', () => {
  const lines = ['Rule: 1', 'Mistake: It is late.', `Test: ${FILE}`, 'Name: undoes it', '', '--- a/x.ts', '+++ b/x.ts'];

  it('says the rule, the mistake, and the test that must catch it', () => {
    expect(readMutant('late.patch', lines.join('\n'))).toMatchObject({
      name: 'late',
      rule: '1',
      source: 'x.ts',
      test: FILE,
      testName: 'undoes it',
      expected: 'caught',
    });
  });

  it.each([0, 1, 2, 3, 6])('misses nothing: without line %i it is refused by its name', (index) => {
    expect(() => readMutant('late.patch', lines.toSpliced(index, 1).join('\n'))).toThrow('late: the patch has no line');
  });
});
