/** The origins and host names of browsers, from the environment. */
import { z } from 'zod';

const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])$/;
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/;
/** The names of this machine in a browser. */
const OWN_NAMES = ['localhost', '127.0.0.1', '[::1]'];

const entriesOf = (text: string): string[] => text.split(',').map((entry) => entry.trim());

/** As a browser sends it: scheme, host and port, and nothing after them. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host, origin } = new URL(text);
  return host !== '' && text === (origin === 'null' ? `${protocol}//${host}` : origin);
}

export const origins = z
  .string()
  .transform((text, context): readonly string[] => {
    const all = entriesOf(text);
    if (all.every(isOrigin)) return all;
    context.addIssue('an origin as browsers send it, or several with commas between, such as https://shop.example.com');
    return z.NEVER;
  })
  .optional();

export const hostNames = z
  .string()
  .transform((text, context): readonly string[] => {
    const all = entriesOf(text.toLowerCase());
    if (all.every((name) => HOST.test(name))) return all;
    context.addIssue('a host name without its port, or several with commas between, such as shop.test');
    return z.NEVER;
  })
  .optional();

/**
 * The host names under which a process may be called; undefined for any. A loopback address is rightly reached only
 * by names of this machine: any other name is that of a web page that was pointed at it (DNS rebinding).
 */
export function hostsOf(listenHost: string, named: readonly string[] | undefined): readonly string[] | undefined {
  const name = listenHost.toLowerCase();
  if (!LOOPBACK.test(name) && named === undefined) return undefined;
  return [...new Set([...OWN_NAMES, name.includes(':') ? `[${name}]` : name, ...(named ?? [])])];
}
