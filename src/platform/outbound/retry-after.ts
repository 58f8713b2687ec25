/**
 * The time after which a service asks to be called again, in seconds: `Retry-After` as seconds or as an HTTP-date, in
 * its three forms (RFC 9110, sections 5.6.7 and 10.2.3). Undefined if absent or unreadable. A date is compared with
 * the answer's own `Date`, so that the clocks need not agree.
 */
export function retryAfterOf(
  retryAfter: string | undefined,
  date: string | undefined,
  now = Date.now(),
): number | undefined {
  const text = retryAfter?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text);
  const at = timeOf(text);
  return at === undefined ? undefined : Math.max(0, (at - (timeOf(date ?? '') ?? now)) / 1_000);
}

/** `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`. */
function timeOf(text: string): number | undefined {
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
