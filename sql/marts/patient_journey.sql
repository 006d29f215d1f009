-- What happened to each person, one row per thing that happened, whichever sources tell of it: appointment, arrival, encounter, diagnosis, procedure,
-- observation, order and fill. Order it by happened_at.
--   enterprise_patient_key (varchar): the person.
--   happened_at (timestamp): when it happened, UTC.
--   kind (varchar): appointment, arrival, encounter, diagnosis, procedure, observation, medication order or fill.
--   source_system (varchar): the source that tells of it.
--   id (varchar): its identifier in that source.
--   code (varchar): its code, where it has one.
--   display (varchar): what it is, in the words of the source.
--   status_code (varchar): its state.
--   encounter_key (varchar): the encounter in which it happened; 32 zeros where none is named.
--   is_counted (smallint): 1 where it stands in measures.
SELECT p.enterprise_patient_key, j.happened_at, j.kind, j.source_system, j.id, j.code, j.display, j.status_code, j.encounter_key,
  CAST(j.is_counted AS smallint) AS is_counted
FROM (
  SELECT f.patient_key, f.scheduled_start_at AS happened_at, CAST('appointment' AS varchar(32)) AS kind, f.source_system, f.appointment_id AS id, CAST(NULL AS varchar(64)) AS code,
    CAST(f.appointment_type AS varchar(256)) AS display, f.status_code, f.encounter_key, CASE WHEN f.status_code = 'entered-in-error' THEN 0 ELSE 1 END AS is_counted
  FROM {{ source('core', 'fact_appointment') }} f
  UNION ALL
  SELECT f.patient_key, f.arrived_at, CAST('arrival' AS varchar(32)), f.source_system, f.appointment_id, NULL, NULL, f.status_code, f.encounter_key, 1
  FROM {{ source('core', 'fact_appointment') }} f WHERE f.arrived_at IS NOT NULL AND f.status_code <> 'entered-in-error'
  UNION ALL
  SELECT f.patient_key, f.start_at, CAST('encounter' AS varchar(32)), f.source_system, f.encounter_id, f.type_code, f.type_display, f.status_code, f.encounter_key, f.is_counted
  FROM {{ source('core', 'fact_encounter') }} f
  UNION ALL
  SELECT f.patient_key, f.diagnosed_at, CAST('diagnosis' AS varchar(32)), f.source_system, f.diagnosis_id, f.diagnosis_code, f.diagnosis_display, f.clinical_status_code, f.encounter_key, f.is_counted
  FROM {{ source('core', 'fact_diagnosis') }} f
  UNION ALL
  SELECT f.patient_key, f.performed_at, CAST('procedure' AS varchar(32)), f.source_system, f.procedure_id, f.procedure_code, f.procedure_display, f.status_code, f.encounter_key, f.is_counted
  FROM {{ source('core', 'fact_procedure') }} f
  UNION ALL
  SELECT f.patient_key, f.observed_at, CAST('observation' AS varchar(32)), f.source_system, f.observation_id, f.observation_code, f.observation_display, f.status_code, f.encounter_key, f.is_counted
  FROM {{ source('core', 'fact_observation') }} f
  UNION ALL
  SELECT f.patient_key, f.ordered_at, CAST('medication order' AS varchar(32)), f.source_system, f.medication_order_id, f.medication_code, f.medication_display, f.status_code, f.encounter_key, f.is_counted
  FROM {{ source('core', 'fact_medication_order') }} f
  UNION ALL
  SELECT f.patient_key, f.filled_at, CAST('fill' AS varchar(32)), f.source_system, f.prescription_fill_id, f.medication_code, f.medication_display, f.status_code, f.encounter_key, f.is_counted
  FROM {{ source('core', 'fact_prescription_fill') }} f
) j
JOIN {{ source('core', 'dim_patient') }} p ON p.patient_key = j.patient_key
