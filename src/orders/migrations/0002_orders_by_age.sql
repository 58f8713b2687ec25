-- Lists of all orders, newest first.
CREATE INDEX orders_by_age ON orders (created_at, id);
