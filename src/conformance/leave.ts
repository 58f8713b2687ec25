/** A caller that leaves in the middle of a request, as after a crash, a time-out or a broken network. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { Outgoing } from '../platform/outbound/exchange.js';
import { readTlsFiles } from '../platform/outbound/service-access.js';

/** `halfway`: half of the body was sent. `once sent`: all was sent. `as the answer begins`: it was handled, too. */
export type Leaving = 'halfway' | 'once sent' | 'as the answer begins';

/**
 * Makes the request on a connection of its own and breaks it. The result does not tell if the participant was there.
 */
export async function leave(
  outgoing: Pick<Outgoing, 'method' | 'url' | 'access' | 'headers' | 'body' | 'within'>,
  when: Leaving,
) {
  const { method, url, access, body = '' } = outgoing;
  const { request } = url.protocol === 'https:' ? https : http;
  const bytes = Buffer.from(body);
  const headers = {
    ...outgoing.headers,
    ...(bytes.length > 0 && { 'content-length': bytes.length }),
    ...(access?.token !== undefined && { authorization: `Bearer ${access.token}` }),
  };
  const sent = request(url, { method, headers, agent: false, ...readTlsFiles(access?.tls ?? {}) });
  const gone = new Promise<void>((resolve) => sent.once('close', resolve));
  sent.on('error', () => undefined);
  const late = setTimeout(() => sent.destroy(), outgoing.within);
  if (when === 'halfway') {
    sent.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => sent.destroy());
  } else {
    const enough = once(sent, when === 'once sent' ? 'finish' : 'response');
    sent.end(bytes.length > 0 ? bytes : undefined);
    enough.then(
      () => sent.destroy(),
      () => undefined,
    );
  }
  await gone;
  clearTimeout(late);
}
