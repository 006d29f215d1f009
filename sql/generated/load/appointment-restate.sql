-- Appointment: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE appointment_restated AS
SELECT f.appointment_key, f.appointment_id, f.source_system, f.patient_key, f.clinic_key, f.provider_key, f.encounter_key,
  f.encounter_is_known, f.scheduled_date_key, f.created_date_key, f.actual_date_key, f.scheduled_tz_offset_min,
  f.created_tz_offset_min, f.actual_tz_offset_min, f.scheduled_time_key, f.actual_time_key, f.appointment_type, f.status_code,
  f.created_at, f.scheduled_start_at, f.scheduled_precision, f.planned_duration_min, f.arrived_at, f.actual_start_at,
  f.completed_at, f.cancelled_at, f.reminder_count, f.encounter_id, f.slot_id, f.referral_id, f.priority_code, f.modality_code,
  f.channel_code, f.hospital_name, f.cancel_reason_code, f.start_delay_min, f.lateness_min, f.patient_late_min,
  f.in_clinic_wait_min, f.lead_time_days, f.actual_duration_min, f.is_attended, f.is_no_show, f.is_cancelled, f.is_unresolved,
  f.is_delayed, f.is_in_no_show_denominator, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order,
  f.is_tied, f.scheduled_date, f.created_date, f.actual_date, f.load_id
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
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.appointment (appointment_key, appointment_id, source_system, patient_key, clinic_key, provider_key, encounter_key,
  encounter_is_known, scheduled_date_key, created_date_key, actual_date_key, scheduled_tz_offset_min, created_tz_offset_min,
  actual_tz_offset_min, scheduled_time_key, actual_time_key, appointment_type, status_code, created_at, scheduled_start_at,
  scheduled_precision, planned_duration_min, arrived_at, actual_start_at, completed_at, cancelled_at, reminder_count, encounter_id,
  slot_id, referral_id, priority_code, modality_code, channel_code, hospital_name, cancel_reason_code, start_delay_min,
  lateness_min, patient_late_min, in_clinic_wait_min, lead_time_days, actual_duration_min, is_attended, is_no_show, is_cancelled,
  is_unresolved, is_delayed, is_in_no_show_denominator, dq_flags, event_id, payload_hash, effective_at, recorded_at, source_order,
  is_tied, scheduled_date, created_date, actual_date, scheduled_month, clinic_id, clinic_name, clinic_city, clinic_state,
  clinic_timezone, patient_id, patient_first_name, patient_last_name, patient_gender, patient_dob, patient_age_at_appt,
  patient_age_band, patient_zip5, patient_state, primary_payer_id, provider_npi, provider_name, provider_specialty,
  state_flags, load_id)
SELECT f.appointment_key, f.appointment_id, f.source_system, f.patient_key, f.clinic_key, f.provider_key, f.encounter_key,
  f.encounter_is_known, f.scheduled_date_key, f.created_date_key, f.actual_date_key, f.scheduled_tz_offset_min,
  f.created_tz_offset_min, f.actual_tz_offset_min, f.scheduled_time_key, f.actual_time_key, f.appointment_type, f.status_code,
  f.created_at, f.scheduled_start_at, f.scheduled_precision, f.planned_duration_min, f.arrived_at, f.actual_start_at,
  f.completed_at, f.cancelled_at, f.reminder_count, f.encounter_id, f.slot_id, f.referral_id, f.priority_code, f.modality_code,
  f.channel_code, f.hospital_name, f.cancel_reason_code, f.start_delay_min, f.lateness_min, f.patient_late_min,
  f.in_clinic_wait_min, f.lead_time_days, f.actual_duration_min, f.is_attended, f.is_no_show, f.is_cancelled, f.is_unresolved,
  f.is_delayed, f.is_in_no_show_denominator, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order,
  f.is_tied, f.scheduled_date, f.created_date, f.actual_date,
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
  CAST(CASE WHEN patient.birth_date IS NOT NULL THEN CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.scheduled_date >= patient.birth_date THEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END
    WHEN patient.reported_age_years + (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
    - CAST(extract(year FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 10000 + extract(month FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 100 + extract(day FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) AS integer)) / 10000 < 0 THEN 0
    ELSE patient.reported_age_years + (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
    - CAST(extract(year FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 10000 + extract(month FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 100 + extract(day FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) AS integer)) / 10000 END
    AS integer),
  CAST(CASE WHEN patient.birth_date_precision IN ('year', 'month') THEN CASE WHEN f.scheduled_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END END
    AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.primary_payer_id,
  provider.npi,
  provider.full_name,
  provider.specialty,
  CASE WHEN f.created_date > f.scheduled_date OR f.is_other_offset = 1 OR patient.is_inferred OR clinic.is_inferred OR provider.is_inferred
    THEN CAST(substring(CASE WHEN f.created_date > f.scheduled_date THEN ' DQ-APT-03' ELSE '' END
    || CASE WHEN f.is_other_offset = 1 THEN ' DQ-APT-14' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN clinic.is_inferred THEN ' DQ-ID-06' ELSE '' END
    || CASE WHEN provider.is_inferred THEN ' DQ-ID-12' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR clinic.clinic_key IS NULL
    OR provider.provider_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
  SELECT e.appointment_key, e.appointment_id, e.source_system, e.patient_key, e.clinic_key, e.provider_key, e.encounter_key,
    e.encounter_is_known, e.scheduled_tz_offset_min, e.created_tz_offset_min, e.actual_tz_offset_min, e.appointment_type,
    e.status_code, e.created_at, e.scheduled_start_at, e.scheduled_precision, e.planned_duration_min, e.arrived_at,
    e.actual_start_at, e.completed_at, e.cancelled_at, e.reminder_count, e.encounter_id, e.slot_id, e.referral_id, e.priority_code,
    e.modality_code, e.channel_code, e.hospital_name, e.cancel_reason_code, e.start_delay_min, e.lateness_min, e.patient_late_min,
    e.in_clinic_wait_min, e.actual_duration_min, e.is_attended, e.is_no_show, e.is_cancelled, e.is_unresolved, e.is_delayed,
    e.is_in_no_show_denominator, e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
    CASE WHEN e.scheduled_date BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.scheduled_date) * 10000 + extract(month FROM e.scheduled_date) * 100
        + extract(day FROM e.scheduled_date) AS integer)
      WHEN e.scheduled_date IS NOT NULL THEN -1 END AS scheduled_date_key,
    CASE WHEN e.created_date BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.created_date) * 10000 + extract(month FROM e.created_date) * 100
        + extract(day FROM e.created_date) AS integer)
      WHEN e.created_date IS NOT NULL THEN -1 END AS created_date_key,
    CASE WHEN e.actual_date BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.actual_date) * 10000 + extract(month FROM e.actual_date) * 100
        + extract(day FROM e.actual_date) AS integer)
      WHEN e.actual_date IS NOT NULL THEN -1 END AS actual_date_key,
    e.scheduled_date,
    e.scheduled_time_key,
    e.created_date,
    e.actual_date,
    e.actual_time_key,
    CAST(CASE WHEN e.status_code <> 'entered-in-error' THEN e.scheduled_date - e.created_date END AS integer) AS lead_time_days,
    e.is_other_offset,
    e.scheduled_start_at_local,
    e.created_at_local,
    e.actual_start_at_local,
    e.load_id
  FROM (
    SELECT
      CAST(e.scheduled_start_at_local AS date) AS scheduled_date,
      CASE WHEN e.scheduled_precision = 'day' THEN NULL ELSE CAST(extract(hour FROM e.scheduled_start_at_local) * 100 + extract(minute FROM e.scheduled_start_at_local) AS integer) END AS scheduled_time_key,
      CAST(e.created_at_local AS date) AS created_date,
      CAST(e.actual_start_at_local AS date) AS actual_date,
      CAST(extract(hour FROM e.actual_start_at_local) * 100 + extract(minute FROM e.actual_start_at_local) AS integer) AS actual_time_key,
      e.*
    FROM (
      SELECT
        s.scheduled_start_at + coalesce(CASE WHEN s.scheduled_precision = 'day' THEN NULL ELSE zone_scheduled_start_at.offset_min END, s.scheduled_tz_offset_min, 0) * interval '1 minute' AS scheduled_start_at_local,
        s.created_at + coalesce(zone_created_at.offset_min, s.created_tz_offset_min, 0) * interval '1 minute' AS created_at_local,
        s.actual_start_at + coalesce(zone_actual_start_at.offset_min, s.actual_tz_offset_min, 0) * interval '1 minute' AS actual_start_at_local,
        CASE WHEN s.scheduled_precision = 'day' THEN 0 WHEN zone_scheduled_start_at.offset_min <> s.scheduled_tz_offset_min THEN 1 ELSE 0 END AS is_other_offset,
        s.appointment_key, s.appointment_id, s.source_system, s.patient_key, s.clinic_key, s.provider_key, s.encounter_key,
          s.encounter_is_known, s.scheduled_tz_offset_min, s.created_tz_offset_min, s.actual_tz_offset_min, s.appointment_type,
          s.status_code, s.created_at, s.scheduled_start_at, s.scheduled_precision, s.planned_duration_min, s.arrived_at,
          s.actual_start_at, s.completed_at, s.cancelled_at, s.reminder_count, s.encounter_id, s.slot_id, s.referral_id,
          s.priority_code, s.modality_code, s.channel_code, s.hospital_name, s.cancel_reason_code, s.start_delay_min,
          s.lateness_min, s.patient_late_min, s.in_clinic_wait_min, s.actual_duration_min, s.is_attended, s.is_no_show,
          s.is_cancelled, s.is_unresolved, s.is_delayed, s.is_in_no_show_denominator, s.dq_flags, s.event_id, s.payload_hash,
          s.effective_at, s.recorded_at, s.source_order, s.is_tied, s.load_id
      FROM appointment_restated s
      LEFT JOIN core.dim_clinic_history z ON z.clinic_key = s.clinic_key
        AND z.valid_from <= s.scheduled_start_at AND s.scheduled_start_at < z.valid_to
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.timezone FROM core.dim_clinic_history h)
      ) zone_scheduled_start_at ON zone_scheduled_start_at.zone = z.timezone
        AND zone_scheduled_start_at.utc_year = CAST(extract(year FROM s.scheduled_start_at) AS integer)
        AND zone_scheduled_start_at.from_utc <= s.scheduled_start_at AND s.scheduled_start_at < zone_scheduled_start_at.to_utc
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.timezone FROM core.dim_clinic_history h)
      ) zone_created_at ON zone_created_at.zone = z.timezone
        AND zone_created_at.utc_year = CAST(extract(year FROM s.created_at) AS integer)
        AND zone_created_at.from_utc <= s.created_at AND s.created_at < zone_created_at.to_utc
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.timezone FROM core.dim_clinic_history h)
      ) zone_actual_start_at ON zone_actual_start_at.zone = z.timezone
        AND zone_actual_start_at.utc_year = CAST(extract(year FROM s.actual_start_at) AS integer)
        AND zone_actual_start_at.from_utc <= s.actual_start_at AND s.actual_start_at < zone_actual_start_at.to_utc
    ) e
  ) e
) f
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
