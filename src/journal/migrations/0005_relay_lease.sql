-- Who feeds a sink: a lease that its holder renews every few seconds, by the clock of this server. A relay that hangs
-- renews nothing, and another one takes over. `generation` counts the takeovers: it is the fence. Whatever moves the
-- cursor or keeps a block names its generation, so that a relay that wakes up later changes nothing.
ALTER TABLE sink_cursors
  ADD COLUMN generation bigint NOT NULL DEFAULT 0,
  ADD COLUMN holder text,
  ADD COLUMN renewed_at timestamptz,
  ADD COLUMN lease_until timestamptz,
  -- When the holder has last delivered something, or has found nothing to deliver.
  ADD COLUMN progressed_at timestamptz;

CREATE INDEX sink_blocks_due ON sink_blocks (sink, next_at);
