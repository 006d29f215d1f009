-- Adverse event: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE adverse_event_restated AS
SELECT f.adverse_event_key, f.adverse_event_id, f.source_system, f.patient_key, f.patient_named_key, f.encounter_key,
  f.encounter_is_known, f.occurred_date_key, f.occurred_tz_offset_min, f.encounter_id, f.event_system, f.event_code,
  f.event_display, f.actuality_code, f.seriousness_code, f.severity_code, f.outcome_code, f.occurred_at, f.is_counted, f.dq_flags,
  f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.occurred_date, f.load_id
FROM core.adverse_event f
JOIN (
  SELECT f.adverse_event_key FROM core.adverse_event f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.occurred_at AND f.occurred_at < t.changed_to
) r ON r.adverse_event_key = f.adverse_event_key;
DELETE FROM core.adverse_event WHERE adverse_event_key IN (SELECT r.adverse_event_key FROM adverse_event_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.adverse_event (adverse_event_key, adverse_event_id, source_system, patient_key, patient_named_key, encounter_key,
  encounter_is_known, occurred_date_key, occurred_tz_offset_min, encounter_id, event_system, event_code, event_display,
  actuality_code, seriousness_code, severity_code, outcome_code, occurred_at, is_counted, dq_flags, event_id, payload_hash,
  effective_at, recorded_at, source_order, is_tied, occurred_date, patient_id, patient_gender, patient_dob, patient_age,
  patient_age_band, patient_zip5, patient_state, patient_is_test, state_flags, load_id)
SELECT f.adverse_event_key, f.adverse_event_id, f.source_system, f.patient_key, f.patient_named_key, f.encounter_key,
  f.encounter_is_known, f.occurred_date_key, f.occurred_tz_offset_min, f.encounter_id, f.event_system, f.event_code,
  f.event_display, f.actuality_code, f.seriousness_code, f.severity_code, f.outcome_code, f.occurred_at, f.is_counted, f.dq_flags,
  f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.occurred_date,
  patient.patient_id,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.occurred_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.occurred_date >= patient.birth_date THEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer),
  CAST(CASE WHEN f.occurred_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.occurred_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.occurred_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.occurred_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.is_test,
  CASE WHEN patient.is_inferred
    THEN CAST(substring(CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
  SELECT e.adverse_event_key, e.adverse_event_id, e.source_system, e.patient_key, e.patient_named_key, e.encounter_key,
    e.encounter_is_known, e.occurred_tz_offset_min, e.encounter_id, e.event_system, e.event_code, e.event_display, e.actuality_code,
    e.seriousness_code, e.severity_code, e.outcome_code, e.occurred_at, e.is_counted, e.dq_flags, e.event_id, e.payload_hash,
    e.effective_at, e.recorded_at, e.source_order, e.is_tied,
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
      FROM adverse_event_restated s
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.occurred_at AND f.occurred_at < patient.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.adverse_event g WHERE g.adverse_event_key IN (SELECT r.adverse_event_key FROM adverse_event_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM adverse_event_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'adverse_event', CAST(:load_id AS varchar(32));
