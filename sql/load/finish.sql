-- Last phase of a load: the one big table follows what changed, then the books are closed. Parameters: :load_id, :key_fingerprint.
-- Rows to write again: facts that were replaced or removed, and facts of earlier loads whose patient, clinic or provider changed.
CREATE TEMP TABLE obt_restated AS
SELECT t.touched_key AS appointment_key FROM ops.touched t WHERE t.entity = 'appointment'
UNION
SELECT f.appointment_key FROM core.fact_appointment f
WHERE f.patient_key IN (SELECT t.touched_key FROM ops.touched t WHERE t.entity = 'patient')
UNION
SELECT f.appointment_key FROM core.fact_appointment f
WHERE f.clinic_key IN (SELECT t.touched_key FROM ops.touched t WHERE t.entity = 'clinic')
UNION
SELECT f.appointment_key FROM core.fact_appointment f
WHERE f.provider_key IN (SELECT t.touched_key FROM ops.touched t WHERE t.entity = 'provider');
-- A load that brings less than a tenth of the facts reads the histories of the patients concerned only; for any other, picking them
-- would cost more than it saves. obt_patient is empty then.
CREATE TEMP TABLE obt_small AS
SELECT l.load_id FROM ops.load_lease l
CROSS JOIN (SELECT count(*) AS n FROM core.fact_appointment f WHERE f.load_id IN (SELECT o.load_id FROM ops.load_lease o)) b
CROSS JOIN (SELECT count(*) AS n FROM core.fact_appointment) t
WHERE b.n * 10 < t.n;
CREATE TEMP TABLE obt_patient AS
SELECT h.patient_key FROM core.dim_patient_history h CROSS JOIN obt_small s WHERE h.patient_key = '00000000000000000000000000000000'
UNION
SELECT f.patient_key FROM core.fact_appointment f WHERE f.load_id IN (SELECT s.load_id FROM obt_small s)
UNION
SELECT f.patient_key FROM core.fact_appointment f WHERE f.appointment_key IN (SELECT r.appointment_key FROM obt_restated r CROSS JOIN obt_small s);
DELETE FROM gold.obt_appointment WHERE appointment_key IN (SELECT r.appointment_key FROM obt_restated r);

-- Outer joins keep the order of the joins as written: an as-of condition makes planners guess far too few rows. A fact whose member
-- is missing would come out with load_id NULL, which the table refuses.
INSERT INTO gold.obt_appointment (appointment_key, appointment_id, source_system, appointment_created_at, scheduled_start_at,
  scheduled_date, scheduled_year, scheduled_quarter, scheduled_month, scheduled_week, scheduled_day, scheduled_dow,
  scheduled_hour, scheduled_minute, scheduled_day_part, actual_start_at, actual_date, actual_hour, actual_minute, arrived_at, completed_at, cancelled_at,
  status_code, outcome_group, is_attended, is_no_show, is_cancelled, is_unresolved, in_denominator,
  start_delay_min, lateness_min, is_delayed, patient_late_min, in_clinic_wait_min, lead_time_days, planned_duration_min, actual_duration_min, reminder_count, appointment_type,
  clinic_id, clinic_name, clinic_city, clinic_state, clinic_timezone,
  patient_id, patient_first_name, patient_last_name, patient_gender, patient_dob, patient_age_at_appt, patient_age_band, patient_zip5, patient_zip3, patient_state, primary_payer_id,
  provider_npi, provider_name, provider_specialty, dq_flags, known_at, load_id)
SELECT a.appointment_key, a.appointment_id, a.source_system, a.created_at, a.scheduled_start_at,
  a.full_date, a.year, a.quarter, a.year_month, a.week_iso, a.day, a.day_of_week_iso,
  a.scheduled_time_key / 100, a.scheduled_time_key - a.scheduled_time_key / 100 * 100,
  CASE WHEN a.scheduled_time_key < 600 THEN 'night' WHEN a.scheduled_time_key < 1200 THEN 'morning' WHEN a.scheduled_time_key < 1700 THEN 'afternoon' WHEN a.scheduled_time_key >= 1700 THEN 'evening' END,
  a.actual_start_at, a.actual_full_date, a.actual_time_key / 100, a.actual_time_key - a.actual_time_key / 100 * 100, a.arrived_at, a.completed_at, a.cancelled_at,
  a.status_code, CASE WHEN a.is_unresolved = 1 THEN 'unresolved' WHEN a.is_attended = 1 THEN 'attended' WHEN a.is_no_show = 1 THEN 'no_show' WHEN a.is_cancelled = 1 THEN 'cancelled'
    WHEN a.status_code = 'entered-in-error' THEN 'void' WHEN a.status_code IN ('arrived', 'checked-in') THEN 'arrived' ELSE 'open' END,
  a.is_attended, a.is_no_show, a.is_cancelled, a.is_unresolved, a.is_in_no_show_denominator,
  a.start_delay_min, a.lateness_min, a.is_delayed, a.patient_late_min, a.in_clinic_wait_min, a.lead_time_days, a.planned_duration_min, a.actual_duration_min, a.reminder_count, a.appointment_type,
  a.clinic_id, a.clinic_name, a.clinic_city, a.clinic_state, a.clinic_timezone,
  a.patient_id, a.first_name, a.last_name, a.gender_code, a.birth_date, a.age,
  CASE WHEN a.age < 18 THEN '0-17' WHEN a.age < 40 THEN '18-39' WHEN a.age < 65 THEN '40-64' WHEN a.age >= 65 THEN '65+' ELSE 'unknown' END,
  a.zip5, substring(a.zip5, 1, 3), a.patient_state, a.primary_payer_id,
  a.npi, a.full_name, a.specialty, a.dq_flags, a.recorded_at, a.load_id
FROM (
  SELECT f.appointment_key, f.appointment_id, f.source_system, f.created_at, f.scheduled_start_at, f.scheduled_time_key, f.actual_start_at, f.actual_time_key,
    f.arrived_at, f.completed_at, f.cancelled_at, f.status_code, f.is_attended, f.is_no_show, f.is_cancelled, f.is_unresolved, f.is_in_no_show_denominator,
    f.start_delay_min, f.lateness_min, f.is_delayed, f.patient_late_min, f.in_clinic_wait_min, f.lead_time_days, f.planned_duration_min, f.actual_duration_min, f.reminder_count, f.appointment_type,
    f.dq_flags, f.recorded_at,
    CASE WHEN p.patient_key IS NULL OR c.clinic_key IS NULL OR v.provider_key IS NULL THEN NULL ELSE f.load_id END AS load_id,
    d.full_date, d.year, d.quarter, d.year_month, d.week_iso, d.day, d.day_of_week_iso, e.full_date AS actual_full_date,
    c.clinic_id, c.clinic_name, c.city AS clinic_city, c.state AS clinic_state, c.timezone AS clinic_timezone,
    v.npi, v.full_name, v.specialty,
    p.patient_id, p.first_name, p.last_name, p.gender_code, p.birth_date, p.zip5, p.state AS patient_state, p.primary_payer_id,
    -- completed years: dates as yyyymmdd differ by 10,000 per birthday. Born after the appointment is no age.
    CASE WHEN f.scheduled_date_key >= p.birth_key THEN (f.scheduled_date_key - p.birth_key) / 10000 WHEN p.birth_key IS NULL THEN p.reported_age_years END AS age
  FROM (
    SELECT * FROM core.fact_appointment n WHERE n.load_id = :load_id
    UNION ALL
    SELECT n.* FROM core.fact_appointment n JOIN obt_restated r ON r.appointment_key = n.appointment_key WHERE n.load_id <> :load_id
  ) f
  LEFT JOIN core.dim_date d ON d.date_key = f.scheduled_date_key
  LEFT JOIN core.dim_clinic_history c ON c.clinic_key = f.clinic_key AND c.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < c.valid_to
  LEFT JOIN core.dim_provider_history v ON v.provider_key = f.provider_key AND v.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < v.valid_to
  LEFT JOIN (
    SELECT h.patient_key, h.valid_from, h.valid_to, h.patient_id, h.first_name, h.last_name, h.gender_code, h.birth_date, h.reported_age_years, h.zip5, h.state, h.primary_payer_id,
      CAST(extract(year FROM h.birth_date) * 10000 + extract(month FROM h.birth_date) * 100 + extract(day FROM h.birth_date) AS integer) AS birth_key
    FROM core.dim_patient_history h
    WHERE h.patient_key IN (SELECT k.patient_key FROM obt_patient k) OR NOT EXISTS (SELECT 1 FROM obt_patient k)
  ) p ON p.patient_key = f.patient_key AND p.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < p.valid_to
  LEFT JOIN core.dim_date e ON e.date_key = f.actual_date_key
) a;

-- No fact may be missing in the one big table, and none may stand in it twice.
INSERT INTO ops.guard (obt_is_whole)
SELECT CAST(nullif(o.n, o.n) AS varchar(64))
FROM (SELECT count(*) AS n FROM gold.obt_appointment) o CROSS JOIN (SELECT count(*) AS n FROM core.fact_appointment) f
WHERE o.n <> f.n;

INSERT INTO ops.loaded_object (object, entity, schema_version, row_count, load_id)
SELECT b.object, b.entity, b.schema_version, b.row_count, CAST(:load_id AS varchar(32)) FROM batch_object b;
INSERT INTO ops.load_ledger (load_id, object_count, row_count, key_fingerprint)
SELECT CAST(:load_id AS varchar(32)), count(*), coalesce(sum(b.row_count), 0), CAST(:key_fingerprint AS varchar(64)) FROM batch_object b;
DELETE FROM ops.touched;
UPDATE ops.load_lease SET load_id = NULL WHERE load_id = :load_id;
