-- The stock and who holds it. No sequence of reservations can take "available" below zero or break
-- available + reserved = stocked: the constraints hold even where the code would be wrong (rule 22).

CREATE TABLE products (
  id        text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
  name      text NOT NULL,
  price     bigint NOT NULL CHECK (price BETWEEN 0 AND 1000000000),
  currency  text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  stocked   bigint NOT NULL CHECK (stocked BETWEEN 0 AND 9007199254740991),
  available bigint NOT NULL CONSTRAINT stock_never_below_zero CHECK (available >= 0),
  reserved  bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  CONSTRAINT stock_adds_up CHECK (available + reserved = stocked)
);

CREATE TABLE reservations (
  id           text COLLATE "C" PRIMARY KEY REFERENCES effects (id),
  total        bigint NOT NULL CHECK (total BETWEEN 0 AND 9007199254740991),
  currency     text NOT NULL,
  reserved_at  timestamptz NOT NULL DEFAULT now(),
  released_at  timestamptz
);

CREATE TABLE reservation_items (
  reservation_id text COLLATE "C" NOT NULL REFERENCES reservations (id),
  product_id     text COLLATE "C" NOT NULL REFERENCES products (id),
  quantity       bigint NOT NULL CHECK (quantity > 0),
  unit_price     bigint NOT NULL CHECK (unit_price >= 0),
  PRIMARY KEY (reservation_id, product_id)
);

CREATE VIEW effect_details AS
SELECT r.id,
       jsonb_build_object(
         'items', (
           SELECT jsonb_agg(jsonb_build_object('productId', i.product_id, 'quantity', i.quantity) ORDER BY i.product_id)
           FROM reservation_items i
           WHERE i.reservation_id = r.id
         ),
         'total', jsonb_build_object('amount', r.total, 'currency', r.currency)
       ) AS detail
FROM reservations r;
