/** The workflows as one bundle, for a fast start of workers and for tests that share it. */
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/**
 * Bundles `workflows/` with its interceptors; takes 1 s. The extension is that of this file: `.ts` from source, `.js`
 * built.
 */
export async function bundleWorkflows(): Promise<string> {
  const extension = path.extname(import.meta.filename);
  const folder = path.join(import.meta.dirname, '..', 'workflows');
  const [workflows, ...interceptors] = ['index', 'interceptors/journal', 'interceptors/origin'].map((name) =>
    path.join(folder, name + extension),
  ) as [string, ...string[]];
  const { code } = await bundleWorkflowCode({
    workflowsPath: workflows,
    workflowInterceptorModules: interceptors,
    preloadModules: [workflows, ...interceptors],
    logger: new DefaultLogger('WARN'),
  });
  return code;
}
