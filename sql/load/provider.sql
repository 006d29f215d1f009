-- Provider statements: stage_provider → core.provider_log → core.dim_provider_history. Parameter: :load_id.
-- Only keys with more than one statement or with a tombstone need a decision; all others go straight through.
INSERT INTO ops.guard (stage_is_whole)
SELECT CAST(nullif(s.staged, s.staged) AS varchar(64))
FROM (SELECT count(*) AS staged FROM stage_provider) s
CROSS JOIN (SELECT coalesce(sum(row_count), 0) AS listed FROM batch_object WHERE entity = 'provider') b
WHERE s.staged <> b.listed;

-- What the log already holds about the keys of this load.
CREATE TEMP TABLE provider_prior AS
SELECT l.provider_key, l.event_id, l.payload_hash, l.effective_at, l.recorded_at
FROM core.provider_log l
WHERE EXISTS (SELECT 1 FROM stage_provider s WHERE s.provider_key = l.provider_key);

CREATE TEMP TABLE provider_contested AS
SELECT s.provider_key FROM stage_provider s GROUP BY s.provider_key HAVING count(*) > 1
UNION
SELECT s.provider_key FROM stage_provider s WHERE s.op = 'delete'
UNION
SELECT p.provider_key FROM provider_prior p;

-- The log: every statement once. A repeat has the same event, payload and times; an event_id used again with another payload is
-- a statement of its own.
INSERT INTO core.provider_log (provider_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, npi, full_name, specialty, dq_flags, load_id)
SELECT s.provider_key, s.event_id, s.payload_hash, s.op, s.source_system, s.effective_at, s.recorded_at, s.npi, s.full_name, s.specialty, s.dq_flags, CAST(:load_id AS varchar(32))
FROM stage_provider s
WHERE NOT EXISTS (SELECT 1 FROM provider_contested c WHERE c.provider_key = s.provider_key)
UNION ALL
SELECT r.provider_key, r.event_id, r.payload_hash, r.op, r.source_system, r.effective_at, r.recorded_at, r.npi, r.full_name, r.specialty, r.dq_flags, CAST(:load_id AS varchar(32))
FROM (
  SELECT s.provider_key, s.event_id, s.payload_hash, s.op, s.source_system, s.effective_at, s.recorded_at, s.npi, s.full_name, s.specialty, s.dq_flags,
    ROW_NUMBER() OVER (PARTITION BY s.provider_key, s.event_id, s.payload_hash, s.effective_at, s.recorded_at ORDER BY s.record_source, s.record_position) AS copy_number
  FROM stage_provider s
  WHERE EXISTS (SELECT 1 FROM provider_contested c WHERE c.provider_key = s.provider_key)
) r
LEFT JOIN provider_prior p ON p.provider_key = r.provider_key AND p.event_id = r.event_id AND p.payload_hash = r.payload_hash
    AND p.effective_at = r.effective_at AND p.recorded_at = r.recorded_at
WHERE r.copy_number = 1 AND p.provider_key IS NULL;

-- Winner per instant; equal neighbours collapse into the earlier one (two tombstones are equal whatever else they carry); the first
-- version holds from -infinity, each one until the next. A tombstone is a version without attributes: no fact loses its row by it.
CREATE TEMP TABLE provider_version AS
WITH candidate AS (
  SELECT l.provider_key, l.event_id, l.payload_hash, l.op, l.source_system, l.effective_at, l.recorded_at, l.npi, l.full_name, l.specialty,
    ROW_NUMBER() OVER (PARTITION BY l.provider_key, l.effective_at ORDER BY l.recorded_at DESC, l.event_id DESC, l.payload_hash DESC) AS place
  FROM core.provider_log l
  WHERE EXISTS (SELECT 1 FROM provider_contested c WHERE c.provider_key = l.provider_key)
), winner AS (
  SELECT c.provider_key, c.event_id, c.payload_hash, c.op, c.source_system, c.effective_at, c.recorded_at, c.npi, c.full_name, c.specialty,
    ROW_NUMBER() OVER (PARTITION BY c.provider_key ORDER BY c.effective_at) AS turn
  FROM candidate c
  WHERE c.place = 1
)
SELECT w.provider_key, w.source_system, w.npi,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.full_name END AS full_name,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.specialty END AS specialty,
  CASE WHEN ROW_NUMBER() OVER (PARTITION BY w.provider_key ORDER BY w.effective_at) = 1 THEN timestamp '1900-01-01 00:00:00' ELSE w.effective_at END AS valid_from,
  coalesce(LEAD(w.effective_at) OVER (PARTITION BY w.provider_key ORDER BY w.effective_at), timestamp '9999-12-31 00:00:00') AS valid_to,
  w.op = 'delete' AS is_deleted, w.event_id, w.payload_hash, w.recorded_at
FROM winner w
LEFT JOIN winner p ON p.provider_key = w.provider_key AND p.turn = w.turn - 1
WHERE p.provider_key IS NULL OR p.op <> w.op OR (w.op <> 'delete' AND NOT (
  coalesce(w.full_name = p.full_name, w.full_name IS NULL AND p.full_name IS NULL)
  AND coalesce(w.specialty = p.specialty, w.specialty IS NULL AND p.specialty IS NULL)
));

-- What stood before this load and does not stand after it: inferred members that are described now, and versions that differ.
-- Facts that name these members are refreshed in the one big tables.
CREATE TEMP TABLE provider_stale AS
SELECT h.provider_key, h.valid_from
FROM core.dim_provider_history h
WHERE h.is_inferred AND h.provider_key IN (SELECT s.provider_key FROM stage_provider s)
UNION ALL
SELECT h.provider_key, h.valid_from
FROM core.dim_provider_history h
LEFT JOIN provider_version v ON v.provider_key = h.provider_key AND v.valid_from = h.valid_from AND v.valid_to = h.valid_to
  AND v.event_id = h.event_id AND v.payload_hash = h.payload_hash AND v.recorded_at = h.recorded_at
WHERE v.provider_key IS NULL AND h.provider_key IN (SELECT p.provider_key FROM provider_prior p);
INSERT INTO ops.touched (load_id, entity, touched_key)
SELECT CAST(:load_id AS varchar(32)), 'provider', t.provider_key FROM provider_stale t GROUP BY t.provider_key;
DELETE FROM core.dim_provider_history
WHERE EXISTS (SELECT 1 FROM provider_stale t WHERE t.provider_key = dim_provider_history.provider_key AND t.valid_from = dim_provider_history.valid_from);

INSERT INTO core.dim_provider_history (provider_key, source_system, npi, full_name, specialty, valid_from, valid_to, is_current, is_inferred, is_deleted, event_id, payload_hash, recorded_at, load_id)
SELECT s.provider_key, s.source_system, s.npi, s.full_name, s.specialty,
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, s.event_id, s.payload_hash, s.recorded_at, CAST(:load_id AS varchar(32))
FROM stage_provider s
WHERE NOT EXISTS (SELECT 1 FROM provider_contested c WHERE c.provider_key = s.provider_key)
UNION ALL
SELECT v.provider_key, v.source_system, v.npi, v.full_name, v.specialty,
  v.valid_from, v.valid_to, v.valid_to = timestamp '9999-12-31 00:00:00', false, v.is_deleted, v.event_id, v.payload_hash, v.recorded_at, CAST(:load_id AS varchar(32))
FROM provider_version v
WHERE NOT EXISTS (SELECT 1 FROM core.dim_provider_history h WHERE h.provider_key = v.provider_key AND h.valid_from = v.valid_from);
