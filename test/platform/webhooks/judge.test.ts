import { judge, PATIENCE_MS, pauseAfter } from '../../../src/platform/webhooks/judge.js';

const answered = (status: number, retryAfter?: string, date?: string) => ({ status, retryAfter, date });

describe('the answer of an endpoint', () => {
  it.each([200, 201, 202, 204, 299])('%i is delivered', (status) => {
    expect(judge(answered(status, '100'))).toEqual({ kind: 'delivered' });
  });

  it('410 ends the endpoint', () => {
    expect(judge(answered(410))).toEqual({ kind: 'ended' });
  });

  it.each([100, 199, 300, 301, 302, 307, 308, 400, 401, 403, 404, 408, 409, 411, 422, 500, 502, 504, 0])(
    '%i is tried again, and its Retry-After does not count',
    (status) => {
      expect(judge(answered(status, '100'))).toEqual({ kind: 'failed' });
    },
  );

  it.each([429, 503])('%i is tried again when the endpoint asks for it, after a day at most', (status) => {
    expect(judge(answered(status))).toEqual({ kind: 'failed' });
    expect(judge(answered(status, 'soon'))).toEqual({ kind: 'failed' });
    expect(judge(answered(status, '120'))).toEqual({ kind: 'failed', retryAfterMs: 120_000 });
    const [at, date] = ['Sun, 06 Nov 1994 08:50:37 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT'];
    expect(judge(answered(status, at, date))).toEqual({ kind: 'failed', retryAfterMs: 60_000 });
    expect(judge(answered(status, '9'.repeat(400)))).toEqual({ kind: 'failed', retryAfterMs: 86_400_000 });
  });
});

describe('the pauses between the attempts of a message', () => {
  it('grow, and are spread by a fifth', () => {
    const middle = Array.from({ length: 12 }, (_, index) => pauseAfter(index + 1, 0.5));
    expect(middle.toSorted((a, b) => a - b)).toEqual(middle);
    expect(middle[0]).toBe(5_000);
    expect(pauseAfter(1, 0)).toBe(4_000);
    expect(pauseAfter(1, 1)).toBe(6_000);
    expect(new Set(Array.from({ length: 50 }, () => pauseAfter(9))).size).toBeGreaterThan(1);
  });

  it('let a message be tried for days, some twenty times', () => {
    let [at, attempts] = [0, 1];
    while (at < PATIENCE_MS) {
      at += pauseAfter(attempts, 0.5);
      attempts += 1;
    }
    expect(PATIENCE_MS).toBeGreaterThanOrEqual(2 * 86_400_000);
    expect(attempts).toBeGreaterThan(12);
    expect(attempts).toBeLessThan(30);
  });
});
