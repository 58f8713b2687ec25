// Lets the Temporal SDK's own downloader fetch a server into a folder: node scripts/sdk-download.mjs dev|test FOLDER
// A process of its own, since the SDK's runtime installs signal handlers in the process that it is loaded into.
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [, , kind, downloadDir] = process.argv;
const server = { executable: { type: 'cached-download', downloadDir } };
try {
  const environment =
    kind === 'dev'
      ? await TestWorkflowEnvironment.createLocal({ server })
      : await TestWorkflowEnvironment.createTimeSkipping({ server });
  await environment.teardown();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
