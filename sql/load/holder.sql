-- Which load holds the lease; no row when none does. Asked by a load that found the lease taken, so that it can finish that load first.
SELECT l.load_id FROM ops.load_lease l WHERE l.load_id IS NOT NULL;
