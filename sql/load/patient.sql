-- Patient statements: stage_patient → core.patient_log → core.dim_patient_history. Parameter: :load_id.
-- Only keys with more than one statement or with a tombstone need a decision; all others go straight through.
INSERT INTO ops.guard (stage_is_whole)
SELECT CAST(nullif(s.staged, s.staged) AS varchar(64))
FROM (SELECT count(*) AS staged FROM stage_patient) s
CROSS JOIN (SELECT coalesce(sum(row_count), 0) AS listed FROM batch_object WHERE entity = 'patient') b
WHERE s.staged <> b.listed;

-- What the log already holds about the keys of this load.
CREATE TEMP TABLE patient_prior AS
SELECT l.patient_key, l.event_id, l.payload_hash, l.effective_at, l.recorded_at
FROM core.patient_log l
WHERE EXISTS (SELECT 1 FROM stage_patient s WHERE s.patient_key = l.patient_key);

CREATE TEMP TABLE patient_contested AS
SELECT s.patient_key FROM stage_patient s GROUP BY s.patient_key HAVING count(*) > 1
UNION
SELECT s.patient_key FROM stage_patient s WHERE s.op = 'delete'
UNION
SELECT p.patient_key FROM patient_prior p;

-- The log: every statement once. A repeat has the same event, payload and times; an event_id used again with another payload is
-- a statement of its own.
INSERT INTO core.patient_log (patient_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, patient_id, first_name, last_name, gender_code, birth_date, reported_age_years, zip5, state, primary_payer_id, dq_flags, load_id)
SELECT s.patient_key, s.event_id, s.payload_hash, s.op, s.source_system, s.effective_at, s.recorded_at, s.patient_id, s.first_name, s.last_name, s.gender_code, s.birth_date, s.reported_age_years, s.zip5, s.state, s.primary_payer_id, s.dq_flags, CAST(:load_id AS varchar(32))
FROM stage_patient s
WHERE NOT EXISTS (SELECT 1 FROM patient_contested c WHERE c.patient_key = s.patient_key)
UNION ALL
SELECT r.patient_key, r.event_id, r.payload_hash, r.op, r.source_system, r.effective_at, r.recorded_at, r.patient_id, r.first_name, r.last_name, r.gender_code, r.birth_date, r.reported_age_years, r.zip5, r.state, r.primary_payer_id, r.dq_flags, CAST(:load_id AS varchar(32))
FROM (
  SELECT s.patient_key, s.event_id, s.payload_hash, s.op, s.source_system, s.effective_at, s.recorded_at, s.patient_id, s.first_name, s.last_name, s.gender_code, s.birth_date, s.reported_age_years, s.zip5, s.state, s.primary_payer_id, s.dq_flags,
    ROW_NUMBER() OVER (PARTITION BY s.patient_key, s.event_id, s.payload_hash, s.effective_at, s.recorded_at ORDER BY s.record_source, s.record_position) AS copy_number
  FROM stage_patient s
  WHERE EXISTS (SELECT 1 FROM patient_contested c WHERE c.patient_key = s.patient_key)
) r
LEFT JOIN patient_prior p ON p.patient_key = r.patient_key AND p.event_id = r.event_id AND p.payload_hash = r.payload_hash
    AND p.effective_at = r.effective_at AND p.recorded_at = r.recorded_at
WHERE r.copy_number = 1 AND p.patient_key IS NULL;

-- Winner per instant; equal neighbours collapse into the earlier one (two tombstones are equal whatever else they carry); the first
-- version holds from -infinity, each one until the next. A tombstone is a version without attributes: no fact loses its row by it.
CREATE TEMP TABLE patient_version AS
WITH candidate AS (
  SELECT l.patient_key, l.event_id, l.payload_hash, l.op, l.source_system, l.effective_at, l.recorded_at, l.patient_id, l.first_name, l.last_name, l.gender_code, l.birth_date, l.reported_age_years, l.zip5, l.state, l.primary_payer_id,
    ROW_NUMBER() OVER (PARTITION BY l.patient_key, l.effective_at ORDER BY l.recorded_at DESC, l.event_id DESC, l.payload_hash DESC) AS place
  FROM core.patient_log l
  WHERE EXISTS (SELECT 1 FROM patient_contested c WHERE c.patient_key = l.patient_key)
), winner AS (
  SELECT c.patient_key, c.event_id, c.payload_hash, c.op, c.source_system, c.effective_at, c.recorded_at, c.patient_id, c.first_name, c.last_name, c.gender_code, c.birth_date, c.reported_age_years, c.zip5, c.state, c.primary_payer_id,
    ROW_NUMBER() OVER (PARTITION BY c.patient_key ORDER BY c.effective_at) AS turn
  FROM candidate c
  WHERE c.place = 1
)
SELECT w.patient_key, w.source_system, w.patient_id,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.first_name END AS first_name,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.last_name END AS last_name,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.gender_code END AS gender_code,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.birth_date END AS birth_date,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.reported_age_years END AS reported_age_years,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.zip5 END AS zip5,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.state END AS state,
  CASE WHEN w.op = 'delete' THEN NULL ELSE w.primary_payer_id END AS primary_payer_id,
  CASE WHEN ROW_NUMBER() OVER (PARTITION BY w.patient_key ORDER BY w.effective_at) = 1 THEN timestamp '1900-01-01 00:00:00' ELSE w.effective_at END AS valid_from,
  coalesce(LEAD(w.effective_at) OVER (PARTITION BY w.patient_key ORDER BY w.effective_at), timestamp '9999-12-31 00:00:00') AS valid_to,
  w.op = 'delete' AS is_deleted, w.event_id, w.payload_hash, w.recorded_at
FROM winner w
LEFT JOIN winner p ON p.patient_key = w.patient_key AND p.turn = w.turn - 1
WHERE p.patient_key IS NULL OR p.op <> w.op OR (w.op <> 'delete' AND NOT (
  coalesce(w.first_name = p.first_name, w.first_name IS NULL AND p.first_name IS NULL)
  AND coalesce(w.last_name = p.last_name, w.last_name IS NULL AND p.last_name IS NULL)
  AND coalesce(w.gender_code = p.gender_code, w.gender_code IS NULL AND p.gender_code IS NULL)
  AND coalesce(w.birth_date = p.birth_date, w.birth_date IS NULL AND p.birth_date IS NULL)
  AND coalesce(w.reported_age_years = p.reported_age_years, w.reported_age_years IS NULL AND p.reported_age_years IS NULL)
  AND coalesce(w.zip5 = p.zip5, w.zip5 IS NULL AND p.zip5 IS NULL)
  AND coalesce(w.state = p.state, w.state IS NULL AND p.state IS NULL)
  AND coalesce(w.primary_payer_id = p.primary_payer_id, w.primary_payer_id IS NULL AND p.primary_payer_id IS NULL)
));

-- What stood before this load and does not stand after it: inferred members that are described now, and versions that differ.
-- Facts that name these members are refreshed in the one big tables.
CREATE TEMP TABLE patient_stale AS
SELECT h.patient_key, h.valid_from
FROM core.dim_patient_history h
WHERE h.is_inferred AND h.patient_key IN (SELECT s.patient_key FROM stage_patient s)
UNION ALL
SELECT h.patient_key, h.valid_from
FROM core.dim_patient_history h
LEFT JOIN patient_version v ON v.patient_key = h.patient_key AND v.valid_from = h.valid_from AND v.valid_to = h.valid_to
  AND v.event_id = h.event_id AND v.payload_hash = h.payload_hash AND v.recorded_at = h.recorded_at
WHERE v.patient_key IS NULL AND h.patient_key IN (SELECT p.patient_key FROM patient_prior p);
INSERT INTO ops.touched (load_id, entity, touched_key)
SELECT CAST(:load_id AS varchar(32)), 'patient', t.patient_key FROM patient_stale t GROUP BY t.patient_key;
DELETE FROM core.dim_patient_history
WHERE EXISTS (SELECT 1 FROM patient_stale t WHERE t.patient_key = dim_patient_history.patient_key AND t.valid_from = dim_patient_history.valid_from);

INSERT INTO core.dim_patient_history (patient_key, source_system, patient_id, first_name, last_name, gender_code, birth_date, reported_age_years, zip5, state, primary_payer_id, valid_from, valid_to, is_current, is_inferred, is_deleted, event_id, payload_hash, recorded_at, load_id)
SELECT s.patient_key, s.source_system, s.patient_id, s.first_name, s.last_name, s.gender_code, s.birth_date, s.reported_age_years, s.zip5, s.state, s.primary_payer_id,
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, s.event_id, s.payload_hash, s.recorded_at, CAST(:load_id AS varchar(32))
FROM stage_patient s
WHERE NOT EXISTS (SELECT 1 FROM patient_contested c WHERE c.patient_key = s.patient_key)
UNION ALL
SELECT v.patient_key, v.source_system, v.patient_id, v.first_name, v.last_name, v.gender_code, v.birth_date, v.reported_age_years, v.zip5, v.state, v.primary_payer_id,
  v.valid_from, v.valid_to, v.valid_to = timestamp '9999-12-31 00:00:00', false, v.is_deleted, v.event_id, v.payload_hash, v.recorded_at, CAST(:load_id AS varchar(32))
FROM patient_version v
WHERE NOT EXISTS (SELECT 1 FROM core.dim_patient_history h WHERE h.patient_key = v.patient_key AND h.valid_from = v.valid_from);
