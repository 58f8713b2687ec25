/** What can happen to a completed order of ten events ($1) in the journal's tables. */

/** What it is; the statement; what is said of it; whether the events alone prove how it was, and whether a history does. */
export const DAMAGES: readonly (readonly [string, string, RegExp, boolean, boolean])[] = [
  [
    'an event that was lost',
    'DELETE FROM saga_events WHERE saga_id = $1 AND seq = 5',
    /event 5 is missing/,
    false,
    true,
  ],
  ['the first event lost', 'DELETE FROM saga_events WHERE saga_id = $1 AND seq = 1', /event 1 is missing/, false, true],
  [
    'the last events lost, the verdict among them',
    'DELETE FROM saga_events WHERE saga_id = $1 AND seq >= 8',
    /its row is of event 10, and its events are there up to 7 only/,
    false,
    true,
  ],
  ['every event lost', 'DELETE FROM saga_events WHERE saga_id = $1', /it has a row and no events/, false, true],
  [
    'an event that says something else',
    `UPDATE saga_events SET data = jsonb_set(data, '{step}', '"other"') WHERE saga_id = $1 AND seq = 4`,
    /its row says steps|event 4 is another one in the history/,
    true,
    true,
  ],
  [
    'an event that nobody sent',
    `INSERT INTO saga_events (saga_id, branch, seq, id, position, type, data, at, run_id)
     SELECT saga_id, branch, seq + 1, gen_random_uuid(), 900000, type, data, at, run_id FROM saga_events
     WHERE saga_id = $1 AND seq = 10`,
    /event 10 ended it, and more follows/,
    false,
    true,
  ],
  [
    'events that were read too early',
    'UPDATE saga_events SET position = -position WHERE saga_id = $1 AND seq = 6',
    /event 6 was published too early/,
    true,
    true,
  ],
  [
    'an event that was kept back',
    'UPDATE saga_events SET position = NULL WHERE saga_id = $1 AND seq = 6',
    /event 6 was never published/,
    true,
    true,
  ],
  [
    'a verdict that is not true',
    `UPDATE sagas SET state = 'FAILED' WHERE saga_id = $1`,
    /its row says state "FAILED"/,
    true,
    true,
  ],
  [
    'a row that is behind',
    `UPDATE sagas SET state = 'PENDING', version = 3 WHERE saga_id = $1`,
    /its row is of event 3/,
    true,
    true,
  ],
  [
    'a row that is ahead',
    `UPDATE sagas SET version = 12 WHERE saga_id = $1`,
    /its row is of event 12, and its events are there up to 10 only/,
    false,
    true,
  ],
  ['a row that was lost', 'DELETE FROM sagas WHERE saga_id = $1', /it has events and no row/, true, true],
  [
    'a row that nobody made',
    `INSERT INTO sagas SELECT 'phantom-' || saga_id, saga_type, state, reason, data, steps, waivers, dead_letters,
       current_step, blocked_on, waiting_for, created_at, updated_at, version, branch, run_id, behind_gap, changed_at
     FROM sagas WHERE saga_id = $1`,
    /phantom-.*it has a row and no events/,
    false,
    false,
  ],
];
