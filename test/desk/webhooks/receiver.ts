/** A shop's endpoint: a real HTTP server that keeps what it gets, checks signatures, and answers as a test wants. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly id: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly message: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: { readonly orderId?: string; readonly [field: string]: unknown };
  };
}

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Connections so far, also those over which nothing was sent. */
  connections(): number;
  /** How it answers from now on. `hang`: it does not. */
  answer: (received: Received, response: ServerResponse) => void;
  close(): Promise<void>;
}

export const status =
  (code: number, headers: Record<string, string> = {}) =>
  (_received: Received, response: ServerResponse): void =>
    void response.writeHead(code, headers).end();

export const hang = (): void => undefined;

export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let connections = 0;
  const server: Server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const id = String(request.headers['webhook-id']);
      const message = JSON.parse(body) as Received['message'];
      const got = { id, path: request.url ?? '', headers: request.headers, body, message };
      received.push(got);
      receiver.answer(got, response);
    });
  });
  server.on('connection', () => (connections += 1));
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://localhost:${port}/hooks`,
    port,
    received,
    connections: () => connections,
    answer: status(204),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

/** As a receiver checks it, by the specification: one of the signatures is that of the secret. */
export function isSignedBy(secret: string, { headers, body, id }: Received): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const content = `${id}.${String(headers['webhook-timestamp'])}.${body}`;
  const expected = createHmac('sha256', key).update(content).digest();
  return String(headers['webhook-signature'])
    .split(' ')
    .some((signature) => {
      const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
}
