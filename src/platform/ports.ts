/** Ports on the loopback address. */
import net from 'node:net';
import { StartError } from './start-error.js';
import { codeOf, reasonOf } from './reason.js';

async function listenOnce(port: number, host: string): Promise<number> {
  const server = net.createServer();
  return await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        resolve(address !== null && typeof address === 'object' ? address.port : port);
      });
    });
  });
}

/**
 * A port that is free now. Another process may take it before it is used; listening then fails with its own sentence.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  try {
    return await listenOnce(0, host);
  } catch (error) {
    throw portError('any', 0, host, error);
  }
}

/** Throws an error of one sentence if a server already listens on the port. */
export async function requireFreePort(variable: string, port: number, host = '127.0.0.1'): Promise<void> {
  try {
    await listenOnce(port, host);
  } catch (error) {
    throw portError(variable, port, host, error);
  }
}

/** The sentence for a `listen` that failed. */
export function portError(variable: string, port: number, host: string, error: unknown): Error {
  const code = codeOf(error);
  if (code === 'EADDRINUSE') {
    return new StartError(
      `Port ${port} (${variable}) is in use: stop what listens there, or set ${variable} to another port (0 takes a free one).`,
    );
  }
  if (code === 'EACCES') {
    return new StartError(`Port ${port} (${variable}) is not allowed to this user: set ${variable} to one above 1023.`);
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new StartError(
      `LISTEN_HOST ${host} is no address of this machine: set it to one, such as 127.0.0.1, or to 0.0.0.0 for all.`,
    );
  }
  return new StartError(
    `Port ${port} (${variable}) cannot be listened on (${reasonOf(error)}): set ${variable} to another one.`,
  );
}
