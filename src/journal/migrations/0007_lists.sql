-- When the order of a saga was created, as the saga's start says; null if it does not. Lists of orders are sorted by it
-- whichever filter they have, so that `from` and `to` speak of one thing.
ALTER TABLE sagas ADD COLUMN ordered_at timestamptz;

-- A start that says something else must not keep a saga out of the journal.
CREATE FUNCTION keep_ordered_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.ordered_at := (NEW.data ->> 'orderedAt')::timestamptz;
  RETURN NEW;
EXCEPTION WHEN data_exception THEN
  RETURN NEW;
END $$;

CREATE TRIGGER sagas_ordered_at BEFORE INSERT ON sagas
  FOR EACH ROW WHEN (NEW.data ? 'orderedAt') EXECUTE FUNCTION keep_ordered_at();
-- A saga that was known by a later event first.
CREATE TRIGGER sagas_ordered_at_later BEFORE UPDATE OF data ON sagas
  FOR EACH ROW WHEN (NEW.ordered_at IS NULL AND NEW.data ? 'orderedAt') EXECUTE FUNCTION keep_ordered_at();

CREATE INDEX sagas_of_state ON sagas (state, (coalesce(ordered_at, created_at)), saga_id);
CREATE INDEX sagas_waiting ON sagas ((coalesce(ordered_at, created_at)), saga_id) WHERE waiting_for IS NOT NULL;
CREATE INDEX sagas_by_change ON sagas (updated_at, saga_id);
