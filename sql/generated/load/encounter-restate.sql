-- Encounter: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE encounter_restated AS
SELECT f.encounter_key, f.encounter_id, f.source_system, f.patient_key, f.provider_key, f.organization_key, f.location_key,
  f.patient_named_key, f.provider_named_key, f.organization_named_key, f.location_named_key, f.appointment_key,
  f.appointment_is_known, f.start_date_key, f.end_date_key, f.start_tz_offset_min, f.start_time_key, f.end_tz_offset_min,
  f.class_code, f.status_code, f.start_at, f.end_at, f.type_system, f.type_code, f.type_display, f.reason_system, f.reason_code,
  f.reason_display, f.admit_source_code, f.discharge_disposition_code, f.appointment_id, f.part_of_encounter_id, f.location_count,
  f.base_cost_amount, f.total_cost_amount, f.payer_covered_amount, f.duration_min, f.los_midnights, f.is_inpatient, f.is_emergency,
  f.is_in_house, f.is_counted, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied,
  f.start_date, f.end_date, f.load_id
FROM core.encounter f
JOIN (
  SELECT f.encounter_key FROM core.encounter f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.start_at AND f.start_at < t.changed_to
UNION
  SELECT f.encounter_key FROM core.encounter f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'provider' GROUP BY t.member_key
  ) t ON t.member_key = f.provider_key
  WHERE t.changed_from <= f.start_at AND f.start_at < t.changed_to
UNION
  SELECT f.encounter_key FROM core.encounter f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'organization' GROUP BY t.member_key
  ) t ON t.member_key = f.organization_key
  WHERE t.changed_from <= f.start_at AND f.start_at < t.changed_to
UNION
  SELECT f.encounter_key FROM core.encounter f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'location' GROUP BY t.member_key
  ) t ON t.member_key = f.location_key
  WHERE t.changed_from <= f.start_at AND f.start_at < t.changed_to
) r ON r.encounter_key = f.encounter_key;
DELETE FROM core.encounter WHERE encounter_key IN (SELECT r.encounter_key FROM encounter_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.encounter (encounter_key, encounter_id, source_system, patient_key, provider_key, organization_key, location_key,
  patient_named_key, provider_named_key, organization_named_key, location_named_key, appointment_key, appointment_is_known,
  start_date_key, end_date_key, start_tz_offset_min, start_time_key, end_tz_offset_min, class_code, status_code, start_at, end_at,
  type_system, type_code, type_display, reason_system, reason_code, reason_display, admit_source_code, discharge_disposition_code,
  appointment_id, part_of_encounter_id, location_count, base_cost_amount, total_cost_amount, payer_covered_amount, duration_min,
  los_midnights, is_inpatient, is_emergency, is_in_house, is_counted, dq_flags, event_id, payload_hash, effective_at, recorded_at,
  source_order, is_tied, start_date, end_date, patient_id, patient_gender, patient_dob, patient_age, patient_age_band, patient_zip5,
  patient_state, patient_is_test, provider_name, provider_specialty, organization_name, organization_city, organization_state,
  location_name, location_city, location_state, location_timezone, state_flags, load_id)
SELECT f.encounter_key, f.encounter_id, f.source_system, f.patient_key, f.provider_key, f.organization_key, f.location_key,
  f.patient_named_key, f.provider_named_key, f.organization_named_key, f.location_named_key, f.appointment_key,
  f.appointment_is_known, f.start_date_key, f.end_date_key, f.start_tz_offset_min, f.start_time_key, f.end_tz_offset_min,
  f.class_code, f.status_code, f.start_at, f.end_at, f.type_system, f.type_code, f.type_display, f.reason_system, f.reason_code,
  f.reason_display, f.admit_source_code, f.discharge_disposition_code, f.appointment_id, f.part_of_encounter_id, f.location_count,
  f.base_cost_amount, f.total_cost_amount, f.payer_covered_amount, f.duration_min, f.los_midnights, f.is_inpatient, f.is_emergency,
  f.is_in_house, f.is_counted, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied,
  f.start_date, f.end_date,
  patient.patient_id,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.start_date >= patient.birth_date THEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer),
  CAST(CASE WHEN f.start_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.is_test,
  provider.full_name,
  provider.specialty,
  organization.organization_name,
  organization.city,
  organization.state,
  location.location_name,
  location.city,
  location.state,
  location.timezone,
  CASE WHEN f.is_other_offset = 1 OR patient.is_inferred OR provider.is_inferred OR organization.is_inferred OR location.is_inferred
    THEN CAST(substring(CASE WHEN f.is_other_offset = 1 THEN ' DQ-ENC-14' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN provider.is_inferred THEN ' DQ-ID-12' ELSE '' END
    || CASE WHEN organization.is_inferred THEN ' DQ-ID-15' ELSE '' END
    || CASE WHEN location.is_inferred THEN ' DQ-ID-16' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR provider.provider_key IS NULL
    OR organization.organization_key IS NULL
    OR location.location_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
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
          s.total_cost_amount, s.payer_covered_amount, s.duration_min, s.is_inpatient, s.is_emergency, s.is_in_house, s.is_counted,
          s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, s.is_tied, s.load_id
      FROM encounter_restated s
      LEFT JOIN core.dim_location_history z ON z.location_key = s.location_key
        AND z.valid_from <= s.start_at AND s.start_at < z.valid_to
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.timezone FROM core.dim_location_history h)
      ) zone_start_at ON zone_start_at.zone = z.timezone
        AND zone_start_at.utc_year = CAST(extract(year FROM s.start_at) AS integer)
        AND zone_start_at.from_utc <= s.start_at AND s.start_at < zone_start_at.to_utc
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.timezone FROM core.dim_location_history h)
      ) zone_end_at ON zone_end_at.zone = z.timezone
        AND zone_end_at.utc_year = CAST(extract(year FROM s.end_at) AS integer)
        AND zone_end_at.from_utc <= s.end_at AND s.end_at < zone_end_at.to_utc
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.start_at AND f.start_at < patient.valid_to
LEFT JOIN core.dim_provider_history provider ON provider.provider_key = f.provider_key
  AND provider.valid_from <= f.start_at AND f.start_at < provider.valid_to
LEFT JOIN core.dim_organization_history organization ON organization.organization_key = f.organization_key
  AND organization.valid_from <= f.start_at AND f.start_at < organization.valid_to
LEFT JOIN core.dim_location_history location ON location.location_key = f.location_key
  AND location.valid_from <= f.start_at AND f.start_at < location.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.encounter g WHERE g.encounter_key IN (SELECT r.encounter_key FROM encounter_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM encounter_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'encounter', CAST(:load_id AS varchar(32));
