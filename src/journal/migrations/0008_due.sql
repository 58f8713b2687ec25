-- What is looked for several times a second is found by an index, however much else there is.

-- An operator has resolved the dead letter of an event that a sink rejects: the sink acts on it now. Here and not in a
-- program, so that an older release and psql are heard as well. The relay locks the block before the letter, so a block
-- that is locked is left alone: an attempt is under way, and the one after it (within a minute) finds the decision.
CREATE FUNCTION hurry_sink() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE sink_blocks SET next_at = clock_timestamp()
  WHERE sink = NEW.sink AND saga_id = ANY (ARRAY(
    SELECT saga_id FROM sink_blocks
    WHERE sink = NEW.sink AND saga_id = NEW.saga_id AND event_id::text = NEW.event_id FOR UPDATE SKIP LOCKED));
  RETURN NULL;
END $$;

CREATE TRIGGER dead_letters_resolved AFTER UPDATE OF resolution ON dead_letters
  FOR EACH ROW WHEN (NEW.kind = 'rejectedEvent' AND NEW.resolution <> 'delivered')
  EXECUTE FUNCTION hurry_sink();

-- What was resolved before this.
UPDATE sink_blocks AS block SET next_at = clock_timestamp() FROM dead_letters AS letter
WHERE letter.kind = 'rejectedEvent' AND letter.sink = block.sink AND letter.event_id = block.event_id::text
  AND letter.resolution <> 'delivered';

-- One index for each kind of queue that is claimed (src/commands/queues.ts).
CREATE INDEX command_queues_fresh ON command_queues (next_at) WHERE next_at IS NOT NULL AND reason IS NULL AND unfinished < 2;
CREATE INDEX command_queues_tried ON command_queues (next_at) WHERE next_at IS NOT NULL AND reason IS NOT NULL AND unfinished < 2;
CREATE INDEX command_queues_suspect ON command_queues (unfinished, next_at) WHERE next_at IS NOT NULL AND unfinished >= 2;
DROP INDEX command_queues_due;

-- What is forgotten after a month.
CREATE INDEX saga_commands_decided ON saga_commands (decided_at) WHERE decided_at IS NOT NULL;
