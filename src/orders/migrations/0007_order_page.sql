-- The shop's own pairs, kept with the order only: they may be personal, and are blanked with what else is.
ALTER TABLE orders ADD COLUMN metadata jsonb;

-- What the inventory service has asked for one of each product, when it held the stock: {"currency", "units": {id: amount}}.
ALTER TABLE orders ADD COLUMN prices jsonb;

-- Times go to the outside in milliseconds: what is compared with them has no more.
ALTER TABLE orders ALTER COLUMN created_at SET DEFAULT date_trunc('milliseconds', now());
-- The two are equal while no other request has asked for the order.
ALTER TABLE orders ALTER COLUMN asked_at SET DEFAULT date_trunc('milliseconds', now());

-- Which orders name a product, in the order in which they are listed.
CREATE TABLE order_products (
  product_id text NOT NULL,
  created_at timestamptz NOT NULL,
  order_id text NOT NULL,
  PRIMARY KEY (product_id, created_at, order_id)
);

INSERT INTO order_products (product_id, created_at, order_id)
SELECT DISTINCT item ->> 'productId', created_at, id FROM orders, jsonb_array_elements(items) AS item;

CREATE FUNCTION keep_order_products() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO order_products (product_id, created_at, order_id)
    SELECT DISTINCT item ->> 'productId', NEW.created_at, NEW.id FROM jsonb_array_elements(NEW.items) AS item;
  ELSE
    DELETE FROM order_products
    WHERE order_id = OLD.id AND created_at = OLD.created_at
      AND product_id IN (SELECT item ->> 'productId' FROM jsonb_array_elements(OLD.items) AS item);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER orders_products AFTER INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keep_order_products();
