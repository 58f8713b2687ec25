/**
 * How a service is called: where it is, and with which credentials. The worker, the API, Kafka's commands, the oracle and
 * the commands of an operator all call by this.
 */
import { readFileSync, statSync } from 'node:fs';
import https from 'node:https';

/** Paths of PEM files. */
export interface TlsFiles {
  /** Which authorities are trusted, instead of those that Node trusts. */
  readonly ca?: string | undefined;
  /** The certificate that this side shows, with its chain, and its key: both or none. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface ServiceAccess {
  /** The base, without a slash at its end. */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  readonly tls?: TlsFiles | undefined;
}

/** The base URL alone for a service that wants no credentials. */
export type ServiceTarget = string | ServiceAccess;

/** One resource of a service. */
export interface Address {
  readonly url: string;
  readonly access?: ServiceAccess;
}

/** @param path begins with a slash */
export const at = (target: ServiceTarget, path: string): Address =>
  typeof target === 'string' ? { url: `${target}${path}` } : { url: `${target.url}${path}`, access: target };

/** Less than servers wait before they close an idle connection (Node's own 5 s), so that none closes under a request. */
export const IDLE_MS = 4_000;

const secure = new https.Agent({ keepAlive: true, timeout: IDLE_MS });

interface Opened {
  readonly agent: https.Agent;
  /** When the files were last changed, as they were read. */
  readonly stamp: string;
  /** When they were last looked at. */
  looked: number;
}

const opened = new Map<string, Opened>();

/** Certificates are renewed under a running process: the files are looked at once in so many milliseconds. */
const LOOK_EVERY_MS = 30_000;

/**
 * The connections for these files, kept. Renewed files are read again; while they cannot be read, the old ones serve.
 *
 * @throws what reading the files throws, the first time
 */
export function agentFor(tls: TlsFiles | undefined): https.Agent {
  const files = [tls?.ca, tls?.cert, tls?.key];
  if (!tls || files.every((file) => file === undefined)) return secure;
  const key = JSON.stringify(files);
  const known = opened.get(key);
  if (known && performance.now() - known.looked < LOOK_EVERY_MS) return known.agent;
  try {
    const stamp = files.map((file) => (file === undefined ? '' : String(statSync(file).mtimeMs))).join(' ');
    if (known?.stamp !== stamp) {
      const agent = new https.Agent({ keepAlive: true, timeout: IDLE_MS, ...readTlsFiles(tls) });
      opened.set(key, { agent, stamp, looked: performance.now() });
      return agent;
    }
  } catch (error) {
    if (!known) throw error;
  }
  known.looked = performance.now();
  return known.agent;
}

/** @throws what reading them throws */
export function readTlsFiles({ ca, cert, key }: TlsFiles): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  return {
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(cert !== undefined && { cert: readFileSync(cert) }),
    ...(key !== undefined && { key: readFileSync(key) }),
  };
}
