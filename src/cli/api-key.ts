import { createHash, randomBytes } from 'node:crypto';
import { StartError } from '../platform/start-error.js';
import { say, type Command } from './command.js';
import { ROLES } from '../caller.js';

const USAGE = `unwind api-key NAME ROLE

Makes an API key for a machine. The key goes to the machine, its hash into AUTH_API_KEYS. The role is one of
${ROLES.join(', ')}.`;

async function run([name = '', role = '', ...rest]: readonly string[]): Promise<number> {
  const known = ROLES.some((one) => one === role);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) || !known || rest.length > 0)
    throw new StartError(`say \`unwind api-key NAME ROLE\`; the role is one of ${ROLES.join(', ')}.`);
  const key = `unwind_${randomBytes(32).toString('base64url')}`;
  say(`X-API-Key: ${key}`);
  say(`AUTH_API_KEYS=${name}:${role}:${createHash('sha256').update(key).digest('hex')}`);
  return 0;
}

export const command: Command = { usage: USAGE, run };
