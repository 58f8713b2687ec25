/** Requests as lines that can be pasted into a terminal. */
import type { Sent } from './options.js';

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** The token is shown as `$TOKEN`, and user and password of a URL not at all. */
export function curlOf({ method, url, body }: Pick<Sent, 'method' | 'url' | 'body'>, withToken: boolean): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return [
    `curl -X ${method} ${quoted(shown.href)}`,
    ...(withToken ? ['-H "authorization: Bearer $TOKEN"'] : []),
    ...(body === undefined ? [] : [`-H 'content-type: application/json' --data-raw ${quoted(body)}`]),
  ].join(' ');
}
