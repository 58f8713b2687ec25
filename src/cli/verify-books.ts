/**
 * `unwind verify-books`: checks if the books of the four services agree with the verdicts of all sagas (rule 34),
 * also under traffic.
 */
import { auditRunningSystem, describeAudit } from '../oracle/report.js';
import { loadConfig } from '../config/config.js';
import { say, type Command } from './command.js';

const USAGE = `unwind verify-books

Compares all live effects at the four services with the verdicts of all orders, over the running system. Sagas of other
types are counted and left out.
Exit code 0: they agree; 1: they differ; 2: the books could not be compared.`;

async function run(): Promise<number> {
  const audit = await auditRunningSystem(loadConfig());
  for (const line of describeAudit(audit)) say(line);
  return audit.differences.length === 0 ? 0 : 1;
}

export const command: Command = { usage: USAGE, run };
