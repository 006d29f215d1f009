-- Clinic statements: stage_clinic → core.clinic_log → core.dim_clinic_history. Parameter: :load_id.
-- Only keys with more than one statement or with a tombstone need a decision; all others go straight through.
INSERT INTO ops.guard (stage_is_whole)
SELECT CAST(nullif(s.staged, s.staged) AS varchar(64))
FROM (SELECT count(*) AS staged FROM stage_clinic) s
CROSS JOIN (SELECT coalesce(sum(row_count), 0) AS listed FROM batch_object WHERE entity = 'clinic') b
WHERE s.staged <> b.listed;

-- What the log already holds about the keys of this load.
CREATE TEMP TABLE clinic_prior AS
SELECT l.clinic_key, l.event_id, l.payload_hash, l.effective_at, l.recorded_at
FROM core.clinic_log l
WHERE EXISTS (SELECT 1 FROM stage_clinic s WHERE s.clinic_key = l.clinic_key);

CREATE TEMP TABLE clinic_contested AS
SELECT s.clinic_key FROM stage_clinic s GROUP BY s.clinic_key HAVING count(*) > 1
UNION
SELECT s.clinic_key FROM stage_clinic s WHERE s.op = 'delete'
UNION
SELECT p.clinic_key FROM clinic_prior p;

-- The log: every statement once. A repeat has the same event, payload and times; an event_id used again with another payload is
-- a statement of its own.
INSERT INTO core.clinic_log (clinic_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, clinic_id, clinic_name, city, state, timezone, dq_flags, load_id)
SELECT s.clinic_key, s.event_id, s.payload_hash, s.op, s.source_system, s.effective_at, s.recorded_at, s.clinic_id, s.clinic_name, s.city, s.state, s.timezone, s.dq_flags, CAST(:load_id AS varchar(32))
FROM stage_clinic s
WHERE NOT EXISTS (SELECT 1 FROM clinic_contested c WHERE c.clinic_key = s.clinic_key)
UNION ALL
SELECT r.clinic_key, r.event_id, r.payload_hash, r.op, r.source_system, r.effective_at, r.recorded_at, r.clinic_id, r.clinic_name, r.city, r.state, r.timezone, r.dq_flags, CAST(:load_id AS varchar(32))
FROM (
  SELECT s.clinic_key, s.event_id, s.payload_hash, s.op, s.source_system, s.effective_at, s.recorded_at, s.clinic_id, s.clinic_name, s.city, s.state, s.timezone, s.dq_flags,
    ROW_NUMBER() OVER (PARTITION BY s.clinic_key, s.event_id, s.payload_hash, s.effective_at, s.recorded_at ORDER BY s.record_source, s.record_position) AS copy_number
  FROM stage_clinic s
  WHERE EXISTS (SELECT 1 FROM clinic_contested c WHERE c.clinic_key = s.clinic_key)
) r
LEFT JOIN clinic_prior p ON p.clinic_key = r.clinic_key AND p.event_id = r.event_id AND p.payload_hash = r.payload_hash
    AND p.effective_at = r.effective_at AND p.recorded_at = r.recorded_at
WHERE r.copy_number = 1 AND p.clinic_key IS NULL;

-- Winner per instant; equal neighbours collapse into the earlier one (two tombstones are equal whatever else they carry); the first
-- version holds from -infinity, each one until the next. A tombstone is a version without attributes: no fact loses its row by it.
CREATE TEMP TABLE clinic_version AS
WITH candidate AS (
  SELECT l.clinic_key, l.event_id, l.payload_hash, l.op, l.source_system, l.effective_at, l.recorded_at, l.clinic_id, l.clinic_name, l.city, l.state, l.timezone,
    ROW_NUMBER() OVER (PARTITION BY l.clinic_key, l.effective_at ORDER BY l.recorded_at DESC, l.event_id DESC, l.payload_hash DESC) AS place
  FROM core.clinic_log l
  WHERE EXISTS (SELECT 1 FROM clinic_contested c WHERE c.clinic_key = l.clinic_key)
), winner AS (
  SELECT c.clinic_key, c.event_id, c.payload_hash, c.op, c.source_system, c.effective_at, c.recorded_at, c.clinic_id, c.clinic_name, c.city, c.state, c.timezone,
    ROW_NUMBER() OVER (PARTITION BY c.clinic_key ORDER BY c.effective_at) AS turn
  FROM candidate c
  WHERE c.place = 1
)
SELECT w.clinic_key, w.source_system, w.clinic_id,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.clinic_name END AS clinic_name,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.city END AS city,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.state END AS state,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.timezone END AS timezone,
  CASE WHEN ROW_NUMBER() OVER (PARTITION BY w.clinic_key ORDER BY w.effective_at) = 1 THEN timestamp '1900-01-01 00:00:00' ELSE w.effective_at END AS valid_from,
  coalesce(LEAD(w.effective_at) OVER (PARTITION BY w.clinic_key ORDER BY w.effective_at), timestamp '9999-12-31 00:00:00') AS valid_to,
  w.op = 'delete' AS is_deleted, w.event_id, w.payload_hash, w.recorded_at
FROM winner w
LEFT JOIN winner p ON p.clinic_key = w.clinic_key AND p.turn = w.turn - 1
WHERE p.clinic_key IS NULL OR p.op <> w.op OR (w.op <> 'delete' AND NOT (
  coalesce(w.clinic_name = p.clinic_name, w.clinic_name IS NULL AND p.clinic_name IS NULL)
  AND coalesce(w.city = p.city, w.city IS NULL AND p.city IS NULL)
  AND coalesce(w.state = p.state, w.state IS NULL AND p.state IS NULL)
  AND coalesce(w.timezone = p.timezone, w.timezone IS NULL AND p.timezone IS NULL)
));

-- What stood before this load and does not stand after it: inferred members that are described now, and versions that differ.
-- Facts that name these members are refreshed in the one big tables.
CREATE TEMP TABLE clinic_stale AS
SELECT h.clinic_key, h.valid_from
FROM core.dim_clinic_history h
WHERE h.is_inferred AND h.clinic_key IN (SELECT s.clinic_key FROM stage_clinic s)
UNION ALL
SELECT h.clinic_key, h.valid_from
FROM core.dim_clinic_history h
LEFT JOIN clinic_version v ON v.clinic_key = h.clinic_key AND v.valid_from = h.valid_from AND v.valid_to = h.valid_to
  AND v.event_id = h.event_id AND v.payload_hash = h.payload_hash AND v.recorded_at = h.recorded_at
WHERE v.clinic_key IS NULL AND h.clinic_key IN (SELECT p.clinic_key FROM clinic_prior p);
INSERT INTO ops.touched (load_id, entity, touched_key)
SELECT CAST(:load_id AS varchar(32)), 'clinic', t.clinic_key FROM clinic_stale t GROUP BY t.clinic_key;
DELETE FROM core.dim_clinic_history
WHERE EXISTS (SELECT 1 FROM clinic_stale t WHERE t.clinic_key = dim_clinic_history.clinic_key AND t.valid_from = dim_clinic_history.valid_from);

INSERT INTO core.dim_clinic_history (clinic_key, source_system, clinic_id, clinic_name, city, state, timezone, valid_from, valid_to, is_current, is_inferred, is_deleted, event_id, payload_hash, recorded_at, load_id)
SELECT s.clinic_key, s.source_system, s.clinic_id, s.clinic_name, s.city, s.state, s.timezone,
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, s.event_id, s.payload_hash, s.recorded_at, CAST(:load_id AS varchar(32))
FROM stage_clinic s
WHERE NOT EXISTS (SELECT 1 FROM clinic_contested c WHERE c.clinic_key = s.clinic_key)
UNION ALL
SELECT v.clinic_key, v.source_system, v.clinic_id, v.clinic_name, v.city, v.state, v.timezone,
  v.valid_from, v.valid_to, v.valid_to = timestamp '9999-12-31 00:00:00', false, v.is_deleted, v.event_id, v.payload_hash, v.recorded_at, CAST(:load_id AS varchar(32))
FROM clinic_version v
WHERE NOT EXISTS (SELECT 1 FROM core.dim_clinic_history h WHERE h.clinic_key = v.clinic_key AND h.valid_from = v.valid_from);
