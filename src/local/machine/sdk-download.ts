/** Temporal's servers, through the SDK's own downloader. */
import path from 'node:path';
import { complaintOf, runProgram } from './executables.js';

const script = path.join(import.meta.dirname, '..', '..', '..', 'scripts', 'sdk-download.mjs');

/**
 * Downloads into the folder. The result is the failure's reason, if any; without internet it comes after
 * milliseconds.
 */
export async function sdkDownload(
  kind: 'dev' | 'test',
  folder: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const result = await runProgram(process.execPath, [script, kind, folder], {
    env,
    timeout: 300_000,
    ...(signal && { signal }),
  });
  if (result.code === 0) return undefined;
  return /error sending request|dns error/.test(result.output) ? 'no internet connection' : complaintOf(result.output);
}
