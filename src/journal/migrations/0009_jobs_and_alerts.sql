-- The background jobs, one row each: its lease and its last run. Time is this server's clock, so that the clocks of the
-- machines do not matter. `generation` counts the leases that were given: it is the fence, as it is for sink_cursors.
CREATE TABLE jobs (
  job text PRIMARY KEY,
  generation bigint NOT NULL DEFAULT 0,
  holder text,
  -- Renewed while the job runs; null while it does not run. A driver that was killed leaves it behind until it lapses.
  lease_until timestamptz,
  -- When the run under way began; null while none is.
  running_since timestamptz,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The last run that ended. A run that was cut off by a kill is counted as `lost` by the driver that takes over.
  last_began_at timestamptz,
  last_ms double precision,
  last_result text CHECK (last_result IN ('done', 'failed', 'cut', 'lost')),
  -- Figures of the run that ended, or the kind of its error.
  last_status jsonb,
  -- When it last ended as it should.
  last_done_at timestamptz,
  runs bigint NOT NULL DEFAULT 0,
  -- Runs since the last one that was done.
  failures int NOT NULL DEFAULT 0
);

-- One row for each alert from when it is raised until it is cleared; a condition that comes back has a new row.
CREATE TABLE alerts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Of the labels: the same condition has the same one for ever.
  fingerprint text NOT NULL,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  -- How many sagas, events or commands it speaks of, and since when the oldest of them.
  affected int NOT NULL,
  oldest_since timestamptz NOT NULL,
  starts_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ends_at timestamptz
);

CREATE UNIQUE INDEX alerts_firing ON alerts (fingerprint) WHERE ends_at IS NULL;
CREATE INDEX alerts_by_start ON alerts (starts_at DESC, id DESC);

-- Each raise and each clear, once. The writer holds the row of its job, so positions are committed in their order.
CREATE TABLE alert_changes (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alert_id bigint NOT NULL REFERENCES alerts (id),
  status text NOT NULL CHECK (status IN ('firing', 'resolved')),
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
