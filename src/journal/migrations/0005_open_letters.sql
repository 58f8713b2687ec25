-- Lists of what is open, page by page in the order of their numbers.
CREATE INDEX dead_letters_open_by_id ON dead_letters (id) WHERE resolution IS NULL;
