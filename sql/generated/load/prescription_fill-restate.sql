-- Prescription fill: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE prescription_fill_restated AS
SELECT f.prescription_fill_key, f.prescription_fill_id, f.source_system, f.patient_key, f.medication_key, f.source_medication_key,
  f.patient_named_key, f.encounter_key, f.encounter_is_known, f.medication_order_key, f.medication_order_is_known,
  f.filled_date_key, f.filled_tz_offset_min, f.encounter_id, f.medication_order_id, f.medication_system, f.medication_code,
  f.medication_display, f.status_code, f.filled_at, f.quantity, f.quantity_unit, f.days_supply, f.is_counted, f.dq_flags,
  f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.filled_date, f.load_id
FROM core.prescription_fill f
JOIN (
  SELECT f.prescription_fill_key FROM core.prescription_fill f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.filled_at AND f.filled_at < t.changed_to
UNION
  SELECT f.prescription_fill_key FROM core.prescription_fill f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'medication' GROUP BY t.member_key
  ) t ON t.member_key = f.medication_key
  WHERE t.changed_from <= f.filled_at AND f.filled_at < t.changed_to
UNION
  SELECT f.prescription_fill_key FROM core.prescription_fill f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'source_medication' GROUP BY t.member_key
  ) t ON t.member_key = f.source_medication_key
  WHERE t.changed_from <= f.filled_at AND f.filled_at < t.changed_to
) r ON r.prescription_fill_key = f.prescription_fill_key;
DELETE FROM core.prescription_fill WHERE prescription_fill_key IN (SELECT r.prescription_fill_key FROM prescription_fill_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.prescription_fill (prescription_fill_key, prescription_fill_id, source_system, patient_key, medication_key,
  source_medication_key, patient_named_key, encounter_key, encounter_is_known, medication_order_key, medication_order_is_known,
  filled_date_key, filled_tz_offset_min, encounter_id, medication_order_id, medication_system, medication_code, medication_display,
  status_code, filled_at, quantity, quantity_unit, days_supply, is_counted, dq_flags, event_id, payload_hash, effective_at,
  recorded_at, source_order, is_tied, filled_date, patient_id, patient_gender, patient_dob, patient_age, patient_age_band,
  patient_zip5, patient_state, patient_is_test, reference_display, code_version, medication_ingredient,
  medication_therapeutic_class, source_medication_id, medication_form, source_ingredient, state_flags, load_id)
SELECT f.prescription_fill_key, f.prescription_fill_id, f.source_system, f.patient_key, f.medication_key, f.source_medication_key,
  f.patient_named_key, f.encounter_key, f.encounter_is_known, f.medication_order_key, f.medication_order_is_known,
  f.filled_date_key, f.filled_tz_offset_min, f.encounter_id, f.medication_order_id, f.medication_system, f.medication_code,
  f.medication_display, f.status_code, f.filled_at, f.quantity, f.quantity_unit, f.days_supply, f.is_counted, f.dq_flags,
  f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.filled_date,
  patient.patient_id,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.filled_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.filled_date >= patient.birth_date THEN (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer),
  CAST(CASE WHEN f.filled_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.filled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.filled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.filled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.filled_date) * 10000 + extract(month FROM f.filled_date) * 100 + extract(day FROM f.filled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.is_test,
  medication.display,
  medication.reference_version,
  medication.ingredient,
  medication.therapeutic_class,
  source_medication.medication_id,
  source_medication.form_display,
  source_medication.ingredient_display,
  CASE WHEN medication.is_inferred OR patient.is_inferred OR source_medication.is_inferred
    THEN CAST(substring(CASE WHEN medication.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN source_medication.is_inferred THEN ' DQ-RX-08' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR medication.medication_key IS NULL
    OR source_medication.source_medication_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
  SELECT e.prescription_fill_key, e.prescription_fill_id, e.source_system, e.patient_key, e.medication_key, e.source_medication_key,
    e.patient_named_key, e.encounter_key, e.encounter_is_known, e.medication_order_key, e.medication_order_is_known,
    e.filled_tz_offset_min, e.encounter_id, e.medication_order_id, e.medication_system, e.medication_code, e.medication_display,
    e.status_code, e.filled_at, e.quantity, e.quantity_unit, e.days_supply, e.is_counted, e.dq_flags, e.event_id, e.payload_hash,
    e.effective_at, e.recorded_at, e.source_order, e.is_tied,
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
        s.prescription_fill_key, s.prescription_fill_id, s.source_system, s.patient_key, s.medication_key, s.source_medication_key,
          s.patient_named_key, s.encounter_key, s.encounter_is_known, s.medication_order_key, s.medication_order_is_known,
          s.filled_tz_offset_min, s.encounter_id, s.medication_order_id, s.medication_system, s.medication_code,
          s.medication_display, s.status_code, s.filled_at, s.quantity, s.quantity_unit, s.days_supply, s.is_counted, s.dq_flags,
          s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, s.is_tied, s.load_id
      FROM prescription_fill_restated s
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.filled_at AND f.filled_at < patient.valid_to
LEFT JOIN core.dim_medication_history medication ON medication.medication_key = f.medication_key
  AND medication.valid_from <= f.filled_at AND f.filled_at < medication.valid_to
LEFT JOIN core.dim_source_medication_history source_medication ON source_medication.source_medication_key = f.source_medication_key
  AND source_medication.valid_from <= f.filled_at AND f.filled_at < source_medication.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.prescription_fill g WHERE g.prescription_fill_key IN (SELECT r.prescription_fill_key FROM prescription_fill_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM prescription_fill_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'prescription_fill', CAST(:load_id AS varchar(32));
