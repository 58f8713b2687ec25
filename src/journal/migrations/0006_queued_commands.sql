-- Kafka's commands from when they are taken in until they are decided: the broker's offset goes on at once, and one saga
-- that cannot be decided stops no other. An older release neither reads nor writes what is new here.

-- Of the named fields: the same command in other bytes is the same command. Null if an older release has taken it in.
ALTER TABLE saga_commands ADD COLUMN content_fingerprint text;

-- One row for each saga that has undecided commands. It speaks of the first of them.
CREATE TABLE command_queues (
  -- The saga's id; the command's place if it names none.
  queue text PRIMARY KEY,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- When the first command is tried; null once it rests: then it waits for an operator.
  next_at timestamptz DEFAULT clock_timestamp(),
  -- It is being tried; a process that dies over it leaves this behind.
  claimed_until timestamptz,
  -- Attempts that began, and how many of the last ones never ended.
  attempts int NOT NULL DEFAULT 0,
  unfinished int NOT NULL DEFAULT 0,
  -- Milliseconds of its budget that its attempts and pauses have taken, outages left out.
  spent_ms bigint NOT NULL DEFAULT 0,
  -- Since when and why it is parked: null while nothing but an outage has kept it from being decided.
  parked_at timestamptz(3),
  reason text,
  resting_at timestamptz
);

CREATE INDEX command_queues_due ON command_queues (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX command_queues_parked ON command_queues (parked_at, queue) WHERE parked_at IS NOT NULL;
CREATE INDEX command_queues_resting ON command_queues (resting_at) WHERE resting_at IS NOT NULL;

-- A command as it came. The row goes when the command is accepted, or when its refusal is published: it may hold an address.
CREATE TABLE queued_commands (
  -- In the order in which they were taken in, which within a partition is the broker's.
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- As in saga_commands.
  id text NOT NULL UNIQUE,
  queue text NOT NULL,
  saga_id text,
  command text,
  correlation_id text NOT NULL,
  -- Topic, partition, offset and time of the broker.
  place text NOT NULL,
  -- Who has signed it, and in which role; null if commands are not signed.
  sender text,
  role text,
  key bytea,
  value bytea,
  -- Name and value of each as JSON, values in base64.
  headers jsonb NOT NULL,
  -- What the record had that is not kept here, or was null.
  lost text,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Once it is refused: the code, and which fields and why. It is then no longer in its saga's queue.
  code text,
  detail text,
  -- Where the refusal has been published, when it is tried next, and what has kept it from being published.
  on_dlq boolean NOT NULL DEFAULT false,
  on_events boolean NOT NULL DEFAULT false,
  publish_at timestamptz,
  publish_attempts int NOT NULL DEFAULT 0,
  publish_error text
);

CREATE INDEX queued_commands_waiting ON queued_commands (queue, position) WHERE code IS NULL;
CREATE INDEX queued_commands_oldest ON queued_commands (received_at) WHERE code IS NULL;
CREATE INDEX queued_commands_refused ON queued_commands (publish_at) WHERE code IS NOT NULL;
CREATE INDEX queued_commands_unpublished ON queued_commands (received_at) WHERE code IS NOT NULL;

-- A command that has used up its budget.
ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_kind_check;
ALTER TABLE dead_letters ADD CONSTRAINT dead_letters_kind_check
  CHECK (kind IN ('blocked', 'undelivered', 'rejectedEvent', 'rejectedCommand', 'parkedCommand'));

CREATE UNIQUE INDEX dead_letters_of_parked_commands ON dead_letters (event_id) WHERE kind = 'parkedCommand';
