/** The endpoints that the settings allow, as far as a URL shows it. Names are checked again when they are resolved. */
import { isIP } from 'node:net';
import { isPublicAddress } from './addresses.js';

export interface TargetLimits {
  /** Also `http:`; by default only `https:`. */
  readonly plainHttp: boolean;
  /** Also addresses of this machine and of private networks; by default only public ones. */
  readonly privateAddresses: boolean;
}

const LONGEST_URL = 2_000;

/** Names that mean this machine or its network by definition (RFC 6761, RFC 6762, RFC 9476). */
const LOCAL_NAME = /(?:^|\.)(?:localhost|local|internal|localdomain|home\.arpa)\.?$/i;

/** Why this URL cannot be an endpoint, as the end of a sentence that begins with the field; undefined if it can. */
export function faultOfTarget(text: string, { plainHttp, privateAddresses }: TargetLimits): string | undefined {
  if (text.length > LONGEST_URL) return `has at most ${LONGEST_URL} characters`;
  // The parser would cut blanks and line breaks out of it.
  if (!/^[!-~]+$/.test(text) || !URL.canParse(text)) return 'is a URL such as https://shop.example.com/hooks';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(plainHttp && url.protocol === 'http:')) {
    return plainHttp ? 'begins with https: or http:' : 'begins with https:';
  }
  if (url.username !== '' || url.password !== '') return 'has no user and no password';
  if (url.hash !== '') return 'has no fragment (#)';
  if (privateAddresses) return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isClosed = isIP(host) === 0 ? LOCAL_NAME.test(host) : !isPublicAddress(host);
  return isClosed ? 'is not an address of this machine or of a private network' : undefined;
}
