/** Certificates for TLS servers that a test starts, made by `openssl`: an authority, a server, a client. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface Certificates {
  readonly folder: string;
  /** The authority that has signed the other two. */
  readonly ca: string;
  /** For localhost and 127.0.0.1. */
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
  /** An authority that has signed nothing of these. */
  readonly otherCa: string;
  remove(): void;
}

const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'unwind-certificates-'));
  const file = (name: string): string => path.join(folder, name);
  const authority = (name: string): string => {
    const subject = ['-subj', `/CN=${name}`, '-days', '2'];
    openssl('req', '-x509', ...NEW_KEY, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`), ...subject);
    return file(`${name}.pem`);
  };
  const ca = authority('authority');
  const otherCa = authority('another-authority');
  const signed = (name: string) => {
    const [request, cert, key, extensions] = ['csr', 'pem', 'key', 'ext'].map((end) => file(`${name}.${end}`)) as [
      string,
      string,
      string,
      string,
    ];
    openssl('req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
    writeFileSync(extensions, 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    const by = ['-CA', ca, '-CAkey', file('authority.key'), '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', request, '-out', cert, ...by, '-extfile', extensions);
    return { cert, key };
  };
  return {
    folder,
    ca,
    otherCa,
    server: signed('server'),
    client: signed('client'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** For a server that asks its callers for a certificate. */
export const serverSecrets = ({ ca, server }: Certificates) => ({
  ca: readFileSync(ca),
  cert: readFileSync(server.cert),
  key: readFileSync(server.key),
  requestCert: true,
});
