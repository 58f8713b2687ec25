/** The callers of the API: how they prove who they are, and how much one of them may ask. */
import { z } from 'zod';
import { ROLES, type ApiKey } from '../../caller.js';
import { hostNames, origins } from '../browsers.js';
import { count, duration, entriesOf, HTTP, matching, parsed, toggle, url, variable } from './variable.js';

const claim = (what: string, example: string) =>
  matching(/^\S+$/, `what tokens name as their ${what}, without spaces, such as ${example}`, {
    form: what,
    bears: 'a URL',
    example,
  });

function parseApiKeys(text: string): ApiKey[] | undefined {
  const entries = entriesOf(text);
  const found = entries.flatMap((entry) => {
    const [, name, role, hash] = /^([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([a-z]+):([0-9a-f]{64})$/.exec(entry) ?? [];
    const known = ROLES.find((each) => each === role);
    return name !== undefined && hash !== undefined && known ? [{ name, role: known, hash }] : [];
  });
  return found.length === entries.length ? found : undefined;
}

const apiKeys = {
  form: 'list of keys',
  bears: 'a URL' as const,
  example: 'shop:operator:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  schema: parsed(
    parseApiKeys,
    'name:role:hash, or several of them with commas between, as npx --no unwind api-key prints them',
  ).optional(),
};

/** Undefined if it is not set; null for any number. */
const requestsPerMinute = {
  form: 'number, or off',
  bears: 'nothing' as const,
  standard: 'off',
  production: '600',
  schema: parsed<{ readonly limit: number | undefined }>((text) => {
    if (text === 'off') return { limit: undefined };
    return /^[1-9]\d{0,6}$/.test(text) ? { limit: Number(text) } : undefined;
  }, 'off, or how many requests a minute one caller may make, such as 600').optional(),
};

export const callers = {
  AUTH: variable(
    toggle('on', 'off', { standard: 'off' }),
    ['api'],
    'Callers of the API must prove who they are. On as soon as something of it is set below; production refuses to start the API without.',
  ),
  AUTH_JWKS_URL: variable(
    url(HTTP, 'https://login.example.com/.well-known/jwks.json'),
    ['api'],
    "Bearer tokens: where the issuer publishes its keys. All three together. Tokens are signed with RS256, PS256, ES256, ES384 or EdDSA; the subject of a customer's token is the owner of its orders.",
  ),
  AUTH_ISSUER: variable(claim('issuer', 'https://login.example.com/'), ['api'], 'The issuer that tokens name.'),
  AUTH_AUDIENCE: variable(claim('audience', 'unwind'), ['api'], 'The audience that tokens name.'),
  AUTH_ROLES_CLAIM: variable(
    {
      form: 'claim',
      bears: 'nothing',
      standard: 'roles',
      schema: z.string().regex(/^\S+$/, 'the name of a claim, such as roles').default('roles'),
    },
    ['api'],
    'The claim with the roles (customer, operator, admin): its name, or a path with dots.',
  ),
  AUTH_API_KEYS: variable(
    apiKeys,
    ['api'],
    'Machines: name:role:hash, several with commas between; npx --no unwind api-key NAME ROLE makes one.',
  ),
  API_RATE_LIMIT: variable(requestsPerMinute, ['api'], 'Requests a minute of one caller at one process, or off.'),
  API_CORS_ORIGINS: variable(
    { form: 'list of origins', bears: 'nothing', example: 'https://shop.example.com', schema: origins },
    ['api'],
    'Pages of these origins may call the API from a browser, exactly as browsers send them, with commas between; without it none.',
  ),
  ALLOWED_HOSTS: variable(
    { form: 'list of host names', bears: 'nothing', example: 'shop.test', schema: hostNames },
    ['api', 'services'],
    'Names under which the API and the services may be called, with commas between, beside localhost, 127.0.0.1 and [::1]. They are checked if a process listens on a loopback address, or if this is set.',
  ),
  API_STREAMS_PER_CALLER: variable(
    count(100, 1_000_000),
    ['api'],
    'Event streams that one caller may have open at one process; more are 429 TooManyStreams.',
  ),
  API_DRAIN_TIME: variable(
    duration('1s'),
    ['api'],
    'After the signal to stop the API takes requests for so long, at most 20s, while GET /health/ready answers 503: as long as the balancer in front of it needs to send it no more.',
  ),
  API_KEEP_ALIVE: variable(
    duration('65s'),
    ['api'],
    'How long an idle connection is kept: longer than the balancer in front of the API keeps it, or it answers 502.',
  ),
};
