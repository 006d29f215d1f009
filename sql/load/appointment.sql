-- Appointment statements: stage_appointment → core.fact_appointment and core.appointment_superseded (together the log). Parameter: :load_id.
-- Only keys with more than one statement or with a tombstone need a decision; all others go straight through.
INSERT INTO ops.guard (stage_is_whole)
SELECT CAST(nullif(s.staged, s.staged) AS varchar(64))
FROM (SELECT count(*) AS staged FROM stage_appointment) s
CROSS JOIN (SELECT coalesce(sum(row_count), 0) AS listed FROM batch_object WHERE entity = 'appointment') b
WHERE s.staged <> b.listed;

-- What the log already holds about the keys of this load.
CREATE TEMP TABLE appointment_prior AS
SELECT f.appointment_key, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_system, f.load_id, f.patient_key, f.clinic_key, f.provider_key, 1 AS stands
FROM core.fact_appointment f
WHERE EXISTS (SELECT 1 FROM stage_appointment s WHERE s.appointment_key = f.appointment_key)
UNION ALL
SELECT p.appointment_key, p.event_id, p.payload_hash, p.effective_at, p.recorded_at, p.source_system, p.load_id, NULL, NULL, NULL, 0
FROM core.appointment_superseded p
WHERE EXISTS (SELECT 1 FROM stage_appointment s WHERE s.appointment_key = p.appointment_key);

CREATE TEMP TABLE appointment_contested AS
SELECT s.appointment_key FROM stage_appointment s GROUP BY s.appointment_key HAVING count(*) > 1
UNION
SELECT s.appointment_key FROM stage_appointment s WHERE s.op = 'delete'
UNION
SELECT p.appointment_key FROM appointment_prior p;

-- New statements about these keys, each once. A repeat has the same event, payload and times; an event_id used again with another
-- payload is a statement of its own.
CREATE TEMP TABLE appointment_rival AS
SELECT r.*
FROM (
  SELECT s.appointment_key, s.appointment_id, s.source_system, s.patient_key, s.clinic_key, s.provider_key, s.scheduled_date,
    s.scheduled_time_key, s.actual_date, s.actual_time_key, s.created_date, s.status_code, s.appointment_type_code,
    s.scheduled_start_at, s.scheduled_precision, s.scheduled_tz_offset_min, s.actual_start_at, s.arrived_at, s.completed_at,
    s.cancelled_at, s.created_at, s.planned_duration_min, s.reminder_count, s.dq_flags, s.event_id, s.payload_hash,
    s.effective_at, s.recorded_at, s.op,
    ROW_NUMBER() OVER (PARTITION BY s.appointment_key, s.event_id, s.payload_hash, s.effective_at, s.recorded_at ORDER BY s.op) AS copy_number
  FROM stage_appointment s
  WHERE EXISTS (SELECT 1 FROM appointment_contested c WHERE c.appointment_key = s.appointment_key)
) r
LEFT JOIN appointment_prior p ON p.appointment_key = r.appointment_key AND p.event_id = r.event_id AND p.payload_hash = r.payload_hash
  AND p.effective_at = r.effective_at AND p.recorded_at = r.recorded_at
WHERE r.copy_number = 1 AND p.appointment_key IS NULL;

-- Place 1 wins: the latest knowledge, whenever it became true. effective_at only makes the order total.
CREATE TEMP TABLE appointment_place AS
SELECT x.appointment_key, x.event_id, x.payload_hash, x.effective_at, x.recorded_at, x.stands, x.is_new,
  ROW_NUMBER() OVER (PARTITION BY x.appointment_key ORDER BY x.recorded_at DESC, x.event_id DESC, x.payload_hash DESC, x.effective_at DESC) AS place
FROM (
  SELECT r.appointment_key, r.event_id, r.payload_hash, r.effective_at, r.recorded_at, 0 AS stands, 1 AS is_new FROM appointment_rival r
  UNION ALL
  SELECT p.appointment_key, p.event_id, p.payload_hash, p.effective_at, p.recorded_at, p.stands, 0 FROM appointment_prior p
) x;

-- Facts that are beaten: they leave the fact, and stay in the log.
CREATE TEMP TABLE appointment_beaten AS
SELECT p.appointment_key, p.event_id, p.payload_hash, p.effective_at, p.recorded_at, p.source_system, p.load_id, p.patient_key, p.clinic_key, p.provider_key
FROM appointment_prior p
JOIN appointment_place q ON q.appointment_key = p.appointment_key AND q.stands = 1 AND q.place > 1
WHERE p.stands = 1;
INSERT INTO core.appointment_superseded (appointment_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, load_id)
SELECT b.appointment_key, b.event_id, b.payload_hash, 'upsert', b.source_system, b.effective_at, b.recorded_at, b.load_id
FROM appointment_beaten b
UNION ALL
SELECT r.appointment_key, r.event_id, r.payload_hash, r.op, r.source_system, r.effective_at, r.recorded_at, CAST(:load_id AS varchar(32))
FROM appointment_rival r
JOIN appointment_place q ON q.appointment_key = r.appointment_key AND q.event_id = r.event_id AND q.payload_hash = r.payload_hash
  AND q.effective_at = r.effective_at AND q.recorded_at = r.recorded_at
WHERE q.place > 1 OR r.op = 'delete';
INSERT INTO ops.touched (load_id, entity, touched_key)
SELECT CAST(:load_id AS varchar(32)), 'appointment', b.appointment_key FROM appointment_beaten b;
DELETE FROM core.fact_appointment WHERE appointment_key IN (SELECT b.appointment_key FROM appointment_beaten b);

-- Minutes are differences of floored epoch minutes (60.0: a whole division would round towards zero before 1970), days differences of local dates; a scheduled day without an hour
-- (scheduled_precision = day) has no delay and no time of day. Dates outside the calendar resolve to its unknown date -1.
INSERT INTO core.fact_appointment (appointment_key, appointment_id, source_system, patient_key, clinic_key, provider_key,
  scheduled_date_key, scheduled_time_key, actual_date_key, actual_time_key, created_date_key, status_code, appointment_type,
  scheduled_start_at, scheduled_precision, scheduled_tz_offset_min, actual_start_at, arrived_at, completed_at, cancelled_at, created_at,
  start_delay_min, lateness_min, patient_late_min, in_clinic_wait_min, lead_time_days, planned_duration_min, actual_duration_min, reminder_count,
  is_attended, is_no_show, is_cancelled, is_unresolved, is_delayed, is_in_no_show_denominator,
  dq_flags, event_id, payload_hash, effective_at, recorded_at, load_id)
SELECT m.appointment_key, m.appointment_id, m.source_system, m.patient_key, m.clinic_key, m.provider_key,
  CASE WHEN m.scheduled_date BETWEEN date '2000-01-01' AND date '2050-12-31'
    THEN CAST(extract(year FROM m.scheduled_date) * 10000 + extract(month FROM m.scheduled_date) * 100 + extract(day FROM m.scheduled_date) AS integer) ELSE -1 END,
  m.scheduled_time_key,
  CASE WHEN m.actual_date BETWEEN date '2000-01-01' AND date '2050-12-31'
    THEN CAST(extract(year FROM m.actual_date) * 10000 + extract(month FROM m.actual_date) * 100 + extract(day FROM m.actual_date) AS integer)
    WHEN m.actual_date IS NOT NULL THEN -1 END,
  m.actual_time_key,
  CASE WHEN m.created_date BETWEEN date '2000-01-01' AND date '2050-12-31'
    THEN CAST(extract(year FROM m.created_date) * 10000 + extract(month FROM m.created_date) * 100 + extract(day FROM m.created_date) AS integer)
    WHEN m.created_date IS NOT NULL THEN -1 END,
  m.status_code, m.appointment_type_code,
  m.scheduled_start_at, m.scheduled_precision, m.scheduled_tz_offset_min, m.actual_start_at, m.arrived_at, m.completed_at, m.cancelled_at, m.created_at,
  m.actual_minute - m.instant_minute,
  CASE WHEN m.actual_minute > m.instant_minute THEN m.actual_minute - m.instant_minute WHEN m.actual_minute <= m.instant_minute THEN 0 END,
  m.arrived_minute - m.instant_minute,
  CASE WHEN m.arrived_minute > m.instant_minute THEN m.actual_minute - m.arrived_minute WHEN m.arrived_minute <= m.instant_minute THEN m.actual_minute - m.instant_minute END,
  m.scheduled_date - m.created_date, m.planned_duration_min, m.completed_minute - m.actual_minute, m.reminder_count,
  CASE WHEN m.status_code = 'fulfilled' THEN 1 ELSE 0 END,
  CASE WHEN m.status_code = 'noshow' THEN 1 ELSE 0 END,
  CASE WHEN m.status_code = 'cancelled' THEN 1 ELSE 0 END,
  CASE WHEN m.status_code IN ('proposed', 'pending', 'booked', 'waitlist') AND m.recorded_at > m.scheduled_end THEN 1 ELSE 0 END,
  CASE WHEN m.actual_minute - m.instant_minute > 10 THEN 1 WHEN m.actual_minute - m.instant_minute <= 10 THEN 0 END,
  CASE WHEN m.status_code IN ('fulfilled', 'noshow') THEN 1 ELSE 0 END,
  m.dq_flags, m.event_id, m.payload_hash, m.effective_at, m.recorded_at, CAST(:load_id AS varchar(32))
FROM (
  SELECT x.*,
    CASE WHEN x.scheduled_precision = 'day' THEN NULL ELSE CAST(floor(extract(epoch FROM x.scheduled_start_at) / 60.0) AS integer) END AS instant_minute,
    CAST(floor(extract(epoch FROM x.actual_start_at) / 60.0) AS integer) AS actual_minute,
    CAST(floor(extract(epoch FROM x.arrived_at) / 60.0) AS integer) AS arrived_minute,
    CAST(floor(extract(epoch FROM x.completed_at) / 60.0) AS integer) AS completed_minute,
    CASE WHEN x.scheduled_precision = 'day' THEN x.scheduled_start_at + interval '1 day' ELSE x.scheduled_start_at END AS scheduled_end
  FROM (
    SELECT s.appointment_key, s.appointment_id, s.source_system, s.patient_key, s.clinic_key, s.provider_key, s.scheduled_date, s.scheduled_time_key,
      s.actual_date, s.actual_time_key, s.created_date, s.status_code, s.appointment_type_code, s.scheduled_start_at, s.scheduled_precision,
      s.scheduled_tz_offset_min, s.actual_start_at, s.arrived_at, s.completed_at, s.cancelled_at, s.created_at, s.planned_duration_min,
      s.reminder_count, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at
    FROM stage_appointment s
    WHERE NOT EXISTS (SELECT 1 FROM appointment_contested c WHERE c.appointment_key = s.appointment_key)
    UNION ALL
    SELECT r.appointment_key, r.appointment_id, r.source_system, r.patient_key, r.clinic_key, r.provider_key, r.scheduled_date, r.scheduled_time_key,
      r.actual_date, r.actual_time_key, r.created_date, r.status_code, r.appointment_type_code, r.scheduled_start_at, r.scheduled_precision,
      r.scheduled_tz_offset_min, r.actual_start_at, r.arrived_at, r.completed_at, r.cancelled_at, r.created_at, r.planned_duration_min,
      r.reminder_count, r.dq_flags, r.event_id, r.payload_hash, r.effective_at, r.recorded_at
    FROM appointment_rival r
    JOIN appointment_place q ON q.appointment_key = r.appointment_key AND q.event_id = r.event_id AND q.payload_hash = r.payload_hash
      AND q.effective_at = r.effective_at AND q.recorded_at = r.recorded_at
    WHERE r.op = 'upsert' AND q.place = 1
  ) x
) m;

-- Inferred members: named by a fact, described by nobody yet. They carry the natural key and stand from -infinity.
CREATE TEMP TABLE appointment_undescribed AS
SELECT s.patient_key AS member_key, 'patient' AS entity FROM stage_appointment s
WHERE NOT EXISTS (SELECT 1 FROM core.dim_patient_history h WHERE h.patient_key = s.patient_key) GROUP BY s.patient_key
UNION ALL
SELECT s.clinic_key, 'clinic' FROM stage_appointment s
WHERE NOT EXISTS (SELECT 1 FROM core.dim_clinic_history h WHERE h.clinic_key = s.clinic_key) GROUP BY s.clinic_key
UNION ALL
SELECT s.provider_key, 'provider' FROM stage_appointment s
WHERE NOT EXISTS (SELECT 1 FROM core.dim_provider_history h WHERE h.provider_key = s.provider_key) GROUP BY s.provider_key;
CREATE TEMP TABLE appointment_nobody AS
SELECT f.patient_key AS member_key, 'patient' AS entity FROM core.fact_appointment f
WHERE f.patient_key IN (SELECT u.member_key FROM appointment_undescribed u WHERE u.entity = 'patient') GROUP BY f.patient_key
UNION ALL
SELECT f.clinic_key, 'clinic' FROM core.fact_appointment f
WHERE f.clinic_key IN (SELECT u.member_key FROM appointment_undescribed u WHERE u.entity = 'clinic') GROUP BY f.clinic_key
UNION ALL
SELECT f.provider_key, 'provider' FROM core.fact_appointment f
WHERE f.provider_key IN (SELECT u.member_key FROM appointment_undescribed u WHERE u.entity = 'provider') GROUP BY f.provider_key;
INSERT INTO core.dim_patient_history (patient_key, source_system, patient_id, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT s.patient_key, s.source_system, s.patient_id, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM stage_appointment s
WHERE s.patient_key IN (SELECT n.member_key FROM appointment_nobody n WHERE n.entity = 'patient')
GROUP BY s.patient_key, s.source_system, s.patient_id;
INSERT INTO core.dim_clinic_history (clinic_key, source_system, clinic_id, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT s.clinic_key, s.source_system, s.clinic_id, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM stage_appointment s
WHERE s.clinic_key IN (SELECT n.member_key FROM appointment_nobody n WHERE n.entity = 'clinic')
GROUP BY s.clinic_key, s.source_system, s.clinic_id;
INSERT INTO core.dim_provider_history (provider_key, npi, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT s.provider_key, s.provider_npi, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM stage_appointment s
WHERE s.provider_key IN (SELECT n.member_key FROM appointment_nobody n WHERE n.entity = 'provider')
GROUP BY s.provider_key, s.provider_npi;

-- Inferred members that only beaten facts named go again: the members of the result do not depend on the order of loads.
CREATE TEMP TABLE appointment_left (member_key varchar(32), entity varchar(64));
INSERT INTO appointment_left (member_key, entity)
SELECT h.patient_key, 'patient' FROM core.dim_patient_history h
WHERE h.is_inferred AND h.patient_key IN (SELECT b.patient_key FROM appointment_beaten b)
UNION ALL
SELECT h.clinic_key, 'clinic' FROM core.dim_clinic_history h
WHERE h.is_inferred AND h.clinic_key IN (SELECT b.clinic_key FROM appointment_beaten b)
UNION ALL
SELECT h.provider_key, 'provider' FROM core.dim_provider_history h
WHERE h.is_inferred AND h.provider_key IN (SELECT b.provider_key FROM appointment_beaten b);
CREATE TEMP TABLE appointment_kept AS
SELECT f.patient_key AS member_key, 'patient' AS entity FROM core.fact_appointment f
WHERE f.patient_key IN (SELECT t.member_key FROM appointment_left t WHERE t.entity = 'patient') GROUP BY f.patient_key
UNION ALL
SELECT f.clinic_key, 'clinic' FROM core.fact_appointment f
WHERE f.clinic_key IN (SELECT t.member_key FROM appointment_left t WHERE t.entity = 'clinic') GROUP BY f.clinic_key
UNION ALL
SELECT f.provider_key, 'provider' FROM core.fact_appointment f
WHERE f.provider_key IN (SELECT t.member_key FROM appointment_left t WHERE t.entity = 'provider') GROUP BY f.provider_key;
DELETE FROM appointment_left
WHERE EXISTS (SELECT 1 FROM appointment_kept k WHERE k.entity = appointment_left.entity AND k.member_key = appointment_left.member_key);
DELETE FROM core.dim_patient_history
WHERE is_inferred AND patient_key IN (SELECT t.member_key FROM appointment_left t WHERE t.entity = 'patient');
DELETE FROM core.dim_clinic_history
WHERE is_inferred AND clinic_key IN (SELECT t.member_key FROM appointment_left t WHERE t.entity = 'clinic');
DELETE FROM core.dim_provider_history
WHERE is_inferred AND provider_key IN (SELECT t.member_key FROM appointment_left t WHERE t.entity = 'provider');
