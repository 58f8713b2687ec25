-- Why an order was cancelled: a code, and what the customer said. The comment is personal: forgetting a customer blanks it.
ALTER TABLE orders ADD COLUMN cancel_reason text, ADD COLUMN cancel_comment text;
