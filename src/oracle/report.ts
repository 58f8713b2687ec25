/** The oracle over the running system, and its result as lines for a person: for `unwind verify-books` and the demo. */
import { type Audit, auditBooks } from './audit.js';
import type { Config } from '../config/config.js';
import { withTemporal } from '../config/find-journal.js';
import { openKeptVerdicts } from './verdicts-in-journal.js';
import { sagaVerdicts } from './verdicts-in-temporal.js';

/** @throws Error with a sentence, if Temporal or a service cannot be reached */
export async function auditRunningSystem(config: Config): Promise<Audit> {
  const kept = await openKeptVerdicts(config);
  try {
    return await withTemporal(config, (client) => auditBooks(config.services, sagaVerdicts(client, kept)));
  } finally {
    await kept?.close();
  }
}

/** One line each: counts, sagas that were left out, waivers, differences and the result. */
export function describeAudit({ differences, waivers, effects, verdicts, others }: Audit): string[] {
  return [
    `sagas: ${tally(verdicts.map(({ state }) => state))}`,
    ...(others.length > 0
      ? [`sagas of other types, which are not in these books: ${tally(others.map(({ otherType }) => otherType))}`]
      : []),
    `live effects: ${tally(effects.map(({ kind }) => kind))}`,
    ...waivers.map(({ sagaId, step, actor, reason }) => `waived: ${step} of ${sagaId} by ${actor}, because: ${reason}`),
    ...differences.map(({ kind, sentence }) => `DIFFERENCE (${kind}): ${sentence}`),
    differences.length === 0 ? 'The books agree.' : `The books do NOT agree; differences: ${differences.length}.`,
  ];
}

/** `7 COMPLETED, 2 FAILED` */
function tally(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, times]) => `${times} ${name}`).join(', ') || 'none';
}
