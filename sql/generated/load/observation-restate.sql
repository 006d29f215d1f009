-- Observation: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE observation_restated AS
SELECT f.observation_key, f.observation_id, f.source_system, f.patient_key, f.observation_code_key, f.measurement_unit_key,
  f.patient_named_key, f.encounter_key, f.encounter_is_known, f.parent_observation_key, f.parent_observation_is_known, f.is_listed,
  f.observed_date_key, f.observed_tz_offset_min, f.parent_observation_id, f.component_number, f.component_count, f.encounter_id,
  f.category_code, f.observation_system, f.observation_code, f.observation_display, f.status_code, f.observed_at,
  f.observed_precision, f.issued_at, f.value_number, f.value_comparator, f.value_unit, f.value_text, f.value_system, f.value_code,
  f.interpretation_code, f.reference_low, f.reference_high, f.absent_reason_code, f.exact_number, f.is_abnormal, f.is_counted,
  f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.observed_date, f.load_id
FROM core.observation f
JOIN (
  SELECT f.observation_key FROM core.observation f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.observed_at AND f.observed_at < t.changed_to
UNION
  SELECT f.observation_key FROM core.observation f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'observation_code' GROUP BY t.member_key
  ) t ON t.member_key = f.observation_code_key
  WHERE t.changed_from <= f.observed_at AND f.observed_at < t.changed_to
UNION
  SELECT f.observation_key FROM core.observation f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'measurement_unit' GROUP BY t.member_key
  ) t ON t.member_key = f.measurement_unit_key
  WHERE t.changed_from <= f.observed_at AND f.observed_at < t.changed_to
) r ON r.observation_key = f.observation_key;
DELETE FROM core.observation WHERE observation_key IN (SELECT r.observation_key FROM observation_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.observation (observation_key, observation_id, source_system, patient_key, observation_code_key,
  measurement_unit_key, patient_named_key, encounter_key, encounter_is_known, parent_observation_key, parent_observation_is_known,
  is_listed, observed_date_key, observed_tz_offset_min, parent_observation_id, component_number, component_count, encounter_id,
  category_code, observation_system, observation_code, observation_display, status_code, observed_at, observed_precision, issued_at,
  value_number, value_comparator, value_unit, value_text, value_system, value_code, interpretation_code, reference_low,
  reference_high, absent_reason_code, exact_number, is_abnormal, is_counted, dq_flags, event_id, payload_hash, effective_at,
  recorded_at, source_order, is_tied, observed_date, patient_id, patient_gender, patient_dob, patient_age, patient_age_band,
  patient_zip5, patient_state, patient_is_test, reference_display, code_version, observation_code_category, unit_kind,
  canonical_unit, value_canonical, state_flags, load_id)
SELECT f.observation_key, f.observation_id, f.source_system, f.patient_key, f.observation_code_key, f.measurement_unit_key,
  f.patient_named_key, f.encounter_key, f.encounter_is_known, f.parent_observation_key, f.parent_observation_is_known, f.is_listed,
  f.observed_date_key, f.observed_tz_offset_min, f.parent_observation_id, f.component_number, f.component_count, f.encounter_id,
  f.category_code, f.observation_system, f.observation_code, f.observation_display, f.status_code, f.observed_at,
  f.observed_precision, f.issued_at, f.value_number, f.value_comparator, f.value_unit, f.value_text, f.value_system, f.value_code,
  f.interpretation_code, f.reference_low, f.reference_high, f.absent_reason_code, f.exact_number, f.is_abnormal, f.is_counted,
  f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.observed_date,
  patient.patient_id,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.observed_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.observed_date >= patient.birth_date THEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer),
  CAST(CASE WHEN f.observed_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.observed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.observed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.observed_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.is_test,
  observation_code.display,
  observation_code.reference_version,
  observation_code.category,
  measurement_unit.quantity_kind,
  observation_code.canonical_unit,
  CAST(CASE
    WHEN observation_code.canonical_unit IN (f.value_unit, measurement_unit.ucum_code) THEN f.exact_number
    WHEN f.exact_number NOT BETWEEN -1000000000000000 AND 1000000000000000
    OR (f.exact_number > -0.000000000000001 AND f.exact_number < 0.000000000000001 AND f.exact_number <> 0) THEN NULL
    WHEN measurement_unit.quantity_kind = observation_code.quantity_kind
    THEN (f.exact_number * measurement_unit.base_factor + coalesce(measurement_unit.base_offset, 0)
    - coalesce(observation_code.canonical_offset, 0)) / observation_code.canonical_factor
    WHEN measurement_unit.quantity_kind = observation_code.other_kind
    THEN ((f.exact_number * measurement_unit.base_factor + coalesce(measurement_unit.base_offset, 0)) * observation_code.other_factor
    - coalesce(observation_code.canonical_offset, 0)) / observation_code.canonical_factor END
    AS double precision),
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
    || CASE WHEN measurement_unit.is_inferred THEN ' DQ-OBS-04' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR observation_code.observation_code_key IS NULL
    OR measurement_unit.measurement_unit_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
  SELECT e.observation_key, e.observation_id, e.source_system, e.patient_key, e.observation_code_key, e.measurement_unit_key,
    e.patient_named_key, e.encounter_key, e.encounter_is_known, e.parent_observation_key, e.parent_observation_is_known,
    e.is_listed, e.observed_tz_offset_min, e.parent_observation_id, e.component_number, e.component_count, e.encounter_id,
    e.category_code, e.observation_system, e.observation_code, e.observation_display, e.status_code, e.observed_at,
    e.observed_precision, e.issued_at, e.value_number, e.value_comparator, e.value_unit, e.value_text, e.value_system, e.value_code,
    e.interpretation_code, e.reference_low, e.reference_high, e.absent_reason_code, e.exact_number, e.is_abnormal, e.is_counted,
    e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
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
      FROM observation_restated s
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.observed_at AND f.observed_at < patient.valid_to
LEFT JOIN core.dim_observation_code_history observation_code ON observation_code.observation_code_key = f.observation_code_key
  AND observation_code.valid_from <= f.observed_at AND f.observed_at < observation_code.valid_to
LEFT JOIN core.dim_measurement_unit_history measurement_unit ON measurement_unit.measurement_unit_key = f.measurement_unit_key
  AND measurement_unit.valid_from <= f.observed_at AND f.observed_at < measurement_unit.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.observation g WHERE g.observation_key IN (SELECT r.observation_key FROM observation_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM observation_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'observation', CAST(:load_id AS varchar(32));
