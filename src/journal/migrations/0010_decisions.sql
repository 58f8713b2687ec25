-- Every decision and every denial: who, what, on which saga, why, when, with which outcome (rule 49). Nothing personal of
-- customers is here, so `unwind forget` has nothing to blank.
--
-- A decision is two rows of one id: `asked` before anything is done, `answered` with the outcome. A denial is `answered`
-- alone. A decision without an answer has an unknown outcome: its process died, or it is under way.
CREATE TABLE decisions (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL,
  phase text NOT NULL CHECK (phase IN ('asked', 'answered')),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Of the request: api, kafka or cli; saga: the saga has recorded it, and none of these has.
  door text NOT NULL,
  actor text NOT NULL,
  -- person, machine, customer or unknown.
  kind text NOT NULL,
  roles text[] NOT NULL DEFAULT '{}',
  action text NOT NULL,
  saga_id text,
  step text,
  -- Of a decision on something else than a saga: the number of a dead letter, the hash of a customer's id.
  subject text,
  reason text,
  request_id text,
  correlation_id text,
  -- accepted, refused, denied, undecided or failed; unknown while it is not answered.
  outcome text NOT NULL,
  -- The code of the refusal or denial.
  code text,
  UNIQUE (id, phase)
);

CREATE INDEX decisions_by_time ON decisions (at, position);
CREATE INDEX decisions_of_saga ON decisions (saga_id, at, position) WHERE saga_id IS NOT NULL;
CREATE INDEX decisions_of_actor ON decisions (actor, at, position);
CREATE INDEX decisions_of_action ON decisions (action, at, position);
CREATE INDEX decisions_of_outcome ON decisions (outcome, at, position);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is append-only: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER decisions_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON decisions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The decisions that are not answered: few, however many decisions there are.
CREATE TABLE open_decisions (id uuid PRIMARY KEY);

CREATE FUNCTION keep_open_decisions() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.phase = 'asked' THEN
    INSERT INTO open_decisions (id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM open_decisions WHERE id = NEW.id;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER decisions_open AFTER INSERT ON decisions FOR EACH ROW EXECUTE FUNCTION keep_open_decisions();

-- A saga records each decision that it accepts. So a decision reaches the audit although its process died before the
-- answer, this database was away, or it came by Temporal's own command line. Here and not in a program, so that no writer
-- of events can leave it out.
CREATE FUNCTION note_accepted_decision() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  done text := CASE NEW.type WHEN 'SagaIntervened' THEN NEW.data ->> 'action' WHEN 'SagaCancelAccepted' THEN 'cancel'
    ELSE CASE NEW.data ->> 'answer' WHEN 'approved' THEN 'approve' WHEN 'rejected' THEN 'reject' END END;
  known decisions;
BEGIN
  IF done IS NULL OR NEW.data ->> 'actor' IS NULL THEN RETURN NULL; END IF;
  PERFORM FROM decisions
  WHERE saga_id = NEW.saga_id AND action = done AND actor = NEW.data ->> 'actor' AND outcome = 'accepted'
    AND reason IS NOT DISTINCT FROM NEW.data ->> 'reason' AND step IS NOT DISTINCT FROM NEW.data ->> 'step'
    AND (request_id IS NULL OR request_id IS NOT DISTINCT FROM NEW.data ->> 'requestId');
  IF FOUND THEN RETURN NULL; END IF;
  SELECT decisions.* INTO known FROM decisions JOIN open_decisions ON open_decisions.id = decisions.id
  WHERE saga_id = NEW.saga_id AND action = done AND actor = NEW.data ->> 'actor'
    AND reason IS NOT DISTINCT FROM NEW.data ->> 'reason' AND step IS NOT DISTINCT FROM NEW.data ->> 'step'
    AND (request_id IS NULL OR request_id IS NOT DISTINCT FROM NEW.data ->> 'requestId')
  ORDER BY at DESC, position DESC LIMIT 1;
  INSERT INTO decisions (id, phase, door, actor, kind, roles, action, saga_id, step, reason, request_id, correlation_id, outcome)
  VALUES (coalesce(known.id, NEW.id), 'answered', coalesce(known.door, 'saga'), NEW.data ->> 'actor', coalesce(known.kind, 'unknown'),
    coalesce(known.roles, '{}'), done, NEW.saga_id, NEW.data ->> 'step', NEW.data ->> 'reason', NEW.data ->> 'requestId',
    coalesce(known.correlation_id, NEW.correlation_id), 'accepted')
  ON CONFLICT (id, phase) DO NOTHING;
  RETURN NULL;
END $$;

CREATE TRIGGER saga_events_decisions AFTER INSERT ON saga_events FOR EACH ROW
  WHEN (NEW.type IN ('SagaIntervened', 'SagaCancelAccepted', 'SagaWaitEnded')) EXECUTE FUNCTION note_accepted_decision();
