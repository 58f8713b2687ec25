/**
 * The address of a service and its credentials. The worker, the API, Kafka's commands, the oracle and the operators'
 * commands all call services by it.
 */
import { readFileSync, statSync } from 'node:fs';
import https from 'node:https';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The authorities to trust, instead of Node's list. */
  readonly ca?: string | undefined;
  /** The certificate that this side shows, with its chain, and its key: both or neither. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface ServiceAccess {
  /** The base URL, without a slash at its end. */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  readonly tls?: TlsFiles | undefined;
}

/** The base URL alone if the service needs no credentials. */
export type ServiceTarget = string | ServiceAccess;

/** One resource of a service. */
export interface Address {
  readonly url: string;
  readonly access?: ServiceAccess;
}

/** @param path begins with a slash */
export const at = (target: ServiceTarget, path: string): Address =>
  typeof target === 'string' ? { url: `${target}${path}` } : { url: `${target.url}${path}`, access: target };

/**
 * Less than the time after which servers close an idle connection (Node's own default is 5 s), so that none closes
 * under a request.
 */
export const IDLE_MS = 4_000;

const secure = new https.Agent({ keepAlive: true, timeout: IDLE_MS });

interface Opened {
  readonly agent: https.Agent;
  /** The change times of the files when they were read. */
  readonly stamp: string;
  /** The time of the last look at them. */
  looked: number;
}

const opened = new Map<string, Opened>();

/** Certificates are renewed while the process runs, so the files are checked once in so many milliseconds. */
const LOOK_EVERY_MS = 30_000;

/**
 * The kept connections for these files. Renewed files are read again; while they cannot be read, the old ones stay in
 * use.
 *
 * @throws the error of reading the files, the first time
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

/** @throws the error of reading the files */
export function readTlsFiles({ ca, cert, key }: TlsFiles): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  return {
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(cert !== undefined && { cert: readFileSync(cert) }),
    ...(key !== undefined && { key: readFileSync(key) }),
  };
}
