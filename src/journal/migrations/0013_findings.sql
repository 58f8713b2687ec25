-- The reconciler's findings (rule 27): sagas whose run ended without a verdict, and effects that no saga owns. One open row
-- for each saga; a finding that is gone is closed by the next look, and a saga that is left behind again has a new row.
CREATE TABLE findings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  saga_id text NOT NULL,
  -- Null if the journal knows no such saga.
  saga_type text,
  state text,
  cause text NOT NULL,
  -- When the run ended; if that is not known, when it was found.
  since timestamptz NOT NULL,
  found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at timestamptz,
  -- Live effects, money in minor units, and stock.
  holds jsonb NOT NULL
);
CREATE UNIQUE INDEX findings_open ON findings (saga_id) WHERE closed_at IS NULL;
CREATE INDEX findings_open_by_age ON findings (found_at, id) WHERE closed_at IS NULL;
CREATE INDEX findings_unseen ON findings (seen_at, id) WHERE closed_at IS NULL;

-- How far each of the reconciler's walks has come, so that a killed job goes on where it was.
CREATE TABLE reconciler_places (
  walk text PRIMARY KEY,
  place text NOT NULL,
  -- When the walk last reached its end.
  rounded_at timestamptz
);

CREATE INDEX sagas_open_by_id ON sagas (saga_id) WHERE state IN ('STARTED', 'PENDING', 'COMPENSATING');
CREATE INDEX sagas_in_branches ON sagas (saga_id) WHERE branch > 0;
