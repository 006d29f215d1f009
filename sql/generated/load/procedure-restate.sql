-- Procedure: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE procedure_restated AS
SELECT f.procedure_key, f.procedure_id, f.source_system, f.patient_key, f.provider_key, f.location_key, f.procedure_code_key,
  f.patient_named_key, f.provider_named_key, f.location_named_key, f.encounter_key, f.encounter_is_known, f.reason_diagnosis_key,
  f.reason_diagnosis_is_known, f.performed_date_key, f.performed_tz_offset_min, f.encounter_id, f.procedure_system,
  f.procedure_code, f.procedure_display, f.status_code, f.performed_at, f.performed_precision, f.performed_end_at,
  f.base_cost_amount, f.reason_system, f.reason_code, f.reason_display, f.reason_diagnosis_id, f.duration_min, f.is_counted,
  f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.performed_date, f.load_id
FROM core.procedure f
JOIN (
  SELECT f.procedure_key FROM core.procedure f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.performed_at AND f.performed_at < t.changed_to
UNION
  SELECT f.procedure_key FROM core.procedure f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'provider' GROUP BY t.member_key
  ) t ON t.member_key = f.provider_key
  WHERE t.changed_from <= f.performed_at AND f.performed_at < t.changed_to
UNION
  SELECT f.procedure_key FROM core.procedure f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'location' GROUP BY t.member_key
  ) t ON t.member_key = f.location_key
  WHERE t.changed_from <= f.performed_at AND f.performed_at < t.changed_to
UNION
  SELECT f.procedure_key FROM core.procedure f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'procedure_code' GROUP BY t.member_key
  ) t ON t.member_key = f.procedure_code_key
  WHERE t.changed_from <= f.performed_at AND f.performed_at < t.changed_to
) r ON r.procedure_key = f.procedure_key;
DELETE FROM core.procedure WHERE procedure_key IN (SELECT r.procedure_key FROM procedure_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.procedure (procedure_key, procedure_id, source_system, patient_key, provider_key, location_key, procedure_code_key,
  patient_named_key, provider_named_key, location_named_key, encounter_key, encounter_is_known, reason_diagnosis_key,
  reason_diagnosis_is_known, performed_date_key, performed_tz_offset_min, encounter_id, procedure_system, procedure_code,
  procedure_display, status_code, performed_at, performed_precision, performed_end_at, base_cost_amount, reason_system, reason_code,
  reason_display, reason_diagnosis_id, duration_min, is_counted, dq_flags, event_id, payload_hash, effective_at, recorded_at,
  source_order, is_tied, performed_date, patient_id, patient_gender, patient_dob, patient_age, patient_age_band, patient_zip5,
  patient_state, patient_is_test, provider_name, provider_specialty, location_name, location_city, location_state,
  location_timezone, reference_display, code_version, procedure_code_category, state_flags, load_id)
SELECT f.procedure_key, f.procedure_id, f.source_system, f.patient_key, f.provider_key, f.location_key, f.procedure_code_key,
  f.patient_named_key, f.provider_named_key, f.location_named_key, f.encounter_key, f.encounter_is_known, f.reason_diagnosis_key,
  f.reason_diagnosis_is_known, f.performed_date_key, f.performed_tz_offset_min, f.encounter_id, f.procedure_system,
  f.procedure_code, f.procedure_display, f.status_code, f.performed_at, f.performed_precision, f.performed_end_at,
  f.base_cost_amount, f.reason_system, f.reason_code, f.reason_display, f.reason_diagnosis_id, f.duration_min, f.is_counted,
  f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.performed_date,
  patient.patient_id,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.performed_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.performed_date >= patient.birth_date THEN (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer),
  CAST(CASE WHEN f.performed_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.performed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.performed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.performed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.performed_date) * 10000 + extract(month FROM f.performed_date) * 100 + extract(day FROM f.performed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.is_test,
  provider.full_name,
  provider.specialty,
  location.location_name,
  location.city,
  location.state,
  location.timezone,
  procedure_code.display,
  procedure_code.reference_version,
  procedure_code.category,
  CASE WHEN procedure_code.is_inferred OR f.is_other_offset = 1 OR patient.is_inferred OR provider.is_inferred OR location.is_inferred
    THEN CAST(substring(CASE WHEN procedure_code.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN f.is_other_offset = 1 THEN ' DQ-ENC-14' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN provider.is_inferred THEN ' DQ-ID-12' ELSE '' END
    || CASE WHEN location.is_inferred THEN ' DQ-ID-16' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR provider.provider_key IS NULL
    OR location.location_key IS NULL
    OR procedure_code.procedure_code_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
  SELECT e.procedure_key, e.procedure_id, e.source_system, e.patient_key, e.provider_key, e.location_key, e.procedure_code_key,
    e.patient_named_key, e.provider_named_key, e.location_named_key, e.encounter_key, e.encounter_is_known, e.reason_diagnosis_key,
    e.reason_diagnosis_is_known, e.performed_tz_offset_min, e.encounter_id, e.procedure_system, e.procedure_code,
    e.procedure_display, e.status_code, e.performed_at, e.performed_precision, e.performed_end_at, e.base_cost_amount,
    e.reason_system, e.reason_code, e.reason_display, e.reason_diagnosis_id, e.duration_min, e.is_counted, e.dq_flags, e.event_id,
    e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
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
          s.base_cost_amount, s.reason_system, s.reason_code, s.reason_display, s.reason_diagnosis_id, s.duration_min, s.is_counted,
          s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, s.is_tied, s.load_id
      FROM procedure_restated s
      LEFT JOIN core.dim_location_history z ON z.location_key = s.location_key
        AND z.valid_from <= s.performed_at AND s.performed_at < z.valid_to
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.timezone FROM core.dim_location_history h)
      ) zone_performed_at ON zone_performed_at.zone = z.timezone
        AND zone_performed_at.utc_year = CAST(extract(year FROM s.performed_at) AS integer)
        AND zone_performed_at.from_utc <= s.performed_at AND s.performed_at < zone_performed_at.to_utc
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.performed_at AND f.performed_at < patient.valid_to
LEFT JOIN core.dim_provider_history provider ON provider.provider_key = f.provider_key
  AND provider.valid_from <= f.performed_at AND f.performed_at < provider.valid_to
LEFT JOIN core.dim_location_history location ON location.location_key = f.location_key
  AND location.valid_from <= f.performed_at AND f.performed_at < location.valid_to
LEFT JOIN core.dim_procedure_code_history procedure_code ON procedure_code.procedure_code_key = f.procedure_code_key
  AND procedure_code.valid_from <= f.performed_at AND f.performed_at < procedure_code.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.procedure g WHERE g.procedure_key IN (SELECT r.procedure_key FROM procedure_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM procedure_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'procedure', CAST(:load_id AS varchar(32));
