-- The audit stream of every saga, and the read model that is its fold (src/saga/journal/events.ts). Nothing personal is here.

-- Given to an event when it is confirmed: when nothing is missing before it in its saga.
CREATE SEQUENCE positions;

CREATE TABLE saga_events (
  saga_id text NOT NULL,
  -- 0, and one more for each time that a run's events were superseded: by a reset, say.
  branch int NOT NULL,
  -- As in the saga's own journal, from 1; 0 is the SagaReset with which a later branch begins.
  seq int NOT NULL,
  -- A version 5 UUID of the three above: the same event has the same id for ever.
  id uuid NOT NULL,
  -- Null while something is missing before it: nobody reads it then.
  position bigint,
  -- Of the transaction that confirmed it. Positions are committed out of order, so a relay reads what is below
  -- pg_snapshot_xmin(pg_current_snapshot()), ordered by (txid, position).
  txid xid8,
  -- The name in the audit trail: SagaStepStarted, OrderFulfillmentFailed …
  type text NOT NULL,
  data jsonb NOT NULL,
  -- The workflow's clock.
  at timestamptz NOT NULL,
  run_id text NOT NULL,
  correlation_id text,
  causation_id text,
  stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The branch that superseded it; null while it is in force.
  superseded_by int,
  PRIMARY KEY (saga_id, branch, seq)
);

-- A number has one event in force.
CREATE UNIQUE INDEX saga_events_in_force ON saga_events (saga_id, seq) WHERE superseded_by IS NULL AND seq > 0;
CREATE UNIQUE INDEX saga_events_by_position ON saga_events (position) WHERE position IS NOT NULL;
CREATE INDEX saga_events_by_transaction ON saga_events (txid, position) WHERE position IS NOT NULL;
-- One saga's events as readers page through them.
CREATE INDEX saga_events_of_saga ON saga_events (saga_id, position) WHERE position IS NOT NULL;

CREATE TABLE sagas (
  saga_id text PRIMARY KEY,
  saga_type text NOT NULL,
  state text NOT NULL,
  reason text,
  data jsonb NOT NULL,
  steps jsonb NOT NULL,
  waivers jsonb NOT NULL,
  dead_letters jsonb NOT NULL,
  current_step text,
  blocked_on text,
  waiting_for jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  -- The number of the last confirmed event.
  version int NOT NULL,
  branch int NOT NULL,
  run_id text NOT NULL,
  -- Later events are stored already, and wait for one that is missing.
  behind_gap boolean NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX sagas_by_state ON sagas (state, created_at, saga_id);
CREATE INDEX sagas_by_age ON sagas (created_at, saga_id);
CREATE INDEX sagas_blocked ON sagas (blocked_on) WHERE blocked_on IS NOT NULL;

-- A view: it cannot disagree with its saga.
CREATE VIEW saga_steps AS
SELECT
  saga_id, ordinality AS step_number, name AS step_name, kind, status, result, error, attempts,
  "executedAt" AS executed_at, "timeoutAt" AS timeout_at, "compensatedAt" AS compensated_at
FROM sagas, ROWS FROM (
  jsonb_to_recordset(steps) AS (
    name text, kind text, status text, result jsonb, error jsonb, attempts int,
    "executedAt" timestamptz, "timeoutAt" timestamptz, "compensatedAt" timestamptz
  )
) WITH ORDINALITY;

-- What needs a human. The first two kinds follow from the events; the others are written by the relay and by Kafka's reader.
CREATE TABLE dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('blocked', 'undelivered', 'rejectedEvent', 'rejectedCommand')),
  saga_id text,
  step text,
  sink text,
  event_id text,
  reason text NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  attempts int NOT NULL,
  -- retried, resolved, dropped, superseded …; null while it is open. An operator's change says who and why.
  resolution text,
  resolved_by text,
  resolved_reason text,
  resolved_at timestamptz
);

CREATE UNIQUE INDEX dead_letters_of_steps ON dead_letters (saga_id, step, kind)
  WHERE kind IN ('blocked', 'undelivered');
CREATE UNIQUE INDEX dead_letters_of_sinks ON dead_letters (sink, event_id) WHERE kind = 'rejectedEvent';
CREATE INDEX dead_letters_open ON dead_letters (kind, first_at) WHERE resolution IS NULL;

-- How far each sink has been fed.
CREATE TABLE sink_cursors (
  sink text PRIMARY KEY,
  txid xid8 NOT NULL DEFAULT '0',
  position bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One round trip for what is the rule: `events` follow right upon what is stored, in the same run, and nothing else is
-- to be looked at. False, and nothing is changed, where that is not so.
CREATE FUNCTION append_next(this_saga text, this_branch int, this_run text, after_version int, events jsonb, saga jsonb)
RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  next sagas := jsonb_populate_record(NULL::sagas, saga);
BEGIN
  -- Before anything that gives this transaction its number: a saga's events are confirmed in the order of their numbers.
  PERFORM pg_advisory_xact_lock(hashtextextended(this_saga, 0));
  IF after_version = 0 THEN
    INSERT INTO sagas VALUES (next.*) ON CONFLICT (saga_id) DO NOTHING;
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
    SELECT * FROM jsonb_to_recordset(events) AS entry (
      seq int, id uuid, type text, data jsonb, at timestamptz, correlation_id text, causation_id text
    ) ORDER BY entry.seq
  ) AS event;
  RETURN true;
END $$;
