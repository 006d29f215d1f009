-- Medication order: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE medication_order_restated AS
SELECT f.medication_order_key, f.medication_order_id, f.source_system, f.patient_key, f.provider_key, f.medication_key,
  f.source_medication_key, f.patient_named_key, f.provider_named_key, f.encounter_key, f.encounter_is_known, f.reason_diagnosis_key,
  f.reason_diagnosis_is_known, f.ordered_date_key, f.ordered_tz_offset_min, f.encounter_id, f.medication_system, f.medication_code,
  f.medication_display, f.status_code, f.intent_code, f.ordered_at, f.stopped_at, f.dispense_count, f.base_cost_amount,
  f.total_cost_amount, f.payer_covered_amount, f.reason_system, f.reason_code, f.reason_display, f.reason_diagnosis_id,
  f.is_counted, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied,
  f.ordered_date, f.load_id
FROM core.medication_order f
JOIN (
  SELECT f.medication_order_key FROM core.medication_order f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.ordered_at AND f.ordered_at < t.changed_to
UNION
  SELECT f.medication_order_key FROM core.medication_order f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'provider' GROUP BY t.member_key
  ) t ON t.member_key = f.provider_key
  WHERE t.changed_from <= f.ordered_at AND f.ordered_at < t.changed_to
UNION
  SELECT f.medication_order_key FROM core.medication_order f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'medication' GROUP BY t.member_key
  ) t ON t.member_key = f.medication_key
  WHERE t.changed_from <= f.ordered_at AND f.ordered_at < t.changed_to
UNION
  SELECT f.medication_order_key FROM core.medication_order f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'source_medication' GROUP BY t.member_key
  ) t ON t.member_key = f.source_medication_key
  WHERE t.changed_from <= f.ordered_at AND f.ordered_at < t.changed_to
) r ON r.medication_order_key = f.medication_order_key;
DELETE FROM core.medication_order WHERE medication_order_key IN (SELECT r.medication_order_key FROM medication_order_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.medication_order (medication_order_key, medication_order_id, source_system, patient_key, provider_key,
  medication_key, source_medication_key, patient_named_key, provider_named_key, encounter_key, encounter_is_known,
  reason_diagnosis_key, reason_diagnosis_is_known, ordered_date_key, ordered_tz_offset_min, encounter_id, medication_system,
  medication_code, medication_display, status_code, intent_code, ordered_at, stopped_at, dispense_count, base_cost_amount,
  total_cost_amount, payer_covered_amount, reason_system, reason_code, reason_display, reason_diagnosis_id, is_counted, dq_flags,
  event_id, payload_hash, effective_at, recorded_at, source_order, is_tied, ordered_date, patient_id, patient_gender, patient_dob,
  patient_age, patient_age_band, patient_zip5, patient_state, patient_is_test, provider_name, provider_specialty, reference_display,
  code_version, medication_ingredient, medication_therapeutic_class, source_medication_id, medication_form, source_ingredient,
  state_flags, load_id)
SELECT f.medication_order_key, f.medication_order_id, f.source_system, f.patient_key, f.provider_key, f.medication_key,
  f.source_medication_key, f.patient_named_key, f.provider_named_key, f.encounter_key, f.encounter_is_known, f.reason_diagnosis_key,
  f.reason_diagnosis_is_known, f.ordered_date_key, f.ordered_tz_offset_min, f.encounter_id, f.medication_system, f.medication_code,
  f.medication_display, f.status_code, f.intent_code, f.ordered_at, f.stopped_at, f.dispense_count, f.base_cost_amount,
  f.total_cost_amount, f.payer_covered_amount, f.reason_system, f.reason_code, f.reason_display, f.reason_diagnosis_id,
  f.is_counted, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.ordered_date,
  patient.patient_id,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.ordered_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.ordered_date >= patient.birth_date THEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer),
  CAST(CASE WHEN f.ordered_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.ordered_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.ordered_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.ordered_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.is_test,
  provider.full_name,
  provider.specialty,
  medication.display,
  medication.reference_version,
  medication.ingredient,
  medication.therapeutic_class,
  source_medication.medication_id,
  source_medication.form_display,
  source_medication.ingredient_display,
  CASE WHEN medication.is_inferred OR patient.is_inferred OR provider.is_inferred OR source_medication.is_inferred
    THEN CAST(substring(CASE WHEN medication.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN provider.is_inferred THEN ' DQ-ID-12' ELSE '' END
    || CASE WHEN source_medication.is_inferred THEN ' DQ-RX-08' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR provider.provider_key IS NULL
    OR medication.medication_key IS NULL
    OR source_medication.source_medication_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
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
      FROM medication_order_restated s
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.ordered_at AND f.ordered_at < patient.valid_to
LEFT JOIN core.dim_provider_history provider ON provider.provider_key = f.provider_key
  AND provider.valid_from <= f.ordered_at AND f.ordered_at < provider.valid_to
LEFT JOIN core.dim_medication_history medication ON medication.medication_key = f.medication_key
  AND medication.valid_from <= f.ordered_at AND f.ordered_at < medication.valid_to
LEFT JOIN core.dim_source_medication_history source_medication ON source_medication.source_medication_key = f.source_medication_key
  AND source_medication.valid_from <= f.ordered_at AND f.ordered_at < source_medication.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.medication_order g WHERE g.medication_order_key IN (SELECT r.medication_order_key FROM medication_order_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM medication_order_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'medication_order', CAST(:load_id AS varchar(32));
