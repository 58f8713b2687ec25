-- What customers asked for. Personal data lives here and nowhere else. A row is never deleted: see 0005_forgotten.sql.

CREATE TABLE orders (
  id text PRIMARY KEY,
  -- The owner: in production the subject of the caller's token.
  customer_id text NOT NULL,
  -- [{productId, quantity}], duplicates already merged.
  items jsonb NOT NULL,
  -- A token of the payment provider, never a card number.
  payment_token text NOT NULL,
  shipping_address jsonb NOT NULL,
  -- Hash of the request before defaults: tells a repeat from another order under the same id.
  fingerprint text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Set once Temporal confirmed the start; until then the order is not accepted.
  started_at timestamptz
);

CREATE INDEX orders_by_owner ON orders (customer_id, created_at);

-- What was asked for and never confirmed: few rows, looked after by the API.
CREATE INDEX orders_not_started ON orders (created_at) WHERE started_at IS NULL;

-- Stored defaults of a customer.
CREATE TABLE customers (
  id text PRIMARY KEY,
  payment_token text NOT NULL,
  shipping_address jsonb NOT NULL
);
