-- What was charged. "Captured" and "refunded" are the books; the view is what the API shows of them.

CREATE TABLE payments (
  id             text COLLATE "C" PRIMARY KEY REFERENCES effects (id),
  customer_id    text NOT NULL,
  payment_method text NOT NULL,
  currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  amount         bigint NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
  captured       bigint NOT NULL CHECK (captured BETWEEN 0 AND amount),
  refunded       bigint NOT NULL DEFAULT 0,
  captured_at    timestamptz NOT NULL DEFAULT now(),
  refunded_at    timestamptz,
  CONSTRAINT refund_never_exceeds_capture CHECK (refunded BETWEEN 0 AND captured)
);

CREATE VIEW effect_details AS
SELECT id,
       jsonb_build_object(
         'amount', jsonb_build_object('amount', amount, 'currency', currency),
         'captured', captured,
         'refunded', refunded
       ) AS detail
FROM payments;
