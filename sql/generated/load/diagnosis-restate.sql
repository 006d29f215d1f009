-- Diagnosis: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE diagnosis_restated AS
SELECT f.diagnosis_key, f.diagnosis_id, f.source_system, f.patient_key, f.diagnosis_code_key, f.patient_named_key, f.encounter_key,
  f.encounter_is_known, f.diagnosed_date_key, f.diagnosed_tz_offset_min, f.encounter_id, f.diagnosis_system, f.diagnosis_code,
  f.diagnosis_display, f.category_code, f.clinical_status_code, f.verification_status_code, f.diagnosed_at, f.diagnosed_precision,
  f.onset_at, f.abated_at, f.onset_precision, f.abated_precision, f.is_active, f.is_counted, f.dq_flags, f.event_id, f.payload_hash,
  f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.diagnosed_date, f.load_id
FROM core.diagnosis f
JOIN (
  SELECT f.diagnosis_key FROM core.diagnosis f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.diagnosed_at AND f.diagnosed_at < t.changed_to
UNION
  SELECT f.diagnosis_key FROM core.diagnosis f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'diagnosis_code' GROUP BY t.member_key
  ) t ON t.member_key = f.diagnosis_code_key
  WHERE t.changed_from <= f.diagnosed_at AND f.diagnosed_at < t.changed_to
) r ON r.diagnosis_key = f.diagnosis_key;
DELETE FROM core.diagnosis WHERE diagnosis_key IN (SELECT r.diagnosis_key FROM diagnosis_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.diagnosis (diagnosis_key, diagnosis_id, source_system, patient_key, diagnosis_code_key, patient_named_key,
  encounter_key, encounter_is_known, diagnosed_date_key, diagnosed_tz_offset_min, encounter_id, diagnosis_system, diagnosis_code,
  diagnosis_display, category_code, clinical_status_code, verification_status_code, diagnosed_at, diagnosed_precision, onset_at,
  abated_at, onset_precision, abated_precision, is_active, is_counted, dq_flags, event_id, payload_hash, effective_at, recorded_at,
  source_order, is_tied, diagnosed_date, patient_id, patient_gender, patient_dob, patient_age, patient_age_band, patient_zip5,
  patient_state, patient_is_test, reference_display, diagnosis_code_category, diagnosis_code_chapter, is_billable, code_version,
  state_flags, load_id)
SELECT f.diagnosis_key, f.diagnosis_id, f.source_system, f.patient_key, f.diagnosis_code_key, f.patient_named_key, f.encounter_key,
  f.encounter_is_known, f.diagnosed_date_key, f.diagnosed_tz_offset_min, f.encounter_id, f.diagnosis_system, f.diagnosis_code,
  f.diagnosis_display, f.category_code, f.clinical_status_code, f.verification_status_code, f.diagnosed_at, f.diagnosed_precision,
  f.onset_at, f.abated_at, f.onset_precision, f.abated_precision, f.is_active, f.is_counted, f.dq_flags, f.event_id, f.payload_hash,
  f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.diagnosed_date,
  patient.patient_id,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.diagnosed_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.diagnosed_date >= patient.birth_date THEN (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer),
  CAST(CASE WHEN f.diagnosed_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.diagnosed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.diagnosed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.diagnosed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.diagnosed_date) * 10000 + extract(month FROM f.diagnosed_date) * 100 + extract(day FROM f.diagnosed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.is_test,
  diagnosis_code.display,
  diagnosis_code.category,
  diagnosis_code.chapter,
  CAST(CASE WHEN f.diagnosed_at >= diagnosis_code.reference_from THEN diagnosis_code.is_billable END
    AS boolean),
  diagnosis_code.reference_version,
  CASE WHEN diagnosis_code.is_inferred OR patient.is_inferred
    THEN CAST(substring(CASE WHEN diagnosis_code.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR diagnosis_code.diagnosis_code_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
  SELECT e.diagnosis_key, e.diagnosis_id, e.source_system, e.patient_key, e.diagnosis_code_key, e.patient_named_key,
    e.encounter_key, e.encounter_is_known, e.diagnosed_tz_offset_min, e.encounter_id, e.diagnosis_system, e.diagnosis_code,
    e.diagnosis_display, e.category_code, e.clinical_status_code, e.verification_status_code, e.diagnosed_at, e.diagnosed_precision,
    e.onset_at, e.abated_at, e.onset_precision, e.abated_precision, e.is_active, e.is_counted, e.dq_flags, e.event_id,
    e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
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
        s.diagnosis_key, s.diagnosis_id, s.source_system, s.patient_key, s.diagnosis_code_key, s.patient_named_key, s.encounter_key,
          s.encounter_is_known, s.diagnosed_tz_offset_min, s.encounter_id, s.diagnosis_system, s.diagnosis_code,
          s.diagnosis_display, s.category_code, s.clinical_status_code, s.verification_status_code, s.diagnosed_at,
          s.diagnosed_precision, s.onset_at, s.abated_at, s.onset_precision, s.abated_precision, s.is_active, s.is_counted,
          s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, s.is_tied, s.load_id
      FROM diagnosis_restated s
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.diagnosed_at AND f.diagnosed_at < patient.valid_to
LEFT JOIN core.dim_diagnosis_code_history diagnosis_code ON diagnosis_code.diagnosis_code_key = f.diagnosis_code_key
  AND diagnosis_code.valid_from <= f.diagnosed_at AND f.diagnosed_at < diagnosis_code.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.diagnosis g WHERE g.diagnosis_key IN (SELECT r.diagnosis_key FROM diagnosis_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM diagnosis_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'diagnosis', CAST(:load_id AS varchar(32));
