-- The endpoints of shops, and the messages that wait for each: the queue of one endpoint holds up no other. Time is this
-- server's clock.
CREATE TABLE webhook_endpoints (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  url text NOT NULL,
  description text NOT NULL,
  -- Which events it gets, such as order.completed.
  events text[] NOT NULL,
  -- `ended`: it answered 410. `deleted`: the sender deletes its deliveries, and then the row.
  state text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled', 'ended', 'deleted')),
  -- The sender signs with them, so they are kept as they are. The old one counts until its time is over.
  secret text NOT NULL,
  old_secret text,
  old_secret_until timestamptz,
  -- The caller who registered it; null if callers are not known.
  created_by text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Attempts in a row that failed, since when, and the end of the pause that they or the endpoint's own wish make.
  failures int NOT NULL DEFAULT 0,
  failing_since timestamptz,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE UNIQUE INDEX webhook_endpoints_by_url ON webhook_endpoints (url) WHERE state <> 'deleted';

-- One message for one endpoint, with its last attempt. Nothing of an answer is kept but its status.
CREATE TABLE webhook_deliveries (
  -- In the order in which they were queued, which for one saga is the order of its events.
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  endpoint_id uuid NOT NULL REFERENCES webhook_endpoints (id),
  -- The same for each endpoint, attempt and re-send of an event: webhook-id.
  message_id text NOT NULL,
  -- Messages of one saga to one endpoint go one after another. A test is of no saga.
  saga_id text,
  event text NOT NULL,
  -- JSON as it is sent: ids, state, reason and amount, nothing personal.
  body text NOT NULL,
  -- `failed`: its time is over, or the endpoint has ended.
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- When its time began: at its creation, and again at a re-send.
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- When it is tried next. An attempt under way moves it to the time at which its sender counts as dead.
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  claimed_until timestamptz,
  -- Attempts that began. It is the fence: a sender that wakes up late settles only its own attempt.
  attempts int NOT NULL DEFAULT 0,
  -- Attempts since `since`: the pause grows with them.
  tries int NOT NULL DEFAULT 0,
  last_attempt_at timestamptz,
  -- Of the last answer; null if there was none, and then `last_error` says why.
  last_status int,
  last_error text,
  decided_at timestamptz,
  UNIQUE (endpoint_id, message_id)
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_at, position) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (position) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_of_saga ON webhook_deliveries (endpoint_id, saga_id, position) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (endpoint_id) WHERE claimed_until IS NOT NULL;
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (endpoint_id, position DESC);
CREATE INDEX webhook_deliveries_decided ON webhook_deliveries (decided_at) WHERE decided_at IS NOT NULL;
