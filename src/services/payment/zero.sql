-- A payment of 0 is applied without a charge: an order of free goods costs nothing, and is an order like any other.
ALTER TABLE payments
  DROP CONSTRAINT payments_amount_check,
  ADD CONSTRAINT payments_amount_check CHECK (amount BETWEEN 0 AND 9007199254740991);
