-- What a fact says of its members, and its local days and hours, are what their history says as of the fact's own time. Rows returned
-- are violations.
SELECT CAST('appointment' AS varchar(64)) AS entity, x.appointment_key AS fact_key
FROM (
  SELECT g.appointment_key,
    CAST(CAST(substring(CAST(f.scheduled_date AS varchar(10)), 1, 7)
    AS varchar(7)) AS varchar(7)) AS scheduled_month_now, g.scheduled_month,
    CAST(clinic.clinic_id AS varchar(64)) AS clinic_id_now, g.clinic_id,
    CAST(clinic.clinic_name AS varchar(256)) AS clinic_name_now, g.clinic_name,
    CAST(clinic.city AS varchar(128)) AS clinic_city_now, g.clinic_city,
    CAST(clinic.state AS varchar(32)) AS clinic_state_now, g.clinic_state,
    CAST(clinic.timezone AS varchar(64)) AS clinic_timezone_now, g.clinic_timezone,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.first_name AS varchar(128)) AS patient_first_name_now, g.patient_first_name,
    CAST(patient.last_name AS varchar(128)) AS patient_last_name_now, g.patient_last_name,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, g.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, g.patient_dob,
    CAST(CAST(CASE WHEN f.scheduled_date >= patient.birth_date THEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
    - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000
    WHEN patient.birth_date IS NOT NULL THEN NULL
    WHEN patient.reported_age_years + (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
    - CAST(extract(year FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 10000 + extract(month FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 100 + extract(day FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) AS integer)) / 10000 < 0 THEN 0
    ELSE patient.reported_age_years + (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
    - CAST(extract(year FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 10000 + extract(month FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 100 + extract(day FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) AS integer)) / 10000 END
    AS integer) AS integer) AS patient_age_at_appt_now, g.patient_age_at_appt,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, g.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, g.patient_state,
    CAST(patient.primary_payer_id AS varchar(64)) AS primary_payer_id_now, g.primary_payer_id,
    CAST(provider.npi AS varchar(10)) AS provider_npi_now, g.provider_npi,
    CAST(provider.full_name AS varchar(256)) AS provider_name_now, g.provider_name,
    CAST(provider.specialty AS varchar(128)) AS provider_specialty_now, g.provider_specialty,
    f.scheduled_date AS scheduled_date_now, g.scheduled_date,
    f.scheduled_time_key AS scheduled_time_key_now, g.scheduled_time_key,
    f.created_date AS created_date_now, g.created_date,
    f.actual_date AS actual_date_now, g.actual_date,
    f.actual_time_key AS actual_time_key_now, g.actual_time_key,
    f.lead_time_days AS lead_time_days_now, g.lead_time_days,
    CAST(nullif(substring(CASE WHEN f.created_date > f.scheduled_date THEN ' DQ-APT-03' ELSE '' END
    || CASE WHEN f.is_other_offset = 1 THEN ' DQ-APT-14' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN clinic.is_inferred THEN ' DQ-ID-06' ELSE '' END
    || CASE WHEN provider.is_inferred THEN ' DQ-ID-12' ELSE '' END, 2, 255), '') AS varchar(255)) AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.appointment g
  JOIN (
      SELECT e.appointment_key, e.appointment_id, e.source_system, e.patient_key, e.clinic_key, e.provider_key,
        e.scheduled_tz_offset_min, e.created_tz_offset_min, e.actual_tz_offset_min, e.appointment_type, e.status_code, e.created_at,
        e.scheduled_start_at, e.scheduled_precision, e.planned_duration_min, e.arrived_at, e.actual_start_at, e.completed_at,
        e.cancelled_at, e.reminder_count, e.start_delay_min, e.lateness_min, e.patient_late_min, e.in_clinic_wait_min,
        e.actual_duration_min, e.is_attended, e.is_no_show, e.is_cancelled, e.is_unresolved, e.is_delayed,
        e.is_in_no_show_denominator, e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order,
        e.is_tied,
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
        CAST(e.scheduled_date - e.created_date AS integer) AS lead_time_days,
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
            s.appointment_key, s.appointment_id, s.source_system, s.patient_key, s.clinic_key, s.provider_key,
              s.scheduled_tz_offset_min, s.created_tz_offset_min, s.actual_tz_offset_min, s.appointment_type, s.status_code,
              s.created_at, s.scheduled_start_at, s.scheduled_precision, s.planned_duration_min, s.arrived_at, s.actual_start_at,
              s.completed_at, s.cancelled_at, s.reminder_count, s.start_delay_min, s.lateness_min, s.patient_late_min,
              s.in_clinic_wait_min, s.actual_duration_min, s.is_attended, s.is_no_show, s.is_cancelled, s.is_unresolved,
              s.is_delayed, s.is_in_no_show_denominator, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at,
              s.source_order, s.is_tied, s.load_id
          FROM core.appointment s
          LEFT JOIN core.dim_clinic_history z ON z.clinic_key = s.clinic_key
            AND z.valid_from <= s.scheduled_start_at AND s.scheduled_start_at < z.valid_to
          LEFT JOIN core.zone_offset zone_scheduled_start_at ON zone_scheduled_start_at.zone = z.timezone
            AND zone_scheduled_start_at.from_utc <= s.scheduled_start_at AND s.scheduled_start_at < zone_scheduled_start_at.to_utc
          LEFT JOIN core.zone_offset zone_created_at ON zone_created_at.zone = z.timezone
            AND zone_created_at.from_utc <= s.created_at AND s.created_at < zone_created_at.to_utc
          LEFT JOIN core.zone_offset zone_actual_start_at ON zone_actual_start_at.zone = z.timezone
            AND zone_actual_start_at.from_utc <= s.actual_start_at AND s.actual_start_at < zone_actual_start_at.to_utc
        ) e
      ) e
  ) f ON f.appointment_key = g.appointment_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < patient.valid_to
  LEFT JOIN core.dim_clinic_history clinic ON clinic.clinic_key = f.clinic_key
    AND clinic.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < clinic.valid_to
  LEFT JOIN core.dim_provider_history provider ON provider.provider_key = f.provider_key
    AND provider.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < provider.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.scheduled_month_now = x.scheduled_month, x.scheduled_month_now IS NULL AND x.scheduled_month IS NULL)
  AND coalesce(x.clinic_id_now = x.clinic_id, x.clinic_id_now IS NULL AND x.clinic_id IS NULL)
  AND coalesce(x.clinic_name_now = x.clinic_name, x.clinic_name_now IS NULL AND x.clinic_name IS NULL)
  AND coalesce(x.clinic_city_now = x.clinic_city, x.clinic_city_now IS NULL AND x.clinic_city IS NULL)
  AND coalesce(x.clinic_state_now = x.clinic_state, x.clinic_state_now IS NULL AND x.clinic_state IS NULL)
  AND coalesce(x.clinic_timezone_now = x.clinic_timezone, x.clinic_timezone_now IS NULL AND x.clinic_timezone IS NULL)
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_first_name_now = x.patient_first_name, x.patient_first_name_now IS NULL AND x.patient_first_name IS NULL)
  AND coalesce(x.patient_last_name_now = x.patient_last_name, x.patient_last_name_now IS NULL AND x.patient_last_name IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_at_appt_now = x.patient_age_at_appt, x.patient_age_at_appt_now IS NULL AND x.patient_age_at_appt IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.primary_payer_id_now = x.primary_payer_id, x.primary_payer_id_now IS NULL AND x.primary_payer_id IS NULL)
  AND coalesce(x.provider_npi_now = x.provider_npi, x.provider_npi_now IS NULL AND x.provider_npi IS NULL)
  AND coalesce(x.provider_name_now = x.provider_name, x.provider_name_now IS NULL AND x.provider_name IS NULL)
  AND coalesce(x.provider_specialty_now = x.provider_specialty, x.provider_specialty_now IS NULL AND x.provider_specialty IS NULL)
  AND coalesce(x.scheduled_date_now = x.scheduled_date, x.scheduled_date_now IS NULL AND x.scheduled_date IS NULL)
  AND coalesce(x.scheduled_time_key_now = x.scheduled_time_key, x.scheduled_time_key_now IS NULL AND x.scheduled_time_key IS NULL)
  AND coalesce(x.created_date_now = x.created_date, x.created_date_now IS NULL AND x.created_date IS NULL)
  AND coalesce(x.actual_date_now = x.actual_date, x.actual_date_now IS NULL AND x.actual_date IS NULL)
  AND coalesce(x.actual_time_key_now = x.actual_time_key, x.actual_time_key_now IS NULL AND x.actual_time_key IS NULL)
  AND coalesce(x.lead_time_days_now = x.lead_time_days, x.lead_time_days_now IS NULL AND x.lead_time_days IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
