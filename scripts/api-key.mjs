// npm run api-key -- NAME ROLE: makes an API key for a machine. The key goes to the machine, its hash into AUTH_API_KEYS.
import { createHash, randomBytes } from 'node:crypto';

const [name = '', role = ''] = process.argv.slice(2);
if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) || !['customer', 'operator', 'admin'].includes(role)) {
  console.error('npm run api-key -- NAME ROLE: the role is customer, operator or admin');
  process.exit(1);
}
const key = `unwind_${randomBytes(32).toString('base64url')}`;
console.log(`X-API-Key: ${key}`);
console.log(`AUTH_API_KEYS=${name}:${role}:${createHash('sha256').update(key).digest('hex')}`);
