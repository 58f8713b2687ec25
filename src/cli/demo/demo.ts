/**
 * `npm run demo`: seven short stories played against the running system. Each has its expected verdict written down
 * beforehand, and the oracle audits everything at the end. Exit code 0: every order ended as expected and the books
 * agree.
 */
import { auditRunningSystem, describeAudit } from '../../oracle/report.js';
import { type Config, loadConfig } from '../../config/config.js';
import { clearFaults, DemoError, requireReady } from './shop.js';
import { STORIES } from './stories.js';
import { tell, type Telling } from './telling.js';
import { BooksUnreadableError } from '../../oracle/get-json.js';
import { localAddress } from '../../platform/local-address.js';
import { startSentence } from '../../platform/start-error.js';
import { temporalTarget } from '../../platform/temporal/target.js';
import { readDotEnv } from '../../config/dot-env.js';
import { redact } from '../../platform/secrets.js';

const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(config: Config): Promise<boolean> {
  const { namespace } = temporalTarget(config.temporalPort);
  const webUi = `http://localhost:${config.temporalUiPort}/namespaces/${namespace}/workflows`;
  const telling: Telling = {
    urls: { api: `http://${localAddress(config.listenHost, config.apiPort)}`, services: config.services },
    run: Date.now().toString(36),
    attemptTimeout: config.policy.attemptTimeout,
    pageOf: (sagaId) => `${webUi}/${sagaId}`,
    write,
  };
  await requireReady(telling.urls);
  const cleared = await clearFaults(telling.urls);
  if (cleared > 0) write(`${cleared} faults that were armed in the services have been disarmed.`);
  const surprises: string[] = [];
  for (const [index, story] of STORIES.entries()) {
    write(`\n${index + 1}. ${story.title}`);
    if (!(await tell(story, telling))) surprises.push(story.title);
  }
  write('\nThe books of the four services against the verdicts of all sagas');
  const audit = await auditRunningSystem(config);
  for (const line of describeAudit(audit)) write(`  ${line}`);
  write('');
  for (const title of surprises) write(`Not as expected: ${title}`);
  if (surprises.length === 0) write(`${STORIES.length} stories, all as expected.`);
  return surprises.length === 0 && audit.differences.length === 0;
}

try {
  readDotEnv();
  process.exitCode = (await main(loadConfig())) ? 0 : 1;
} catch (error) {
  const expected = error instanceof DemoError || error instanceof BooksUnreadableError;
  process.stderr.write(`\nThe demo ends here: ${expected ? redact(error.message) : startSentence(error)}\n`);
  process.exitCode = 2;
}
