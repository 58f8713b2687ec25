-- The mails. A row is a mail sent: one for each id, however often it is asked for.

CREATE TABLE notifications (
  id          text COLLATE "C" PRIMARY KEY REFERENCES effects (id),
  customer_id text NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('confirmation', 'cancellation')),
  sent_at     timestamptz NOT NULL DEFAULT now()
);

CREATE VIEW effect_details AS
SELECT id, jsonb_build_object('kind', kind) AS detail
FROM notifications;
