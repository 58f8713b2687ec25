-- Keys that all processes of the API share: the one of the tickets with which browsers open streams.
CREATE TABLE shared_keys (
  name text PRIMARY KEY,
  key bytea NOT NULL CHECK (length(key) = 32),
  created_at timestamptz NOT NULL DEFAULT now()
);
