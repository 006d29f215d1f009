-- First statements of every transaction of a load.
-- Parameters: :load_id, :object_count, :key_fingerprint, :entities_applied (by earlier transactions of the load). Placeholder: objects_uri (loads/<load_id>/objects.parquet).
-- The lock comes first: an UPDATE alone takes its snapshot before it waits, and would then decide on what it saw before waiting.
LOCK TABLE ops.load_lock;
CREATE TEMP TABLE batch_object (object varchar(1024), entity varchar(64), schema_version integer, row_count bigint, is_withdrawn boolean);
COPY batch_object FROM '{{objects_uri}}' IAM_ROLE default FORMAT AS PARQUET;

-- The lease spans the transactions of one load. Whoever finds another load's name in it raises; that load is finished first.
UPDATE ops.load_lease SET load_id = :load_id WHERE load_id IS NULL;
INSERT INTO ops.key_fingerprint (fingerprint)
SELECT CAST(:key_fingerprint AS varchar(64)) WHERE NOT EXISTS (SELECT 1 FROM ops.key_fingerprint);

-- The guard: another load holds the lease; the ledger already holds an object, or this load; the list of objects is not the one that was
-- planned; the keys in here were made with another secret; an earlier transaction of this load is not there, since the warehouse went
-- back to a time before it (restored from a backup, or cut by a crash).
INSERT INTO ops.guard (lease_is_ours, object_is_new, object_list_is_whole, key_is_ours, earlier_steps_are_there)
SELECT nullif(l.load_id, l.load_id), 'yes', 'yes', 'yes', 'yes'
FROM ops.load_lease l WHERE l.load_id <> :load_id
UNION ALL
SELECT 'yes', nullif(b.object, b.object), 'yes', 'yes', 'yes'
FROM batch_object b WHERE b.is_withdrawn IS NULL AND EXISTS (SELECT 1 FROM ops.loaded_object o WHERE o.object = b.object)
UNION ALL
SELECT 'yes', nullif(f.load_id, f.load_id), 'yes', 'yes', 'yes'
FROM ops.load_ledger f WHERE f.load_id = :load_id
UNION ALL
SELECT 'yes', 'yes', CAST(nullif(b.objects, b.objects) AS varchar(64)), 'yes', 'yes'
FROM (SELECT count(*) AS objects FROM batch_object) b WHERE b.objects <> CAST(:object_count AS bigint)
UNION ALL
SELECT 'yes', 'yes', 'yes', nullif(k.fingerprint, k.fingerprint), 'yes'
FROM ops.key_fingerprint k WHERE k.fingerprint <> :key_fingerprint
UNION ALL
SELECT 'yes', 'yes', 'yes', 'yes', CAST(nullif(c.applied, c.applied) AS varchar(64))
FROM (
  -- An entity that is read again in several transactions has a row of each.
  SELECT c.entities + r.more AS applied
  FROM (SELECT count(DISTINCT entity) AS entities FROM ops.load_count WHERE load_id = :load_id) c
  CROSS JOIN (SELECT count(*) - count(DISTINCT entity) AS more FROM ops.reread WHERE load_id = :load_id) r
) c
WHERE c.applied < CAST(:entities_applied AS bigint);
