/** When the typed client may repeat a request that was refused: `Retry-After` in both forms of RFC 9110 (P9). */
import http from 'node:http';
import { ApiError, createClient } from '../../src/client/client.js';
import { listen, stop, urlOf } from '../api/listening.js';

let server: http.Server;
let answer: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await listen(
    http.createServer((_req, res) => {
      res.sendDate = false;
      res.writeHead(503, { 'content-type': 'application/problem+json', ...answer });
      res.end(JSON.stringify({ type: '/problems/Overloaded', title: 'Full.', status: 503, code: 'Overloaded' }));
    }),
  );
});
afterAll(() => stop(server));

async function refused(headers: Record<string, string>): Promise<ApiError> {
  answer = headers;
  const error: unknown = await createClient({ baseUrl: urlOf(server) })
    .getOrder({ params: { orderId: '1' } })
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof ApiError)) throw new Error('the request was not refused');
  expect(error).toMatchObject({ status: 503, problem: { code: 'Overloaded' } });
  return error;
}

/** The server's own clock, which need not be ours. */
const date = 'Sun, 06 Nov 1994 08:49:00 GMT';

it.each([
  ['a number of seconds', '30', 30],
  ['no time at all', '0', 0],
  ['seconds with blanks around them', ' 120 ', 120],
  ['a date', 'Sun, 06 Nov 1994 08:49:37 GMT', 37],
  ['a date in the form of RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT', 37],
  ['a date in the form of asctime', 'Sun Nov  6 08:49:37 1994', 37],
  ['a date that has passed', 'Sun, 06 Nov 1994 08:48:00 GMT', 0],
])('the client says after how many seconds a request may be repeated: %s (P9)', async (_form, text, seconds) => {
  expect((await refused({ 'retry-after': text, date })).retryAfter).toBe(seconds);
});

it('a date is compared with this machine’s clock if the answer has none of its own (P9)', async () => {
  const inAMinute = new Date(Date.now() + 60_000).toUTCString();
  const { retryAfter = 0 } = await refused({ 'retry-after': inAMinute });
  expect(retryAfter).toBeGreaterThan(0);
  expect(retryAfter).toBeLessThanOrEqual(60);
});

it.each([[undefined], ['soon'], ['-5'], ['1.5'], ['1e3'], ['Sun, 99 Nov 1994 08:49:37 GMT'], ['']])(
  'a `Retry-After` that cannot be read is none: %j (P9)',
  async (text) => {
    const error = await refused({ date, ...(text !== undefined && { 'retry-after': text }) });
    expect(error.retryAfter).toBeUndefined();
  },
);
