-- When an order was last asked for: as long as that is recent, somebody may be about to start it.
ALTER TABLE orders ADD COLUMN asked_at timestamptz NOT NULL DEFAULT now();

-- When it was found that an order has no workflow. It has none until it is asked for again.
ALTER TABLE orders ADD COLUMN missed_at timestamptz;

DROP INDEX orders_not_started;
CREATE INDEX orders_not_started ON orders (asked_at) WHERE started_at IS NULL;

-- What a caller has asked for under a key of its own. Kept as long as the order: Temporal forgets, this does not.
CREATE TABLE idempotency_keys (
  -- Keys of different callers never meet.
  owner text NOT NULL,
  key text NOT NULL,
  -- Hash of the request before defaults: tells a repeat from another request under the same key.
  fingerprint text NOT NULL,
  order_id text NOT NULL,
  -- Whoever holds the lease is about to start the order; once it has lapsed a repeat goes on in its place.
  lease uuid NOT NULL,
  lease_until timestamptz NOT NULL,
  -- {status, body, location}: what a repeat is answered, byte by byte; null while the order is not confirmed.
  answer json,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (owner, key)
);

CREATE INDEX idempotency_keys_by_order ON idempotency_keys (order_id);
