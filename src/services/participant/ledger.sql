-- The ledger of effects: one row for each id that a caller ever named, written in one transaction with the effect.
-- Rows are never deleted (the serving role has no right to): a fenced or undone row is the tombstone that refuses
-- a late original (rule 20), a refused row answers its repeats for ever (rule 23).

CREATE TABLE effects (
  id          text COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
  -- 'none' is never committed: it stands only between the claim of an id and the decision, in one transaction.
  status      text NOT NULL CHECK (status IN ('none', 'applied', 'refused', 'undone', 'fenced')),
  -- Both are null for a tombstone that came before its original: a DELETE knows only the id.
  order_id    text COLLATE "C",
  fingerprint text,
  refusal     jsonb,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  CHECK (status NOT IN ('applied', 'undone') OR (order_id IS NOT NULL AND fingerprint IS NOT NULL)),
  CHECK (status <> 'refused' OR (fingerprint IS NOT NULL AND refusal IS NOT NULL))
);

CREATE INDEX effects_by_order ON effects (order_id, id);
CREATE INDEX effects_applied ON effects (id) WHERE status = 'applied';
