/** How properties draw, and what they say when they fail. */
import path from 'node:path';
import * as fc from '../../node_modules/fast-check/lib/fast-check.js';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** Everything is drawn from `UNWIND_SEED` if it is set; a property that fails says with which seed it is drawn again. */
export const drawnFrom = ({
  UNWIND_SEED: seed,
}: Readonly<Record<string, string | undefined>>): fc.Parameters<unknown> => ({
  ...(seed !== undefined && { seed: Number(seed) }),
  reporter: (details) => {
    if (!details.failed) return;
    const { testPath = '', currentTestName = '' } = expect.getState();
    const again = `To see it again: UNWIND_SEED=${details.seed}, with ${path.relative(ROOT, testPath)} -t '${currentTestName}'`;
    throw new Error(`${fc.defaultReportMessage(details)}\n\n${again}`, { cause: details.errorInstance });
  },
});
