/** Runs that Temporal ended without a verdict: terminated, timed out, failed. */
import { IS_SAGA } from '../../journal/audit/runs.js';
import { askTemporal } from '../../platform/temporal/ask.js';
import { placeOf } from './places.js';
import type { Walk } from './walk.js';

const WALK = 'ended-runs';
const MOST = 500;
const ASK_WITHIN_MS = 10_000;
/** Visibility lags behind the runs. */
const OVERLAP_MS = 60_000;
const EPOCH = '1970-01-01T00:00:00.000Z';

/** By the time of their ends, a bounded number at a time: an interval that holds more is halved. */
export const endedRuns: Walk = async function* ({ pool, schema, temporal }, until) {
  let place = (await placeOf(pool, schema, WALK)) || EPOCH;
  const now = Date.now();
  while (Date.parse(place) < now && Date.now() < until) {
    const from = new Date(Math.max(0, Date.parse(place) - OVERLAP_MS)).toISOString();
    let end = now;
    for (;;) {
      const { count } = await askTemporal(temporal, ASK_WITHIN_MS, () =>
        temporal.workflow.count(queryOf(from, new Date(end).toISOString())),
      );
      if (count <= MOST || end - Date.parse(place) < 1_000) break;
      end = Date.parse(place) + Math.floor((end - Date.parse(place)) / 2);
    }
    const at = new Date(end).toISOString();
    let page = new Set<string>();
    for await (const { workflowId } of temporal.workflow.list({ query: queryOf(from, at) })) {
      page.add(workflowId);
      if (page.size < MOST) continue;
      yield { sagaIds: [...page] };
      page = new Set();
    }
    yield { sagaIds: [...page], place: { walk: WALK, at, rounded: end === now } };
    place = at;
  }
};

const queryOf = (from: string, to: string): string =>
  `${IS_SAGA} AND ExecutionStatus IN ('Terminated','TimedOut','Failed') AND CloseTime BETWEEN '${from}' AND '${to}'`;
