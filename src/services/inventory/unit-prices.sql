-- What one of each product cost when it was held stands in a reservation's lines.
CREATE OR REPLACE VIEW effect_details AS
SELECT r.id,
       jsonb_build_object(
         'items', (
           SELECT jsonb_agg(
             jsonb_build_object('productId', i.product_id, 'quantity', i.quantity, 'unitPrice', i.unit_price)
             ORDER BY i.product_id
           )
           FROM reservation_items i
           WHERE i.reservation_id = r.id
         ),
         'total', jsonb_build_object('amount', r.total, 'currency', r.currency)
       ) AS detail
FROM reservations r;
