-- What a fact says of its members, and its local days and hours, are what their history says as of the fact's own time. Rows returned
-- are violations. One statement for each fact: all of them together are longer than one of the Data API may be.
SELECT CAST('adverse_event' AS varchar(64)) AS entity, x.adverse_event_key AS fact_key
FROM (
  SELECT g.adverse_event_key,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, g.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, g.patient_dob,
    CAST(CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.occurred_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.occurred_date >= patient.birth_date THEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer) AS integer) AS patient_age_now, g.patient_age,
    CAST(CAST(CASE WHEN f.occurred_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.occurred_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.occurred_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.occurred_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)) AS varchar(8)) AS patient_age_band_now, g.patient_age_band,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, g.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, g.patient_state,
    CAST(patient.is_test AS boolean) AS patient_is_test_now, g.patient_is_test,
    f.occurred_date AS occurred_date_now, g.occurred_date,
    CASE WHEN patient.is_inferred
    THEN CAST(substring(CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.adverse_event g
  JOIN (
      SELECT e.adverse_event_key, e.adverse_event_id, e.source_system, e.patient_key, e.patient_named_key, e.encounter_key,
        e.encounter_is_known, e.occurred_tz_offset_min, e.encounter_id, e.event_system, e.event_code, e.event_display,
        e.actuality_code, e.seriousness_code, e.severity_code, e.outcome_code, e.occurred_at, e.is_counted, e.dq_flags, e.event_id,
        e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
        CASE WHEN e.occurred_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.occurred_date) * 10000 + extract(month FROM e.occurred_date) * 100
            + extract(day FROM e.occurred_date) AS integer)
          WHEN e.occurred_date IS NOT NULL THEN -1 END AS occurred_date_key,
        e.occurred_date,
        e.occurred_at_local,
        e.load_id
      FROM (
        SELECT
          CAST(e.occurred_at_local AS date) AS occurred_date,
          e.*
        FROM (
          SELECT
            s.occurred_at + coalesce(s.occurred_tz_offset_min, 0) * interval '1 minute' AS occurred_at_local,
            s.adverse_event_key, s.adverse_event_id, s.source_system, s.patient_key, s.patient_named_key, s.encounter_key,
              s.encounter_is_known, s.occurred_tz_offset_min, s.encounter_id, s.event_system, s.event_code, s.event_display,
              s.actuality_code, s.seriousness_code, s.severity_code, s.outcome_code, s.occurred_at, s.is_counted, s.dq_flags,
              s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, s.is_tied, s.load_id
          FROM core.adverse_event s
        ) e
      ) e
  ) f ON f.adverse_event_key = g.adverse_event_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.occurred_at AND f.occurred_at < patient.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_now = x.patient_age, x.patient_age_now IS NULL AND x.patient_age IS NULL)
  AND coalesce(x.patient_age_band_now = x.patient_age_band, x.patient_age_band_now IS NULL AND x.patient_age_band IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.patient_is_test_now = x.patient_is_test, x.patient_is_test_now IS NULL AND x.patient_is_test IS NULL)
  AND coalesce(x.occurred_date_now = x.occurred_date, x.occurred_date_now IS NULL AND x.occurred_date IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
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
    CAST(CAST(CASE WHEN patient.birth_date IS NOT NULL THEN CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.scheduled_date >= patient.birth_date THEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END
    WHEN patient.reported_age_years + (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
    - CAST(extract(year FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 10000 + extract(month FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 100 + extract(day FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) AS integer)) / 10000 < 0 THEN 0
    ELSE patient.reported_age_years + (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
    - CAST(extract(year FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 10000 + extract(month FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 100 + extract(day FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) AS integer)) / 10000 END
    AS integer) AS integer) AS patient_age_at_appt_now, g.patient_age_at_appt,
    CAST(CAST(CASE WHEN patient.birth_date_precision IN ('year', 'month') THEN CASE WHEN f.scheduled_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END END
    AS varchar(8)) AS varchar(8)) AS patient_age_band_now, g.patient_age_band,
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
    CASE WHEN f.created_date > f.scheduled_date OR f.is_other_offset = 1 OR patient.is_inferred OR clinic.is_inferred OR provider.is_inferred
    THEN CAST(substring(CASE WHEN f.created_date > f.scheduled_date THEN ' DQ-APT-03' ELSE '' END
    || CASE WHEN f.is_other_offset = 1 THEN ' DQ-APT-14' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN clinic.is_inferred THEN ' DQ-ID-06' ELSE '' END
    || CASE WHEN provider.is_inferred THEN ' DQ-ID-12' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.appointment g
  JOIN (
      SELECT e.appointment_key, e.appointment_id, e.source_system, e.patient_key, e.clinic_key, e.provider_key, e.encounter_key,
        e.encounter_is_known, e.scheduled_tz_offset_min, e.created_tz_offset_min, e.actual_tz_offset_min, e.appointment_type,
        e.status_code, e.created_at, e.scheduled_start_at, e.scheduled_precision, e.planned_duration_min, e.arrived_at,
        e.actual_start_at, e.completed_at, e.cancelled_at, e.reminder_count, e.encounter_id, e.slot_id, e.referral_id,
        e.priority_code, e.modality_code, e.channel_code, e.hospital_name, e.cancel_reason_code, e.start_delay_min, e.lateness_min,
        e.patient_late_min, e.in_clinic_wait_min, e.actual_duration_min, e.is_attended, e.is_no_show, e.is_cancelled,
        e.is_unresolved, e.is_delayed, e.is_in_no_show_denominator, e.dq_flags, e.event_id, e.payload_hash, e.effective_at,
        e.recorded_at, e.source_order, e.is_tied,
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
  AND coalesce(x.patient_age_band_now = x.patient_age_band, x.patient_age_band_now IS NULL AND x.patient_age_band IS NULL)
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
SELECT CAST('diagnosis' AS varchar(64)) AS entity, x.diagnosis_key AS fact_key
FROM (
  SELECT g.diagnosis_key,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, g.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, g.patient_dob,
    CAST(CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.diagnosed_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.diagnosed_date >= patient.birth_date THEN (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer) AS integer) AS patient_age_now, g.patient_age,
    CAST(CAST(CASE WHEN f.diagnosed_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.diagnosed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.diagnosed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.diagnosed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)) AS varchar(8)) AS patient_age_band_now, g.patient_age_band,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, g.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, g.patient_state,
    CAST(patient.is_test AS boolean) AS patient_is_test_now, g.patient_is_test,
    CAST(diagnosis_code.display AS varchar(256)) AS reference_display_now, g.reference_display,
    CAST(diagnosis_code.category AS varchar(128)) AS diagnosis_code_category_now, g.diagnosis_code_category,
    CAST(diagnosis_code.chapter AS varchar(128)) AS diagnosis_code_chapter_now, g.diagnosis_code_chapter,
    CAST(CAST(CASE WHEN f.diagnosed_at >= diagnosis_code.reference_from THEN diagnosis_code.is_billable END
    AS boolean) AS boolean) AS is_billable_now, g.is_billable,
    CAST(diagnosis_code.reference_version AS varchar(32)) AS code_version_now, g.code_version,
    f.diagnosed_date AS diagnosed_date_now, g.diagnosed_date,
    CASE WHEN diagnosis_code.is_inferred OR patient.is_inferred
    THEN CAST(substring(CASE WHEN diagnosis_code.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.diagnosis g
  JOIN (
      SELECT e.diagnosis_key, e.diagnosis_id, e.source_system, e.patient_key, e.diagnosis_code_key, e.patient_named_key,
        e.encounter_key, e.encounter_is_known, e.diagnosed_tz_offset_min, e.encounter_id, e.diagnosis_system, e.diagnosis_code,
        e.diagnosis_display, e.category_code, e.clinical_status_code, e.verification_status_code, e.diagnosed_at,
        e.diagnosed_precision, e.onset_at, e.abated_at, e.onset_precision, e.abated_precision, e.is_active, e.is_counted,
        e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
        CASE WHEN e.diagnosed_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.diagnosed_date) * 10000 + extract(month FROM e.diagnosed_date) * 100
            + extract(day FROM e.diagnosed_date) AS integer)
          WHEN e.diagnosed_date IS NOT NULL THEN -1 END AS diagnosed_date_key,
        e.diagnosed_date,
        e.diagnosed_at_local,
        e.load_id
      FROM (
        SELECT
          CAST(e.diagnosed_at_local AS date) AS diagnosed_date,
          e.*
        FROM (
          SELECT
            s.diagnosed_at + coalesce(s.diagnosed_tz_offset_min, 0) * interval '1 minute' AS diagnosed_at_local,
            s.diagnosis_key, s.diagnosis_id, s.source_system, s.patient_key, s.diagnosis_code_key, s.patient_named_key,
              s.encounter_key, s.encounter_is_known, s.diagnosed_tz_offset_min, s.encounter_id, s.diagnosis_system,
              s.diagnosis_code, s.diagnosis_display, s.category_code, s.clinical_status_code, s.verification_status_code,
              s.diagnosed_at, s.diagnosed_precision, s.onset_at, s.abated_at, s.onset_precision, s.abated_precision, s.is_active,
              s.is_counted, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order,
              s.is_tied, s.load_id
          FROM core.diagnosis s
        ) e
      ) e
  ) f ON f.diagnosis_key = g.diagnosis_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.diagnosed_at AND f.diagnosed_at < patient.valid_to
  LEFT JOIN core.dim_diagnosis_code_history diagnosis_code ON diagnosis_code.diagnosis_code_key = f.diagnosis_code_key
    AND diagnosis_code.valid_from <= f.diagnosed_at AND f.diagnosed_at < diagnosis_code.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_now = x.patient_age, x.patient_age_now IS NULL AND x.patient_age IS NULL)
  AND coalesce(x.patient_age_band_now = x.patient_age_band, x.patient_age_band_now IS NULL AND x.patient_age_band IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.patient_is_test_now = x.patient_is_test, x.patient_is_test_now IS NULL AND x.patient_is_test IS NULL)
  AND coalesce(x.reference_display_now = x.reference_display, x.reference_display_now IS NULL AND x.reference_display IS NULL)
  AND coalesce(x.diagnosis_code_category_now = x.diagnosis_code_category, x.diagnosis_code_category_now IS NULL AND x.diagnosis_code_category IS NULL)
  AND coalesce(x.diagnosis_code_chapter_now = x.diagnosis_code_chapter, x.diagnosis_code_chapter_now IS NULL AND x.diagnosis_code_chapter IS NULL)
  AND coalesce(x.is_billable_now = x.is_billable, x.is_billable_now IS NULL AND x.is_billable IS NULL)
  AND coalesce(x.code_version_now = x.code_version, x.code_version_now IS NULL AND x.code_version IS NULL)
  AND coalesce(x.diagnosed_date_now = x.diagnosed_date, x.diagnosed_date_now IS NULL AND x.diagnosed_date IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
SELECT CAST('diagnostic_report' AS varchar(64)) AS entity, x.diagnostic_report_key AS fact_key
FROM (
  SELECT g.diagnostic_report_key,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, g.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, g.patient_dob,
    CAST(CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.reported_date >= patient.birth_date THEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer) AS integer) AS patient_age_now, g.patient_age,
    CAST(CAST(CASE WHEN f.reported_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)) AS varchar(8)) AS patient_age_band_now, g.patient_age_band,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, g.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, g.patient_state,
    CAST(patient.is_test AS boolean) AS patient_is_test_now, g.patient_is_test,
    CAST(observation_code.display AS varchar(256)) AS reference_display_now, g.reference_display,
    CAST(observation_code.category AS varchar(128)) AS observation_code_category_now, g.observation_code_category,
    f.reported_date AS reported_date_now, g.reported_date,
    CASE WHEN observation_code.is_inferred OR patient.is_inferred
    THEN CAST(substring(CASE WHEN observation_code.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.diagnostic_report g
  JOIN (
      SELECT e.diagnostic_report_key, e.diagnostic_report_id, e.source_system, e.patient_key, e.observation_code_key,
        e.patient_named_key, e.encounter_key, e.encounter_is_known, e.reported_tz_offset_min, e.encounter_id, e.category_code,
        e.report_system, e.report_code, e.report_display, e.status_code, e.reported_at, e.reported_precision, e.issued_at,
        e.result_count, e.is_counted, e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order,
        e.is_tied,
        CASE WHEN e.reported_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.reported_date) * 10000 + extract(month FROM e.reported_date) * 100
            + extract(day FROM e.reported_date) AS integer)
          WHEN e.reported_date IS NOT NULL THEN -1 END AS reported_date_key,
        e.reported_date,
        e.reported_at_local,
        e.load_id
      FROM (
        SELECT
          CAST(e.reported_at_local AS date) AS reported_date,
          e.*
        FROM (
          SELECT
            s.reported_at + coalesce(s.reported_tz_offset_min, 0) * interval '1 minute' AS reported_at_local,
            s.diagnostic_report_key, s.diagnostic_report_id, s.source_system, s.patient_key, s.observation_code_key,
              s.patient_named_key, s.encounter_key, s.encounter_is_known, s.reported_tz_offset_min, s.encounter_id, s.category_code,
              s.report_system, s.report_code, s.report_display, s.status_code, s.reported_at, s.reported_precision, s.issued_at,
              s.result_count, s.is_counted, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order,
              s.is_tied, s.load_id
          FROM core.diagnostic_report s
        ) e
      ) e
  ) f ON f.diagnostic_report_key = g.diagnostic_report_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.reported_at AND f.reported_at < patient.valid_to
  LEFT JOIN core.dim_observation_code_history observation_code ON observation_code.observation_code_key = f.observation_code_key
    AND observation_code.valid_from <= f.reported_at AND f.reported_at < observation_code.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_now = x.patient_age, x.patient_age_now IS NULL AND x.patient_age IS NULL)
  AND coalesce(x.patient_age_band_now = x.patient_age_band, x.patient_age_band_now IS NULL AND x.patient_age_band IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.patient_is_test_now = x.patient_is_test, x.patient_is_test_now IS NULL AND x.patient_is_test IS NULL)
  AND coalesce(x.reference_display_now = x.reference_display, x.reference_display_now IS NULL AND x.reference_display IS NULL)
  AND coalesce(x.observation_code_category_now = x.observation_code_category, x.observation_code_category_now IS NULL AND x.observation_code_category IS NULL)
  AND coalesce(x.reported_date_now = x.reported_date, x.reported_date_now IS NULL AND x.reported_date IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
SELECT CAST('diagnostic_report_result' AS varchar(64)) AS entity, x.diagnostic_report_result_key AS fact_key
FROM (
  SELECT g.diagnostic_report_result_key,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.is_test AS boolean) AS patient_is_test_now, g.patient_is_test,
    f.reported_date AS reported_date_now, g.reported_date,
    CASE WHEN patient.is_inferred
    THEN CAST(substring(CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.diagnostic_report_result g
  JOIN (
      SELECT e.diagnostic_report_result_key, e.diagnostic_report_result_id, e.source_system, e.patient_key, e.patient_named_key,
        e.diagnostic_report_key, e.diagnostic_report_is_known, e.observation_key, e.observation_is_known, e.is_listed,
        e.reported_tz_offset_min, e.diagnostic_report_id, e.position, e.observation_id, e.status_code, e.reported_at, e.is_counted,
        e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
        CASE WHEN e.reported_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.reported_date) * 10000 + extract(month FROM e.reported_date) * 100
            + extract(day FROM e.reported_date) AS integer)
          WHEN e.reported_date IS NOT NULL THEN -1 END AS reported_date_key,
        e.reported_date,
        e.reported_at_local,
        e.load_id
      FROM (
        SELECT
          CAST(e.reported_at_local AS date) AS reported_date,
          e.*
        FROM (
          SELECT
            s.reported_at + coalesce(s.reported_tz_offset_min, 0) * interval '1 minute' AS reported_at_local,
            s.diagnostic_report_result_key, s.diagnostic_report_result_id, s.source_system, s.patient_key, s.patient_named_key,
              s.diagnostic_report_key, s.diagnostic_report_is_known, s.observation_key, s.observation_is_known, s.is_listed,
              s.reported_tz_offset_min, s.diagnostic_report_id, s.position, s.observation_id, s.status_code, s.reported_at,
              s.is_counted, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order,
              s.is_tied, s.load_id
          FROM core.diagnostic_report_result s
        ) e
      ) e
  ) f ON f.diagnostic_report_result_key = g.diagnostic_report_result_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.reported_at AND f.reported_at < patient.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_is_test_now = x.patient_is_test, x.patient_is_test_now IS NULL AND x.patient_is_test IS NULL)
  AND coalesce(x.reported_date_now = x.reported_date, x.reported_date_now IS NULL AND x.reported_date IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
SELECT CAST('encounter' AS varchar(64)) AS entity, x.encounter_key AS fact_key
FROM (
  SELECT g.encounter_key,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, g.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, g.patient_dob,
    CAST(CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.start_date >= patient.birth_date THEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer) AS integer) AS patient_age_now, g.patient_age,
    CAST(CAST(CASE WHEN f.start_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)) AS varchar(8)) AS patient_age_band_now, g.patient_age_band,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, g.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, g.patient_state,
    CAST(patient.is_test AS boolean) AS patient_is_test_now, g.patient_is_test,
    CAST(provider.full_name AS varchar(256)) AS provider_name_now, g.provider_name,
    CAST(provider.specialty AS varchar(128)) AS provider_specialty_now, g.provider_specialty,
    CAST(organization.organization_name AS varchar(256)) AS organization_name_now, g.organization_name,
    CAST(organization.city AS varchar(128)) AS organization_city_now, g.organization_city,
    CAST(organization.state AS varchar(32)) AS organization_state_now, g.organization_state,
    CAST(location.location_name AS varchar(256)) AS location_name_now, g.location_name,
    CAST(location.city AS varchar(128)) AS location_city_now, g.location_city,
    CAST(location.state AS varchar(32)) AS location_state_now, g.location_state,
    CAST(location.timezone AS varchar(64)) AS location_timezone_now, g.location_timezone,
    f.start_date AS start_date_now, g.start_date,
    f.start_time_key AS start_time_key_now, g.start_time_key,
    f.end_date AS end_date_now, g.end_date,
    f.los_midnights AS los_midnights_now, g.los_midnights,
    CASE WHEN f.is_other_offset = 1 OR patient.is_inferred OR provider.is_inferred OR organization.is_inferred OR location.is_inferred
    THEN CAST(substring(CASE WHEN f.is_other_offset = 1 THEN ' DQ-ENC-14' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN provider.is_inferred THEN ' DQ-ID-12' ELSE '' END
    || CASE WHEN organization.is_inferred THEN ' DQ-ID-15' ELSE '' END
    || CASE WHEN location.is_inferred THEN ' DQ-ID-16' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.encounter g
  JOIN (
      SELECT e.encounter_key, e.encounter_id, e.source_system, e.patient_key, e.provider_key, e.organization_key, e.location_key,
        e.patient_named_key, e.provider_named_key, e.organization_named_key, e.location_named_key, e.appointment_key,
        e.appointment_is_known, e.start_tz_offset_min, e.end_tz_offset_min, e.class_code, e.status_code, e.start_at, e.end_at,
        e.type_system, e.type_code, e.type_display, e.reason_system, e.reason_code, e.reason_display, e.admit_source_code,
        e.discharge_disposition_code, e.appointment_id, e.part_of_encounter_id, e.location_count, e.base_cost_amount,
        e.total_cost_amount, e.payer_covered_amount, e.duration_min, e.is_inpatient, e.is_emergency, e.is_in_house, e.is_counted,
        e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
        CASE WHEN e.start_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.start_date) * 10000 + extract(month FROM e.start_date) * 100
            + extract(day FROM e.start_date) AS integer)
          WHEN e.start_date IS NOT NULL THEN -1 END AS start_date_key,
        CASE WHEN e.end_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.end_date) * 10000 + extract(month FROM e.end_date) * 100
            + extract(day FROM e.end_date) AS integer)
          WHEN e.end_date IS NOT NULL THEN -1 END AS end_date_key,
        e.start_date,
        e.start_time_key,
        e.end_date,
        CAST(e.end_date - e.start_date AS integer) AS los_midnights,
        e.is_other_offset,
        e.start_at_local,
        e.end_at_local,
        e.load_id
      FROM (
        SELECT
          CAST(e.start_at_local AS date) AS start_date,
          CAST(extract(hour FROM e.start_at_local) * 100 + extract(minute FROM e.start_at_local) AS integer) AS start_time_key,
          CAST(e.end_at_local AS date) AS end_date,
          e.*
        FROM (
          SELECT
            s.start_at + coalesce(zone_start_at.offset_min, s.start_tz_offset_min, 0) * interval '1 minute' AS start_at_local,
            s.end_at + coalesce(zone_end_at.offset_min, s.end_tz_offset_min, 0) * interval '1 minute' AS end_at_local,
            CASE WHEN zone_start_at.offset_min <> s.start_tz_offset_min THEN 1 ELSE 0 END AS is_other_offset,
            s.encounter_key, s.encounter_id, s.source_system, s.patient_key, s.provider_key, s.organization_key, s.location_key,
              s.patient_named_key, s.provider_named_key, s.organization_named_key, s.location_named_key, s.appointment_key,
              s.appointment_is_known, s.start_tz_offset_min, s.end_tz_offset_min, s.class_code, s.status_code, s.start_at, s.end_at,
              s.type_system, s.type_code, s.type_display, s.reason_system, s.reason_code, s.reason_display, s.admit_source_code,
              s.discharge_disposition_code, s.appointment_id, s.part_of_encounter_id, s.location_count, s.base_cost_amount,
              s.total_cost_amount, s.payer_covered_amount, s.duration_min, s.is_inpatient, s.is_emergency, s.is_in_house,
              s.is_counted, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order,
              s.is_tied, s.load_id
          FROM core.encounter s
          LEFT JOIN core.dim_location_history z ON z.location_key = s.location_key
            AND z.valid_from <= s.start_at AND s.start_at < z.valid_to
          LEFT JOIN core.zone_offset zone_start_at ON zone_start_at.zone = z.timezone
            AND zone_start_at.from_utc <= s.start_at AND s.start_at < zone_start_at.to_utc
          LEFT JOIN core.zone_offset zone_end_at ON zone_end_at.zone = z.timezone
            AND zone_end_at.from_utc <= s.end_at AND s.end_at < zone_end_at.to_utc
        ) e
      ) e
  ) f ON f.encounter_key = g.encounter_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.start_at AND f.start_at < patient.valid_to
  LEFT JOIN core.dim_provider_history provider ON provider.provider_key = f.provider_key
    AND provider.valid_from <= f.start_at AND f.start_at < provider.valid_to
  LEFT JOIN core.dim_organization_history organization ON organization.organization_key = f.organization_key
    AND organization.valid_from <= f.start_at AND f.start_at < organization.valid_to
  LEFT JOIN core.dim_location_history location ON location.location_key = f.location_key
    AND location.valid_from <= f.start_at AND f.start_at < location.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_now = x.patient_age, x.patient_age_now IS NULL AND x.patient_age IS NULL)
  AND coalesce(x.patient_age_band_now = x.patient_age_band, x.patient_age_band_now IS NULL AND x.patient_age_band IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.patient_is_test_now = x.patient_is_test, x.patient_is_test_now IS NULL AND x.patient_is_test IS NULL)
  AND coalesce(x.provider_name_now = x.provider_name, x.provider_name_now IS NULL AND x.provider_name IS NULL)
  AND coalesce(x.provider_specialty_now = x.provider_specialty, x.provider_specialty_now IS NULL AND x.provider_specialty IS NULL)
  AND coalesce(x.organization_name_now = x.organization_name, x.organization_name_now IS NULL AND x.organization_name IS NULL)
  AND coalesce(x.organization_city_now = x.organization_city, x.organization_city_now IS NULL AND x.organization_city IS NULL)
  AND coalesce(x.organization_state_now = x.organization_state, x.organization_state_now IS NULL AND x.organization_state IS NULL)
  AND coalesce(x.location_name_now = x.location_name, x.location_name_now IS NULL AND x.location_name IS NULL)
  AND coalesce(x.location_city_now = x.location_city, x.location_city_now IS NULL AND x.location_city IS NULL)
  AND coalesce(x.location_state_now = x.location_state, x.location_state_now IS NULL AND x.location_state IS NULL)
  AND coalesce(x.location_timezone_now = x.location_timezone, x.location_timezone_now IS NULL AND x.location_timezone IS NULL)
  AND coalesce(x.start_date_now = x.start_date, x.start_date_now IS NULL AND x.start_date IS NULL)
  AND coalesce(x.start_time_key_now = x.start_time_key, x.start_time_key_now IS NULL AND x.start_time_key IS NULL)
  AND coalesce(x.end_date_now = x.end_date, x.end_date_now IS NULL AND x.end_date IS NULL)
  AND coalesce(x.los_midnights_now = x.los_midnights, x.los_midnights_now IS NULL AND x.los_midnights IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
SELECT CAST('encounter_location' AS varchar(64)) AS entity, x.encounter_location_key AS fact_key
FROM (
  SELECT g.encounter_location_key,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, g.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, g.patient_dob,
    CAST(CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.start_date >= patient.birth_date THEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer) AS integer) AS patient_age_now, g.patient_age,
    CAST(CAST(CASE WHEN f.start_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)) AS varchar(8)) AS patient_age_band_now, g.patient_age_band,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, g.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, g.patient_state,
    CAST(patient.is_test AS boolean) AS patient_is_test_now, g.patient_is_test,
    CAST(location.location_name AS varchar(256)) AS location_name_now, g.location_name,
    CAST(location.city AS varchar(128)) AS location_city_now, g.location_city,
    CAST(location.state AS varchar(32)) AS location_state_now, g.location_state,
    CAST(location.timezone AS varchar(64)) AS location_timezone_now, g.location_timezone,
    f.start_date AS start_date_now, g.start_date,
    CASE WHEN f.is_other_offset = 1 OR patient.is_inferred OR location.is_inferred
    THEN CAST(substring(CASE WHEN f.is_other_offset = 1 THEN ' DQ-ENC-14' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN location.is_inferred THEN ' DQ-ID-16' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.encounter_location g
  JOIN (
      SELECT e.encounter_location_key, e.encounter_location_id, e.source_system, e.patient_key, e.location_key, e.patient_named_key,
        e.location_named_key, e.encounter_key, e.encounter_is_known, e.is_listed, e.start_tz_offset_min, e.encounter_id, e.position,
        e.start_at, e.end_at, e.stay_status_code, e.duration_min, e.dq_flags, e.event_id, e.payload_hash, e.effective_at,
        e.recorded_at, e.source_order, e.is_tied,
        CASE WHEN e.start_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.start_date) * 10000 + extract(month FROM e.start_date) * 100
            + extract(day FROM e.start_date) AS integer)
          WHEN e.start_date IS NOT NULL THEN -1 END AS start_date_key,
        e.start_date,
        e.is_other_offset,
        e.start_at_local,
        e.load_id
      FROM (
        SELECT
          CAST(e.start_at_local AS date) AS start_date,
          e.*
        FROM (
          SELECT
            s.start_at + coalesce(zone_start_at.offset_min, s.start_tz_offset_min, 0) * interval '1 minute' AS start_at_local,
            CASE WHEN zone_start_at.offset_min <> s.start_tz_offset_min THEN 1 ELSE 0 END AS is_other_offset,
            s.encounter_location_key, s.encounter_location_id, s.source_system, s.patient_key, s.location_key, s.patient_named_key,
              s.location_named_key, s.encounter_key, s.encounter_is_known, s.is_listed, s.start_tz_offset_min, s.encounter_id,
              s.position, s.start_at, s.end_at, s.stay_status_code, s.duration_min, s.dq_flags, s.event_id, s.payload_hash,
              s.effective_at, s.recorded_at, s.source_order, s.is_tied, s.load_id
          FROM core.encounter_location s
          LEFT JOIN core.dim_location_history z ON z.location_key = s.location_key
            AND z.valid_from <= s.start_at AND s.start_at < z.valid_to
          LEFT JOIN core.zone_offset zone_start_at ON zone_start_at.zone = z.timezone
            AND zone_start_at.from_utc <= s.start_at AND s.start_at < zone_start_at.to_utc
        ) e
      ) e
  ) f ON f.encounter_location_key = g.encounter_location_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.start_at AND f.start_at < patient.valid_to
  LEFT JOIN core.dim_location_history location ON location.location_key = f.location_key
    AND location.valid_from <= f.start_at AND f.start_at < location.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_now = x.patient_age, x.patient_age_now IS NULL AND x.patient_age IS NULL)
  AND coalesce(x.patient_age_band_now = x.patient_age_band, x.patient_age_band_now IS NULL AND x.patient_age_band IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.patient_is_test_now = x.patient_is_test, x.patient_is_test_now IS NULL AND x.patient_is_test IS NULL)
  AND coalesce(x.location_name_now = x.location_name, x.location_name_now IS NULL AND x.location_name IS NULL)
  AND coalesce(x.location_city_now = x.location_city, x.location_city_now IS NULL AND x.location_city IS NULL)
  AND coalesce(x.location_state_now = x.location_state, x.location_state_now IS NULL AND x.location_state IS NULL)
  AND coalesce(x.location_timezone_now = x.location_timezone, x.location_timezone_now IS NULL AND x.location_timezone IS NULL)
  AND coalesce(x.start_date_now = x.start_date, x.start_date_now IS NULL AND x.start_date IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
SELECT CAST('medication_order' AS varchar(64)) AS entity, x.medication_order_key AS fact_key
FROM (
  SELECT g.medication_order_key,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, g.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, g.patient_dob,
    CAST(CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.ordered_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.ordered_date >= patient.birth_date THEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer) AS integer) AS patient_age_now, g.patient_age,
    CAST(CAST(CASE WHEN f.ordered_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.ordered_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.ordered_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.ordered_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)) AS varchar(8)) AS patient_age_band_now, g.patient_age_band,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, g.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, g.patient_state,
    CAST(patient.is_test AS boolean) AS patient_is_test_now, g.patient_is_test,
    CAST(provider.full_name AS varchar(256)) AS provider_name_now, g.provider_name,
    CAST(provider.specialty AS varchar(128)) AS provider_specialty_now, g.provider_specialty,
    CAST(medication.display AS varchar(256)) AS reference_display_now, g.reference_display,
    CAST(medication.reference_version AS varchar(32)) AS code_version_now, g.code_version,
    CAST(medication.ingredient AS varchar(128)) AS medication_ingredient_now, g.medication_ingredient,
    CAST(medication.therapeutic_class AS varchar(128)) AS medication_therapeutic_class_now, g.medication_therapeutic_class,
    CAST(source_medication.medication_id AS varchar(64)) AS source_medication_id_now, g.source_medication_id,
    CAST(source_medication.form_display AS varchar(128)) AS medication_form_now, g.medication_form,
    CAST(source_medication.ingredient_display AS varchar(256)) AS source_ingredient_now, g.source_ingredient,
    f.ordered_date AS ordered_date_now, g.ordered_date,
    CASE WHEN medication.is_inferred OR patient.is_inferred OR provider.is_inferred OR source_medication.is_inferred
    THEN CAST(substring(CASE WHEN medication.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN provider.is_inferred THEN ' DQ-ID-12' ELSE '' END
    || CASE WHEN source_medication.is_inferred THEN ' DQ-RX-08' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.medication_order g
  JOIN (
      SELECT e.medication_order_key, e.medication_order_id, e.source_system, e.patient_key, e.provider_key, e.medication_key,
        e.source_medication_key, e.patient_named_key, e.provider_named_key, e.encounter_key, e.encounter_is_known,
        e.reason_diagnosis_key, e.reason_diagnosis_is_known, e.ordered_tz_offset_min, e.encounter_id, e.medication_system,
        e.medication_code, e.medication_display, e.status_code, e.intent_code, e.ordered_at, e.stopped_at, e.dispense_count,
        e.base_cost_amount, e.total_cost_amount, e.payer_covered_amount, e.reason_system, e.reason_code, e.reason_display,
        e.reason_diagnosis_id, e.is_counted, e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order,
        e.is_tied,
        CASE WHEN e.ordered_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.ordered_date) * 10000 + extract(month FROM e.ordered_date) * 100
            + extract(day FROM e.ordered_date) AS integer)
          WHEN e.ordered_date IS NOT NULL THEN -1 END AS ordered_date_key,
        e.ordered_date,
        e.ordered_at_local,
        e.load_id
      FROM (
        SELECT
          CAST(e.ordered_at_local AS date) AS ordered_date,
          e.*
        FROM (
          SELECT
            s.ordered_at + coalesce(s.ordered_tz_offset_min, 0) * interval '1 minute' AS ordered_at_local,
            s.medication_order_key, s.medication_order_id, s.source_system, s.patient_key, s.provider_key, s.medication_key,
              s.source_medication_key, s.patient_named_key, s.provider_named_key, s.encounter_key, s.encounter_is_known,
              s.reason_diagnosis_key, s.reason_diagnosis_is_known, s.ordered_tz_offset_min, s.encounter_id, s.medication_system,
              s.medication_code, s.medication_display, s.status_code, s.intent_code, s.ordered_at, s.stopped_at, s.dispense_count,
              s.base_cost_amount, s.total_cost_amount, s.payer_covered_amount, s.reason_system, s.reason_code, s.reason_display,
              s.reason_diagnosis_id, s.is_counted, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at,
              s.source_order, s.is_tied, s.load_id
          FROM core.medication_order s
        ) e
      ) e
  ) f ON f.medication_order_key = g.medication_order_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.ordered_at AND f.ordered_at < patient.valid_to
  LEFT JOIN core.dim_provider_history provider ON provider.provider_key = f.provider_key
    AND provider.valid_from <= f.ordered_at AND f.ordered_at < provider.valid_to
  LEFT JOIN core.dim_medication_history medication ON medication.medication_key = f.medication_key
    AND medication.valid_from <= f.ordered_at AND f.ordered_at < medication.valid_to
  LEFT JOIN core.dim_source_medication_history source_medication ON source_medication.source_medication_key = f.source_medication_key
    AND source_medication.valid_from <= f.ordered_at AND f.ordered_at < source_medication.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_now = x.patient_age, x.patient_age_now IS NULL AND x.patient_age IS NULL)
  AND coalesce(x.patient_age_band_now = x.patient_age_band, x.patient_age_band_now IS NULL AND x.patient_age_band IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.patient_is_test_now = x.patient_is_test, x.patient_is_test_now IS NULL AND x.patient_is_test IS NULL)
  AND coalesce(x.provider_name_now = x.provider_name, x.provider_name_now IS NULL AND x.provider_name IS NULL)
  AND coalesce(x.provider_specialty_now = x.provider_specialty, x.provider_specialty_now IS NULL AND x.provider_specialty IS NULL)
  AND coalesce(x.reference_display_now = x.reference_display, x.reference_display_now IS NULL AND x.reference_display IS NULL)
  AND coalesce(x.code_version_now = x.code_version, x.code_version_now IS NULL AND x.code_version IS NULL)
  AND coalesce(x.medication_ingredient_now = x.medication_ingredient, x.medication_ingredient_now IS NULL AND x.medication_ingredient IS NULL)
  AND coalesce(x.medication_therapeutic_class_now = x.medication_therapeutic_class, x.medication_therapeutic_class_now IS NULL AND x.medication_therapeutic_class IS NULL)
  AND coalesce(x.source_medication_id_now = x.source_medication_id, x.source_medication_id_now IS NULL AND x.source_medication_id IS NULL)
  AND coalesce(x.medication_form_now = x.medication_form, x.medication_form_now IS NULL AND x.medication_form IS NULL)
  AND coalesce(x.source_ingredient_now = x.source_ingredient, x.source_ingredient_now IS NULL AND x.source_ingredient IS NULL)
  AND coalesce(x.ordered_date_now = x.ordered_date, x.ordered_date_now IS NULL AND x.ordered_date IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
SELECT CAST('observation' AS varchar(64)) AS entity, x.observation_key AS fact_key
FROM (
  SELECT g.observation_key,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, g.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, g.patient_dob,
    CAST(CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.observed_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.observed_date >= patient.birth_date THEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer) AS integer) AS patient_age_now, g.patient_age,
    CAST(CAST(CASE WHEN f.observed_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.observed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.observed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.observed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)) AS varchar(8)) AS patient_age_band_now, g.patient_age_band,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, g.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, g.patient_state,
    CAST(patient.is_test AS boolean) AS patient_is_test_now, g.patient_is_test,
    CAST(observation_code.display AS varchar(256)) AS reference_display_now, g.reference_display,
    CAST(observation_code.reference_version AS varchar(32)) AS code_version_now, g.code_version,
    CAST(observation_code.category AS varchar(128)) AS observation_code_category_now, g.observation_code_category,
    CAST(measurement_unit.quantity_kind AS varchar(64)) AS unit_kind_now, g.unit_kind,
    CAST(observation_code.canonical_unit AS varchar(32)) AS canonical_unit_now, g.canonical_unit,
    CAST(CAST(CASE
    WHEN observation_code.canonical_unit IN (f.value_unit, measurement_unit.ucum_code) THEN f.exact_number
    WHEN f.exact_number NOT BETWEEN -1000000000000000 AND 1000000000000000
    OR (f.exact_number > -0.000000000000001 AND f.exact_number < 0.000000000000001 AND f.exact_number <> 0) THEN NULL
    WHEN measurement_unit.quantity_kind = observation_code.quantity_kind
    THEN (f.exact_number * measurement_unit.base_factor + coalesce(measurement_unit.base_offset, 0)
    - coalesce(observation_code.canonical_offset, 0)) / observation_code.canonical_factor
    WHEN measurement_unit.quantity_kind = observation_code.other_kind
    THEN ((f.exact_number * measurement_unit.base_factor + coalesce(measurement_unit.base_offset, 0)) * observation_code.other_factor
    - coalesce(observation_code.canonical_offset, 0)) / observation_code.canonical_factor END
    AS double precision) AS double precision) AS value_canonical_now, g.value_canonical,
    f.observed_date AS observed_date_now, g.observed_date,
    CASE WHEN observation_code.is_inferred OR patient.is_inferred OR CAST(CASE WHEN f.value_number IS NULL OR observation_code.canonical_unit IS NULL THEN 0
    WHEN observation_code.canonical_unit IN (f.value_unit, measurement_unit.ucum_code) THEN 0
    WHEN f.value_number NOT BETWEEN -1000000000000000 AND 1000000000000000
    OR (f.value_number > -0.000000000000001 AND f.value_number < 0.000000000000001 AND f.value_number <> 0) THEN 1
    WHEN measurement_unit.quantity_kind = observation_code.quantity_kind AND observation_code.canonical_factor IS NOT NULL THEN 0
    WHEN measurement_unit.quantity_kind = observation_code.other_kind AND observation_code.other_factor IS NOT NULL
    AND observation_code.canonical_factor IS NOT NULL THEN 0
    ELSE 1 END
    AS smallint) = 1 OR measurement_unit.is_inferred
    THEN CAST(substring(CASE WHEN observation_code.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN CAST(CASE WHEN f.value_number IS NULL OR observation_code.canonical_unit IS NULL THEN 0
    WHEN observation_code.canonical_unit IN (f.value_unit, measurement_unit.ucum_code) THEN 0
    WHEN f.value_number NOT BETWEEN -1000000000000000 AND 1000000000000000
    OR (f.value_number > -0.000000000000001 AND f.value_number < 0.000000000000001 AND f.value_number <> 0) THEN 1
    WHEN measurement_unit.quantity_kind = observation_code.quantity_kind AND observation_code.canonical_factor IS NOT NULL THEN 0
    WHEN measurement_unit.quantity_kind = observation_code.other_kind AND observation_code.other_factor IS NOT NULL
    AND observation_code.canonical_factor IS NOT NULL THEN 0
    ELSE 1 END
    AS smallint) = 1 THEN ' DQ-OBS-02' ELSE '' END
    || CASE WHEN measurement_unit.is_inferred THEN ' DQ-OBS-04' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.observation g
  JOIN (
      SELECT e.observation_key, e.observation_id, e.source_system, e.patient_key, e.observation_code_key, e.measurement_unit_key,
        e.patient_named_key, e.encounter_key, e.encounter_is_known, e.parent_observation_key, e.parent_observation_is_known,
        e.is_listed, e.observed_tz_offset_min, e.parent_observation_id, e.component_number, e.component_count, e.encounter_id,
        e.category_code, e.observation_system, e.observation_code, e.observation_display, e.status_code, e.observed_at,
        e.observed_precision, e.issued_at, e.value_number, e.value_comparator, e.value_unit, e.value_text, e.value_system,
        e.value_code, e.interpretation_code, e.reference_low, e.reference_high, e.absent_reason_code, e.exact_number, e.is_abnormal,
        e.is_counted, e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
        CASE WHEN e.observed_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.observed_date) * 10000 + extract(month FROM e.observed_date) * 100
            + extract(day FROM e.observed_date) AS integer)
          WHEN e.observed_date IS NOT NULL THEN -1 END AS observed_date_key,
        e.observed_date,
        e.observed_at_local,
        e.load_id
      FROM (
        SELECT
          CAST(e.observed_at_local AS date) AS observed_date,
          e.*
        FROM (
          SELECT
            s.observed_at + coalesce(s.observed_tz_offset_min, 0) * interval '1 minute' AS observed_at_local,
            s.observation_key, s.observation_id, s.source_system, s.patient_key, s.observation_code_key, s.measurement_unit_key,
              s.patient_named_key, s.encounter_key, s.encounter_is_known, s.parent_observation_key, s.parent_observation_is_known,
              s.is_listed, s.observed_tz_offset_min, s.parent_observation_id, s.component_number, s.component_count, s.encounter_id,
              s.category_code, s.observation_system, s.observation_code, s.observation_display, s.status_code, s.observed_at,
              s.observed_precision, s.issued_at, s.value_number, s.value_comparator, s.value_unit, s.value_text, s.value_system,
              s.value_code, s.interpretation_code, s.reference_low, s.reference_high, s.absent_reason_code, s.exact_number,
              s.is_abnormal, s.is_counted, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order,
              s.is_tied, s.load_id
          FROM core.observation s
        ) e
      ) e
  ) f ON f.observation_key = g.observation_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.observed_at AND f.observed_at < patient.valid_to
  LEFT JOIN core.dim_observation_code_history observation_code ON observation_code.observation_code_key = f.observation_code_key
    AND observation_code.valid_from <= f.observed_at AND f.observed_at < observation_code.valid_to
  LEFT JOIN core.dim_measurement_unit_history measurement_unit ON measurement_unit.measurement_unit_key = f.measurement_unit_key
    AND measurement_unit.valid_from <= f.observed_at AND f.observed_at < measurement_unit.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_now = x.patient_age, x.patient_age_now IS NULL AND x.patient_age IS NULL)
  AND coalesce(x.patient_age_band_now = x.patient_age_band, x.patient_age_band_now IS NULL AND x.patient_age_band IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.patient_is_test_now = x.patient_is_test, x.patient_is_test_now IS NULL AND x.patient_is_test IS NULL)
  AND coalesce(x.reference_display_now = x.reference_display, x.reference_display_now IS NULL AND x.reference_display IS NULL)
  AND coalesce(x.code_version_now = x.code_version, x.code_version_now IS NULL AND x.code_version IS NULL)
  AND coalesce(x.observation_code_category_now = x.observation_code_category, x.observation_code_category_now IS NULL AND x.observation_code_category IS NULL)
  AND coalesce(x.unit_kind_now = x.unit_kind, x.unit_kind_now IS NULL AND x.unit_kind IS NULL)
  AND coalesce(x.canonical_unit_now = x.canonical_unit, x.canonical_unit_now IS NULL AND x.canonical_unit IS NULL)
  AND coalesce(x.value_canonical_now = x.value_canonical, x.value_canonical_now IS NULL AND x.value_canonical IS NULL)
  AND coalesce(x.observed_date_now = x.observed_date, x.observed_date_now IS NULL AND x.observed_date IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
SELECT CAST('prescription_fill' AS varchar(64)) AS entity, x.prescription_fill_key AS fact_key
FROM (
  SELECT g.prescription_fill_key,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, g.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, g.patient_dob,
    CAST(CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.filled_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.filled_date >= patient.birth_date THEN (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer) AS integer) AS patient_age_now, g.patient_age,
    CAST(CAST(CASE WHEN f.filled_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.filled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.filled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.filled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)) AS varchar(8)) AS patient_age_band_now, g.patient_age_band,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, g.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, g.patient_state,
    CAST(patient.is_test AS boolean) AS patient_is_test_now, g.patient_is_test,
    CAST(medication.display AS varchar(256)) AS reference_display_now, g.reference_display,
    CAST(medication.reference_version AS varchar(32)) AS code_version_now, g.code_version,
    CAST(medication.ingredient AS varchar(128)) AS medication_ingredient_now, g.medication_ingredient,
    CAST(medication.therapeutic_class AS varchar(128)) AS medication_therapeutic_class_now, g.medication_therapeutic_class,
    CAST(source_medication.medication_id AS varchar(64)) AS source_medication_id_now, g.source_medication_id,
    CAST(source_medication.form_display AS varchar(128)) AS medication_form_now, g.medication_form,
    CAST(source_medication.ingredient_display AS varchar(256)) AS source_ingredient_now, g.source_ingredient,
    f.filled_date AS filled_date_now, g.filled_date,
    CASE WHEN medication.is_inferred OR patient.is_inferred OR source_medication.is_inferred
    THEN CAST(substring(CASE WHEN medication.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN source_medication.is_inferred THEN ' DQ-RX-08' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.prescription_fill g
  JOIN (
      SELECT e.prescription_fill_key, e.prescription_fill_id, e.source_system, e.patient_key, e.medication_key,
        e.source_medication_key, e.patient_named_key, e.encounter_key, e.encounter_is_known, e.medication_order_key,
        e.medication_order_is_known, e.filled_tz_offset_min, e.encounter_id, e.medication_order_id, e.medication_system,
        e.medication_code, e.medication_display, e.status_code, e.filled_at, e.quantity, e.quantity_unit, e.days_supply,
        e.is_counted, e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
        CASE WHEN e.filled_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.filled_date) * 10000 + extract(month FROM e.filled_date) * 100
            + extract(day FROM e.filled_date) AS integer)
          WHEN e.filled_date IS NOT NULL THEN -1 END AS filled_date_key,
        e.filled_date,
        e.filled_at_local,
        e.load_id
      FROM (
        SELECT
          CAST(e.filled_at_local AS date) AS filled_date,
          e.*
        FROM (
          SELECT
            s.filled_at + coalesce(s.filled_tz_offset_min, 0) * interval '1 minute' AS filled_at_local,
            s.prescription_fill_key, s.prescription_fill_id, s.source_system, s.patient_key, s.medication_key,
              s.source_medication_key, s.patient_named_key, s.encounter_key, s.encounter_is_known, s.medication_order_key,
              s.medication_order_is_known, s.filled_tz_offset_min, s.encounter_id, s.medication_order_id, s.medication_system,
              s.medication_code, s.medication_display, s.status_code, s.filled_at, s.quantity, s.quantity_unit, s.days_supply,
              s.is_counted, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order,
              s.is_tied, s.load_id
          FROM core.prescription_fill s
        ) e
      ) e
  ) f ON f.prescription_fill_key = g.prescription_fill_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.filled_at AND f.filled_at < patient.valid_to
  LEFT JOIN core.dim_medication_history medication ON medication.medication_key = f.medication_key
    AND medication.valid_from <= f.filled_at AND f.filled_at < medication.valid_to
  LEFT JOIN core.dim_source_medication_history source_medication ON source_medication.source_medication_key = f.source_medication_key
    AND source_medication.valid_from <= f.filled_at AND f.filled_at < source_medication.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_now = x.patient_age, x.patient_age_now IS NULL AND x.patient_age IS NULL)
  AND coalesce(x.patient_age_band_now = x.patient_age_band, x.patient_age_band_now IS NULL AND x.patient_age_band IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.patient_is_test_now = x.patient_is_test, x.patient_is_test_now IS NULL AND x.patient_is_test IS NULL)
  AND coalesce(x.reference_display_now = x.reference_display, x.reference_display_now IS NULL AND x.reference_display IS NULL)
  AND coalesce(x.code_version_now = x.code_version, x.code_version_now IS NULL AND x.code_version IS NULL)
  AND coalesce(x.medication_ingredient_now = x.medication_ingredient, x.medication_ingredient_now IS NULL AND x.medication_ingredient IS NULL)
  AND coalesce(x.medication_therapeutic_class_now = x.medication_therapeutic_class, x.medication_therapeutic_class_now IS NULL AND x.medication_therapeutic_class IS NULL)
  AND coalesce(x.source_medication_id_now = x.source_medication_id, x.source_medication_id_now IS NULL AND x.source_medication_id IS NULL)
  AND coalesce(x.medication_form_now = x.medication_form, x.medication_form_now IS NULL AND x.medication_form IS NULL)
  AND coalesce(x.source_ingredient_now = x.source_ingredient, x.source_ingredient_now IS NULL AND x.source_ingredient IS NULL)
  AND coalesce(x.filled_date_now = x.filled_date, x.filled_date_now IS NULL AND x.filled_date IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
SELECT CAST('procedure' AS varchar(64)) AS entity, x.procedure_key AS fact_key
FROM (
  SELECT g.procedure_key,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, g.patient_id,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, g.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, g.patient_dob,
    CAST(CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.performed_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.performed_date >= patient.birth_date THEN (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer) AS integer) AS patient_age_now, g.patient_age,
    CAST(CAST(CASE WHEN f.performed_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.performed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.performed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.performed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)) AS varchar(8)) AS patient_age_band_now, g.patient_age_band,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, g.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, g.patient_state,
    CAST(patient.is_test AS boolean) AS patient_is_test_now, g.patient_is_test,
    CAST(provider.full_name AS varchar(256)) AS provider_name_now, g.provider_name,
    CAST(provider.specialty AS varchar(128)) AS provider_specialty_now, g.provider_specialty,
    CAST(location.location_name AS varchar(256)) AS location_name_now, g.location_name,
    CAST(location.city AS varchar(128)) AS location_city_now, g.location_city,
    CAST(location.state AS varchar(32)) AS location_state_now, g.location_state,
    CAST(location.timezone AS varchar(64)) AS location_timezone_now, g.location_timezone,
    CAST(procedure_code.display AS varchar(256)) AS reference_display_now, g.reference_display,
    CAST(procedure_code.reference_version AS varchar(32)) AS code_version_now, g.code_version,
    CAST(procedure_code.category AS varchar(128)) AS procedure_code_category_now, g.procedure_code_category,
    f.performed_date AS performed_date_now, g.performed_date,
    CASE WHEN procedure_code.is_inferred OR f.is_other_offset = 1 OR patient.is_inferred OR provider.is_inferred OR location.is_inferred
    THEN CAST(substring(CASE WHEN procedure_code.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN f.is_other_offset = 1 THEN ' DQ-ENC-14' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN provider.is_inferred THEN ' DQ-ID-12' ELSE '' END
    || CASE WHEN location.is_inferred THEN ' DQ-ID-16' ELSE '' END, 2, 255) AS varchar(255)) END AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.procedure g
  JOIN (
      SELECT e.procedure_key, e.procedure_id, e.source_system, e.patient_key, e.provider_key, e.location_key, e.procedure_code_key,
        e.patient_named_key, e.provider_named_key, e.location_named_key, e.encounter_key, e.encounter_is_known,
        e.reason_diagnosis_key, e.reason_diagnosis_is_known, e.performed_tz_offset_min, e.encounter_id, e.procedure_system,
        e.procedure_code, e.procedure_display, e.status_code, e.performed_at, e.performed_precision, e.performed_end_at,
        e.base_cost_amount, e.reason_system, e.reason_code, e.reason_display, e.reason_diagnosis_id, e.duration_min, e.is_counted,
        e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
        CASE WHEN e.performed_date BETWEEN date '2000-01-01' AND date '2050-12-31'
          THEN CAST(extract(year FROM e.performed_date) * 10000 + extract(month FROM e.performed_date) * 100
            + extract(day FROM e.performed_date) AS integer)
          WHEN e.performed_date IS NOT NULL THEN -1 END AS performed_date_key,
        e.performed_date,
        e.is_other_offset,
        e.performed_at_local,
        e.load_id
      FROM (
        SELECT
          CAST(e.performed_at_local AS date) AS performed_date,
          e.*
        FROM (
          SELECT
            s.performed_at + coalesce(zone_performed_at.offset_min, s.performed_tz_offset_min, 0) * interval '1 minute' AS performed_at_local,
            CASE WHEN zone_performed_at.offset_min <> s.performed_tz_offset_min THEN 1 ELSE 0 END AS is_other_offset,
            s.procedure_key, s.procedure_id, s.source_system, s.patient_key, s.provider_key, s.location_key, s.procedure_code_key,
              s.patient_named_key, s.provider_named_key, s.location_named_key, s.encounter_key, s.encounter_is_known,
              s.reason_diagnosis_key, s.reason_diagnosis_is_known, s.performed_tz_offset_min, s.encounter_id, s.procedure_system,
              s.procedure_code, s.procedure_display, s.status_code, s.performed_at, s.performed_precision, s.performed_end_at,
              s.base_cost_amount, s.reason_system, s.reason_code, s.reason_display, s.reason_diagnosis_id, s.duration_min,
              s.is_counted, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order,
              s.is_tied, s.load_id
          FROM core.procedure s
          LEFT JOIN core.dim_location_history z ON z.location_key = s.location_key
            AND z.valid_from <= s.performed_at AND s.performed_at < z.valid_to
          LEFT JOIN core.zone_offset zone_performed_at ON zone_performed_at.zone = z.timezone
            AND zone_performed_at.from_utc <= s.performed_at AND s.performed_at < zone_performed_at.to_utc
        ) e
      ) e
  ) f ON f.procedure_key = g.procedure_key
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.performed_at AND f.performed_at < patient.valid_to
  LEFT JOIN core.dim_provider_history provider ON provider.provider_key = f.provider_key
    AND provider.valid_from <= f.performed_at AND f.performed_at < provider.valid_to
  LEFT JOIN core.dim_location_history location ON location.location_key = f.location_key
    AND location.valid_from <= f.performed_at AND f.performed_at < location.valid_to
  LEFT JOIN core.dim_procedure_code_history procedure_code ON procedure_code.procedure_code_key = f.procedure_code_key
    AND procedure_code.valid_from <= f.performed_at AND f.performed_at < procedure_code.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_now = x.patient_age, x.patient_age_now IS NULL AND x.patient_age IS NULL)
  AND coalesce(x.patient_age_band_now = x.patient_age_band, x.patient_age_band_now IS NULL AND x.patient_age_band IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.patient_is_test_now = x.patient_is_test, x.patient_is_test_now IS NULL AND x.patient_is_test IS NULL)
  AND coalesce(x.provider_name_now = x.provider_name, x.provider_name_now IS NULL AND x.provider_name IS NULL)
  AND coalesce(x.provider_specialty_now = x.provider_specialty, x.provider_specialty_now IS NULL AND x.provider_specialty IS NULL)
  AND coalesce(x.location_name_now = x.location_name, x.location_name_now IS NULL AND x.location_name IS NULL)
  AND coalesce(x.location_city_now = x.location_city, x.location_city_now IS NULL AND x.location_city IS NULL)
  AND coalesce(x.location_state_now = x.location_state, x.location_state_now IS NULL AND x.location_state IS NULL)
  AND coalesce(x.location_timezone_now = x.location_timezone, x.location_timezone_now IS NULL AND x.location_timezone IS NULL)
  AND coalesce(x.reference_display_now = x.reference_display, x.reference_display_now IS NULL AND x.reference_display IS NULL)
  AND coalesce(x.code_version_now = x.code_version, x.code_version_now IS NULL AND x.code_version IS NULL)
  AND coalesce(x.procedure_code_category_now = x.procedure_code_category, x.procedure_code_category_now IS NULL AND x.procedure_code_category IS NULL)
  AND coalesce(x.performed_date_now = x.performed_date, x.performed_date_now IS NULL AND x.performed_date IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
);
