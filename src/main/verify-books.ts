/**
 * `npm run verify:books`: do the books of the four services agree with the verdicts of all sagas (rule 34)?
 * For operators, over the running system, under traffic as well. Exit code 0: they agree; 1: they differ; 2: unknown.
 */
import { auditRunningSystem, describeAudit } from './audit-report.js';
import { loadConfig } from './config.js';
import { BooksUnreadableError } from '../oracle/get-json.js';
import { readDotEnv } from './run-process.js';
import { startSentence } from './start-error.js';

try {
  readDotEnv();
  const audit = await auditRunningSystem(loadConfig());
  process.stdout.write(`${describeAudit(audit).join('\n')}\n`);
  process.exitCode = audit.differences.length === 0 ? 0 : 1;
} catch (error) {
  const sentence = error instanceof BooksUnreadableError ? error.message : startSentence(error);
  process.stderr.write(`The books could not be compared: ${sentence}\n`);
  process.exitCode = 2;
}
