// The suite's own set-up, and before it the stores' servers.
import { tsImport } from 'tsx/esm/api';
import startSuite from '../global-setup.mjs';

// oxlint-disable-next-line import/no-default-export -- Jest asks for it
export default async function globalSetup() {
  const { installStores } = await tsImport('./install.ts', import.meta.url);
  await installStores((sentence) => process.stderr.write(`  ${sentence}\n`));
  await startSuite();
}
