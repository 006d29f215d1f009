-- Loads and migrations wait for each other. First statement of a transaction, before its snapshot is taken.
LOCK TABLE ops.load_lock;
