/** The access to the services and the stores, from the configuration. */
import tls from 'node:tls';
import { readTlsFiles, type ServiceAccess, type TlsFiles } from '../platform/outbound/service-access.js';
import { reasonOf } from '../platform/reason.js';
import { StartError } from '../platform/start-error.js';
import type { ServiceName } from './service-limits.js';
import type { Settings } from './variables.js';

const UPPER = {
  payment: 'PAYMENT',
  inventory: 'INVENTORY',
  shipping: 'SHIPPING',
  notification: 'NOTIFICATION',
} as const satisfies Record<ServiceName, string>;

/**
 * @param urls of the services
 * @throws StartError for files that do not belong together, or that a URL without TLS cannot use
 */
export function servicesOf(
  settings: Settings,
  urls: Readonly<Record<ServiceName, string>>,
): Readonly<Record<ServiceName, ServiceAccess>> {
  const of = (name: ServiceName): ServiceAccess => accessOf(settings, name, urls[name]);
  return {
    payment: of('payment'),
    inventory: of('inventory'),
    shipping: of('shipping'),
    notification: of('notification'),
  };
}

function accessOf(settings: Settings, name: ServiceName, url: string): ServiceAccess {
  const upper = UPPER[name];
  const token = settings[`${upper}_TOKEN`];
  const files = tlsFilesOf(settings, upper);
  if (files && !url.startsWith('https:')) {
    throw new StartError(
      `${upper}_TLS_… are set, but ${upper}_URL does not begin with https: set it, or leave them out.`,
    );
  }
  if (token !== undefined && hasUser(url)) {
    throw new StartError(`${upper}_TOKEN is set, and ${upper}_URL has a user as well: set one of them.`);
  }
  return { url, ...(token !== undefined && { token }), ...(files && { tls: files }) };
}

/** Undefined if none is set. */
function tlsFilesOf(settings: Settings, prefix: (typeof UPPER)[ServiceName] | 'REDIS'): TlsFiles | undefined {
  const [ca, cert, key] = [
    settings[`${prefix}_TLS_CA_FILE`],
    settings[`${prefix}_TLS_CERT_FILE`],
    settings[`${prefix}_TLS_KEY_FILE`],
  ];
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  if ((cert === undefined) !== (key === undefined)) {
    throw new StartError(`${prefix}_TLS_CERT_FILE and ${prefix}_TLS_KEY_FILE belong together: set both, or none.`);
  }
  const files = { ca, cert, key };
  try {
    tls.createSecureContext(readTlsFiles(files));
  } catch (error) {
    throw new StartError(`The files of ${prefix}_TLS_… cannot be used (${reasonOf(error)}).`);
  }
  return files;
}

/**
 * The PEM files of Redis and MongoDB.
 *
 * @throws StartError for files that a URL without TLS cannot use
 */
export function storeTlsOf(settings: Settings): { redisTls: TlsFiles | undefined; mongodbCaFile: string | undefined } {
  const redisTls = tlsFilesOf(settings, 'REDIS');
  if (redisTls && settings.REDIS_URL?.startsWith('rediss:') !== true) {
    throw new StartError('REDIS_TLS_… are set, but REDIS_URL does not begin with rediss: set it, or leave them out.');
  }
  const mongodbCaFile = settings.MONGODB_TLS_CA_FILE;
  if (mongodbCaFile !== undefined && /[?&](tls|ssl)=false/i.test(settings.MONGODB_URL ?? '')) {
    throw new StartError('MONGODB_TLS_CA_FILE is set, but MONGODB_URL turns TLS off: leave one of them out.');
  }
  return { redisTls, mongodbCaFile };
}

const hasUser = (url: string): boolean => new URL(url).username !== '' || new URL(url).password !== '';

/** Warns in production about a service that takes calls from any caller. */
export function warningsOfAccess(
  production: boolean,
  services: Readonly<Record<ServiceName, ServiceAccess>>,
): string[] {
  if (!production) return [];
  return Object.entries(services)
    .filter(([, { url, token, tls: files }]) => token === undefined && files?.cert === undefined && !hasUser(url))
    .map(([name]) => {
      const upper = UPPER[name as ServiceName];
      return `the ${name} service is called without credentials: in production set ${upper}_TOKEN, or ${upper}_TLS_CERT_FILE and ${upper}_TLS_KEY_FILE.`;
    });
}
