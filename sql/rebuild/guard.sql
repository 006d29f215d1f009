-- No load may be between two of its transactions: what it has committed would be gone, and what it commits yet would stand on nothing.
INSERT INTO ops.guard (lease_is_ours) SELECT nullif(l.load_id, l.load_id) FROM ops.load_lease l WHERE l.load_id IS NOT NULL;
