-- The parcels. The address stays here, with the team that ships: it is in no log and in no answer.

CREATE TABLE shipments (
  id              text COLLATE "C" PRIMARY KEY REFERENCES effects (id),
  tracking_number text NOT NULL UNIQUE,
  items           jsonb NOT NULL,
  address         jsonb NOT NULL,
  booked_at       timestamptz NOT NULL DEFAULT now(),
  -- Once the carrier has it, a cancellation is refused with AlreadyCollected.
  collected_at    timestamptz,
  cancelled_at    timestamptz,
  CONSTRAINT collected_or_cancelled CHECK (collected_at IS NULL OR cancelled_at IS NULL)
);

CREATE VIEW effect_details AS
SELECT id, jsonb_build_object('trackingNumber', tracking_number) AS detail
FROM shipments;
