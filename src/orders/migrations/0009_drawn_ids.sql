-- The API has drawn the id for the very request that wrote the row: it cannot be the id of an order that was deleted.
ALTER TABLE orders ADD COLUMN drawn boolean NOT NULL DEFAULT false;
