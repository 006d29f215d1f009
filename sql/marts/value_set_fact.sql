-- Facts whose code is in a value set on the fact's own local day: one row per fact, code of it and value set. At most one version holds on a day.
--   value_set_id (varchar): the value set: OID, canonical URL or name.
--   value_set_name (varchar): its name.
--   value_set_version (varchar): the version of that day.
--   entity (varchar): the kind of fact: encounter (by its type and by its reason), diagnosis, procedure, observation, medication_order, prescription_fill or adverse_event.
--   fact_key (varchar): its key: diagnosis_key of obt_diagnosis, and so on.
--   source_system (varchar): the source that sent it.
--   patient_id (varchar): the patient in that source.
--   service_date (date): the local day of the fact.
--   code_system (varchar): the code system of its code.
--   code (varchar): the code.
--   is_counted (smallint): 1 where the fact stands in measures.
WITH borne AS (
  SELECT CAST('diagnosis' AS varchar(32)) AS entity, f.diagnosis_key AS fact_key, f.source_system, f.patient_id, f.diagnosed_date AS service_date,
    f.diagnosis_system AS code_system, f.diagnosis_code AS code, f.is_counted
  FROM {{ source('gold_phi', 'obt_diagnosis') }} f
  UNION ALL
  SELECT 'procedure', f.procedure_key, f.source_system, f.patient_id, f.performed_date, f.procedure_system, f.procedure_code, f.is_counted
  FROM {{ source('gold_phi', 'obt_procedure') }} f
  UNION ALL
  SELECT 'observation', f.observation_key, f.source_system, f.patient_id, f.observed_date, f.observation_system, f.observation_code, f.is_counted
  FROM {{ source('gold_phi', 'obt_observation') }} f
  UNION ALL
  SELECT 'medication_order', f.medication_order_key, f.source_system, f.patient_id, f.ordered_date, f.medication_system, f.medication_code, f.is_counted
  FROM {{ source('gold_phi', 'obt_medication_order') }} f
  UNION ALL
  SELECT 'prescription_fill', f.prescription_fill_key, f.source_system, f.patient_id, f.filled_date, f.medication_system, f.medication_code, f.is_counted
  FROM {{ source('gold_phi', 'obt_prescription_fill') }} f
  UNION ALL
  SELECT 'adverse_event', f.adverse_event_key, f.source_system, f.patient_id, f.occurred_date, f.event_system, f.event_code, f.is_counted
  FROM {{ source('gold_phi', 'obt_adverse_event') }} f
  UNION ALL
  SELECT 'encounter', f.encounter_key, f.source_system, f.patient_id, f.start_date, f.type_system, f.type_code, f.is_counted
  FROM {{ source('gold_phi', 'obt_encounter') }} f
  UNION ALL
  SELECT 'encounter', f.encounter_key, f.source_system, f.patient_id, f.start_date, f.reason_system, f.reason_code, f.is_counted
  FROM {{ source('gold_phi', 'obt_encounter') }} f
  WHERE f.type_code IS NULL OR f.type_system IS NULL OR f.reason_code <> f.type_code OR f.reason_system <> f.type_system
)
SELECT m.value_set_id, m.value_set_name, m.value_set_version, b.entity, b.fact_key, b.source_system, b.patient_id, b.service_date, b.code_system, b.code, b.is_counted
FROM borne b
JOIN {{ ref('value_set_member') }} m ON m.code_system = b.code_system AND m.code = b.code AND m.valid_from <= b.service_date AND b.service_date < m.valid_to
