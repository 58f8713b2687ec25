// Jest loads its global hooks outside its own transform and module mapper, so tsx loads what they need.
import { tsImport } from 'tsx/esm/api';

// oxlint-disable-next-line import/no-default-export -- Jest asks for it
export default async function globalSetup() {
  const { startSharedServers } = await tsImport('./shared-servers.ts', import.meta.url);
  globalThis[Symbol.for('unwind.test.teardown')] = await startSharedServers();
}
