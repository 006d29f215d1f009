-- Diagnostic report: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE diagnostic_report_restated AS
SELECT f.diagnostic_report_key, f.diagnostic_report_id, f.source_system, f.patient_key, f.observation_code_key, f.patient_named_key,
  f.encounter_key, f.encounter_is_known, f.reported_date_key, f.reported_tz_offset_min, f.encounter_id, f.category_code,
  f.report_system, f.report_code, f.report_display, f.status_code, f.reported_at, f.reported_precision, f.issued_at, f.result_count,
  f.is_counted, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied,
  f.reported_date, f.load_id
FROM core.diagnostic_report f
JOIN (
  SELECT f.diagnostic_report_key FROM core.diagnostic_report f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.reported_at AND f.reported_at < t.changed_to
UNION
  SELECT f.diagnostic_report_key FROM core.diagnostic_report f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'observation_code' GROUP BY t.member_key
  ) t ON t.member_key = f.observation_code_key
  WHERE t.changed_from <= f.reported_at AND f.reported_at < t.changed_to
) r ON r.diagnostic_report_key = f.diagnostic_report_key;
DELETE FROM core.diagnostic_report WHERE diagnostic_report_key IN (SELECT r.diagnostic_report_key FROM diagnostic_report_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.diagnostic_report (diagnostic_report_key, diagnostic_report_id, source_system, patient_key, observation_code_key,
  patient_named_key, encounter_key, encounter_is_known, reported_date_key, reported_tz_offset_min, encounter_id, category_code,
  report_system, report_code, report_display, status_code, reported_at, reported_precision, issued_at, result_count, is_counted,
  dq_flags, event_id, payload_hash, effective_at, recorded_at, source_order, is_tied, reported_date, patient_id, patient_gender,
  patient_dob, patient_age, patient_age_band, patient_zip5, patient_state, patient_is_test, reference_display,
  observation_code_category, state_flags, load_id)
SELECT f.diagnostic_report_key, f.diagnostic_report_id, f.source_system, f.patient_key, f.observation_code_key, f.patient_named_key,
  f.encounter_key, f.encounter_is_known, f.reported_date_key, f.reported_tz_offset_min, f.encounter_id, f.category_code,
  f.report_system, f.report_code, f.report_display, f.status_code, f.reported_at, f.reported_precision, f.issued_at, f.result_count,
  f.is_counted, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.reported_date,
  patient.patient_id,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.reported_date >= patient.birth_date THEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer),
  CAST(CASE WHEN f.reported_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.is_test,
  observation_code.display,
  observation_code.category,
  CASE WHEN observation_code.is_inferred OR patient.is_inferred
    THEN CAST(substring(CASE WHEN observation_code.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR observation_code.observation_code_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
  SELECT e.diagnostic_report_key, e.diagnostic_report_id, e.source_system, e.patient_key, e.observation_code_key,
    e.patient_named_key, e.encounter_key, e.encounter_is_known, e.reported_tz_offset_min, e.encounter_id, e.category_code,
    e.report_system, e.report_code, e.report_display, e.status_code, e.reported_at, e.reported_precision, e.issued_at,
    e.result_count, e.is_counted, e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
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
      FROM diagnostic_report_restated s
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.reported_at AND f.reported_at < patient.valid_to
LEFT JOIN core.dim_observation_code_history observation_code ON observation_code.observation_code_key = f.observation_code_key
  AND observation_code.valid_from <= f.reported_at AND f.reported_at < observation_code.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.diagnostic_report g WHERE g.diagnostic_report_key IN (SELECT r.diagnostic_report_key FROM diagnostic_report_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM diagnostic_report_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'diagnostic_report', CAST(:load_id AS varchar(32));
