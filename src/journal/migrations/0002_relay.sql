-- What the relay keeps beside the cursors of its sinks, and what the reader of commands has seen.

-- A saga whose event a sink rejects: it is tried again, and the saga's later events wait behind it at that sink.
-- After its budget it is a dead letter (kind rejectedEvent) as well; it is still tried, seldom, until that is resolved.
CREATE TABLE sink_blocks (
  sink text NOT NULL,
  saga_id text NOT NULL,
  -- The event that is rejected, and where it stands.
  event_id uuid NOT NULL,
  txid xid8 NOT NULL,
  position bigint NOT NULL,
  reason text NOT NULL,
  attempts int NOT NULL,
  first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  next_at timestamptz NOT NULL,
  PRIMARY KEY (sink, saga_id)
);

-- Commands that were taken in: one that is delivered again is not acted on again.
CREATE TABLE saga_commands (
  -- The command's own id, else where and when the broker has stored it.
  id text PRIMARY KEY,
  -- Of its content: the same id with other content is another command.
  fingerprint text NOT NULL,
  saga_id text,
  command text,
  -- Null while it is being acted on.
  outcome text CHECK (outcome IN ('accepted', 'refused')),
  -- Why it was refused.
  reason text,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  decided_at timestamptz
);

CREATE UNIQUE INDEX dead_letters_of_commands ON dead_letters (event_id) WHERE kind = 'rejectedCommand';
