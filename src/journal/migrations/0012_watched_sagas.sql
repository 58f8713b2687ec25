-- What the watch asks every few seconds (src/background/watch/): open sagas alone, however many have ended.
CREATE INDEX sagas_quiet ON sagas (updated_at, saga_id)
  WHERE state IN ('STARTED', 'PENDING', 'COMPENSATING') AND blocked_on IS NULL AND waiting_for IS NULL;
CREATE INDEX sagas_open_by_age ON sagas (created_at, saga_id)
  WHERE state IN ('STARTED', 'PENDING', 'COMPENSATING') AND blocked_on IS NULL;
CREATE INDEX sagas_of_unknown_outcome ON sagas (updated_at, saga_id)
  WHERE state IN ('STARTED', 'PENDING', 'COMPENSATING') AND steps @> '[{"status": "unknown"}]';
-- The ends of waits are ISO 8601 in UTC, so their order as texts is their order in time.
CREATE INDEX sagas_waiting_until ON sagas ((waiting_for ->> 'until')) WHERE waiting_for IS NOT NULL;
