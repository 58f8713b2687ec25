/** Addresses of our own processes, as other processes on this machine call them. */
import net from 'node:net';

const EVERYWHERE = ['0.0.0.0', '::', '127.0.0.1'];

/**
 * `host:port` of a server that listens on `host`; if that is every address or the loopback one, the host is
 * `loopback`.
 */
export function localAddress(host: string, port: number, loopback = '127.0.0.1'): string {
  const name = EVERYWHERE.includes(host) ? loopback : host;
  return `${net.isIPv6(name) ? `[${name}]` : name}:${port}`;
}
