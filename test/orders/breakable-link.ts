/** A TCP link to a real server that a test can cut and mend: the server seems to be away, and then is back. */
import net from 'node:net';

export interface BreakableLink {
  /** `127.0.0.1:<port>` of this side. */
  readonly address: string;
  /** Breaks every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Takes connections and bytes, and passes nothing on: the server hangs. */
  stall(): void;
  /** Cutting what is cut and mending what is whole is nothing. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

export async function linkTo(host: string, port: number): Promise<BreakableLink> {
  const sockets = new Set<net.Socket>();
  let stalled = false;
  const server = net.createServer((near) => {
    if (stalled) {
      sockets.add(near.on('error', () => near.destroy()));
      return;
    }
    const far = net.connect(port, host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  const listen = (at: number): Promise<void> => new Promise((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const own = portOf(server);
  const cut = (): Promise<void> =>
    new Promise((resolve) => {
      // Its error says that it was not listening.
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return {
    address: `127.0.0.1:${own}`,
    cut,
    stall() {
      stalled = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    async mend() {
      if (stalled) for (const socket of sockets) socket.destroy();
      stalled = false;
      if (!server.listening) await listen(own);
    },
    close: cut,
  };
}

function portOf(server: net.Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}
