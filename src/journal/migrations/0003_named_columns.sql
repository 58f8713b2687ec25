-- The same function with its columns named: a column that a later release adds to `sagas` keeps its default, and does
-- not break the workers of this one.
CREATE OR REPLACE FUNCTION append_next(this_saga text, this_branch int, this_run text, after_version int, events jsonb, saga jsonb)
RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  next sagas := jsonb_populate_record(NULL::sagas, saga);
BEGIN
  -- Before anything that gives this transaction its number: a saga's events are confirmed in the order of their numbers.
  PERFORM pg_advisory_xact_lock(hashtextextended(this_saga, 0));
  IF after_version = 0 THEN
    INSERT INTO sagas (
      saga_id, saga_type, state, reason, data, steps, waivers, dead_letters, current_step, blocked_on, waiting_for,
      created_at, updated_at, version, branch, run_id, behind_gap, changed_at
    ) VALUES (
      next.saga_id, next.saga_type, next.state, next.reason, next.data, next.steps, next.waivers, next.dead_letters,
      next.current_step, next.blocked_on, next.waiting_for, next.created_at, next.updated_at, next.version,
      next.branch, next.run_id, next.behind_gap, next.changed_at
    ) ON CONFLICT (saga_id) DO NOTHING;
  ELSE
    UPDATE sagas SET
      state = next.state, reason = next.reason, data = next.data, steps = next.steps, waivers = next.waivers,
      dead_letters = next.dead_letters, current_step = next.current_step, blocked_on = next.blocked_on,
      waiting_for = next.waiting_for, updated_at = next.updated_at, version = next.version,
      changed_at = next.changed_at
    WHERE saga_id = this_saga AND branch = this_branch AND run_id = this_run AND version = after_version
      AND NOT behind_gap;
  END IF;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO saga_events
    (saga_id, branch, seq, id, position, txid, type, data, at, run_id, correlation_id, causation_id)
  SELECT this_saga, this_branch, event.seq, event.id, nextval('positions'), pg_current_xact_id(), event.type,
    event.data, event.at, this_run, event.correlation_id, event.causation_id
  FROM (
    SELECT entry.seq, entry.id, entry.type, entry.data, entry.at, entry.correlation_id, entry.causation_id
    FROM jsonb_to_recordset(events) AS entry (
      seq int, id uuid, type text, data jsonb, at timestamptz, correlation_id text, causation_id text
    ) ORDER BY entry.seq
  ) AS event;
  RETURN true;
END $$;
