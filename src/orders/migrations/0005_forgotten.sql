-- Drawn when the row is written, and in the memo of the workflow that was started for it: tells a workflow of this very
-- row from one of a row under the same id that was deleted. Null in rows of an older release.
ALTER TABLE orders ADD COLUMN mark uuid;

-- When the customer was forgotten: the personal columns are blank since then, and the row keeps the id taken.
ALTER TABLE orders ADD COLUMN forgotten_at timestamptz;

-- Who was forgotten, by whom and why.
CREATE TABLE forgettings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  reason text NOT NULL,
  -- The order that was asked for; null if it was a customer.
  order_id text,
  -- SHA-256 of the customer's id; null if an order was asked for.
  owner_hash text,
  -- Rows of orders that were blanked.
  orders integer NOT NULL
);
