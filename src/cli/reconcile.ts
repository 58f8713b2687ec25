/** `unwind reconcile`: the sagas that were left behind without a run, and their repair. */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config/config.js';
import { findDatabase } from '../config/find-database.js';
import { findJournal, withTemporal } from '../config/find-journal.js';
import type { Finding, Findings } from '../journal/findings/finding.js';
import { commandLineCaller, recordDecision } from '../journal/decisions/record-decision.js';
import { openReader } from '../journal/read/open-reader.js';
import { formatMoney, ORDER_ID_PATTERN, sagaIdOf } from '../order.js';
import { openOrders } from '../orders/store/orders.js';
import { StartError } from '../platform/start-error.js';
import { previewSagaRepair, repairSaga, type RepairDeps } from '../steering/reconciler/repair-saga.js';
import { REPAIR, TASK_QUEUE } from '../workflows/messages.js';
import { say, type Command } from './command.js';

const USAGE = `unwind reconcile [--json]                                      the sagas that were left behind, and what they hold
unwind reconcile --repair SAGA --reason WHY [--by WHO]         undoes what this one has left behind
unwind reconcile --repair SAGA --steps STEP,… --reason WHY     the same for a saga that has a verdict, which it keeps
--dry-run previews a repair. SAGA is an order's id or a saga's.
Exit code 0: none is left behind, or done; 1: some are; 2: nothing could be done.`;

const PAGE = 200;

export function lineOf({ sagaId, cause, state, since, holds }: Finding): string {
  const { effects, money, stock } = holds;
  const units = stock.reduce((sum, { quantity }) => sum + quantity, 0);
  const held = [
    ...effects.map(({ effect }) => effect),
    ...(money ? [formatMoney(money)] : []),
    ...(units > 0 ? [`${units} units`] : []),
  ];
  return `${sagaId}  ${cause}  ${state ?? 'unknown'} since ${since}  holds ${held.join(', ') || 'nothing'}`;
}

async function list(findings: Findings, json: boolean, stop: AbortSignal): Promise<number> {
  let [count, cursor] = [0, undefined as string | undefined];
  do {
    const { items, next } = await findings.list({ cursor, limit: PAGE });
    for (const finding of items) say(json ? JSON.stringify(finding) : lineOf(finding));
    count += items.length;
    cursor = next ?? undefined;
  } while (cursor !== undefined && !stop.aborted);
  if (!json) say(`${count} sagas were left behind`);
  return count === 0 ? 0 : 1;
}

async function run(args: readonly string[], stop: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean' },
      repair: { type: 'string' },
      reason: { type: 'string' },
      by: { type: 'string' },
      steps: { type: 'string' },
      'dry-run': { type: 'boolean' },
    },
  });
  const config = loadConfig();
  const target = await findJournal(config);
  const { demoData, migrationWaitMs } = config;
  const orders = await openOrders({ databaseUrl: await findDatabase(config), demoData, migrationWaitMs, poolSize: 2 });
  const reader = openReader({ ...target, orders, poolSize: 3 });
  try {
    const { repair } = values;
    if (repair === undefined) return await list(reader.findings, values.json === true, stop);
    const reason = values.reason?.trim();
    if (!reason && !values['dry-run']) throw new StartError('--reason is missing: each repair says why.');
    const sagaId = ORDER_ID_PATTERN.test(repair) ? sagaIdOf(repair) : repair;
    const steps = values.steps?.split(',');
    return await withTemporal(config, async (temporal) => {
      const { policy, services: books } = config;
      const deps: RepairDeps = {
        temporal,
        orders,
        journal: reader,
        findings: reader.findings,
        books,
        policy,
        taskQueue: TASK_QUEUE,
      };
      if (values['dry-run']) say(JSON.stringify(await previewSagaRepair(deps, sagaId, steps), undefined, 2));
      if (values['dry-run'] || !reason) return 0;
      const request = { actor: values.by ?? 'operator', reason, requestId: randomUUID(), steps };
      const asked = {
        ...commandLineCaller(request.actor),
        action: REPAIR,
        sagaId,
        reason,
        requestId: request.requestId,
      };
      const { state } = await recordDecision(reader.audit, asked, () => repairSaga(deps, sagaId, request));
      say(`${sagaId}: the repair runs, it is ${state}`);
      return 0;
    });
  } finally {
    await reader.close();
    await orders.close();
  }
}

export const command: Command = { usage: USAGE, run };
