-- Appointment: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Facts that this load has just written are among them when they name such a member: a load that was given up and
-- selected again bears the same id, so that the id does not tell which facts know the change.
CREATE TEMP TABLE appointment_restated AS
SELECT f.appointment_key, f.appointment_id, f.source_system, f.patient_key, f.clinic_key, f.provider_key, f.scheduled_date_key,
  f.created_date_key, f.actual_date_key, f.scheduled_tz_offset_min, f.scheduled_time_key, f.actual_time_key, f.appointment_type,
  f.status_code, f.created_at, f.scheduled_start_at, f.scheduled_precision, f.planned_duration_min, f.arrived_at, f.actual_start_at,
  f.completed_at, f.cancelled_at, f.reminder_count, f.start_delay_min, f.lateness_min, f.patient_late_min, f.in_clinic_wait_min,
  f.lead_time_days, f.actual_duration_min, f.is_attended, f.is_no_show, f.is_cancelled, f.is_unresolved, f.is_delayed,
  f.is_in_no_show_denominator, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied,
  f.scheduled_date, f.created_date, f.actual_date, f.load_id
FROM core.appointment f
JOIN (
  SELECT f.appointment_key FROM core.appointment f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.scheduled_start_at AND f.scheduled_start_at < t.changed_to
UNION
  SELECT f.appointment_key FROM core.appointment f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'clinic' GROUP BY t.member_key
  ) t ON t.member_key = f.clinic_key
  WHERE t.changed_from <= f.scheduled_start_at AND f.scheduled_start_at < t.changed_to
UNION
  SELECT f.appointment_key FROM core.appointment f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'provider' GROUP BY t.member_key
  ) t ON t.member_key = f.provider_key
  WHERE t.changed_from <= f.scheduled_start_at AND f.scheduled_start_at < t.changed_to
) r ON r.appointment_key = f.appointment_key;
DELETE FROM core.appointment WHERE appointment_key IN (SELECT r.appointment_key FROM appointment_restated r);
INSERT INTO core.appointment (appointment_key, appointment_id, source_system, patient_key, clinic_key, provider_key,
  scheduled_date_key, created_date_key, actual_date_key, scheduled_tz_offset_min, scheduled_time_key, actual_time_key,
  appointment_type, status_code, created_at, scheduled_start_at, scheduled_precision, planned_duration_min, arrived_at,
  actual_start_at, completed_at, cancelled_at, reminder_count, start_delay_min, lateness_min, patient_late_min, in_clinic_wait_min,
  lead_time_days, actual_duration_min, is_attended, is_no_show, is_cancelled, is_unresolved, is_delayed, is_in_no_show_denominator,
  dq_flags, event_id, payload_hash, effective_at, recorded_at, source_order, is_tied, scheduled_date, created_date, actual_date,
  scheduled_month, clinic_id, clinic_name, clinic_city, clinic_state, clinic_timezone, patient_id, patient_first_name,
  patient_last_name, patient_gender, patient_dob, patient_age_at_appt, patient_zip5, patient_state, primary_payer_id, provider_npi,
  provider_name, provider_specialty, load_id)
SELECT f.appointment_key, f.appointment_id, f.source_system, f.patient_key, f.clinic_key, f.provider_key, f.scheduled_date_key,
  f.created_date_key, f.actual_date_key, f.scheduled_tz_offset_min, f.scheduled_time_key, f.actual_time_key, f.appointment_type,
  f.status_code, f.created_at, f.scheduled_start_at, f.scheduled_precision, f.planned_duration_min, f.arrived_at, f.actual_start_at,
  f.completed_at, f.cancelled_at, f.reminder_count, f.start_delay_min, f.lateness_min, f.patient_late_min, f.in_clinic_wait_min,
  f.lead_time_days, f.actual_duration_min, f.is_attended, f.is_no_show, f.is_cancelled, f.is_unresolved, f.is_delayed,
  f.is_in_no_show_denominator, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied,
  f.scheduled_date, f.created_date, f.actual_date,
  CAST(substring(CAST(f.scheduled_date AS varchar(10)), 1, 7)
    AS varchar(7)),
  clinic.clinic_id,
  clinic.clinic_name,
  clinic.city,
  clinic.state,
  clinic.timezone,
  patient.patient_id,
  patient.first_name,
  patient.last_name,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN f.scheduled_date >= patient.birth_date THEN (f.scheduled_date_key - CAST(extract(year FROM patient.birth_date) * 10000
    + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000
    WHEN patient.birth_date IS NULL THEN patient.reported_age_years END
    AS integer),
  patient.zip5,
  patient.state,
  patient.primary_payer_id,
  provider.npi,
  provider.full_name,
  provider.specialty,
  CASE WHEN
    patient.patient_key IS NULL
    OR clinic.clinic_key IS NULL
    OR provider.provider_key IS NULL
  THEN NULL ELSE f.load_id END
FROM appointment_restated f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < patient.valid_to
LEFT JOIN core.dim_clinic_history clinic ON clinic.clinic_key = f.clinic_key
  AND clinic.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < clinic.valid_to
LEFT JOIN core.dim_provider_history provider ON provider.provider_key = f.provider_key
  AND provider.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < provider.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.appointment g WHERE g.appointment_key IN (SELECT r.appointment_key FROM appointment_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM appointment_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'appointment', CAST(:load_id AS varchar(32));
