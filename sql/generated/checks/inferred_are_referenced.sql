-- An inferred member is named by a fact of some kind and described by no event. Rows returned are violations.
SELECT CAST('capacity' AS varchar(64)) AS entity, h.capacity_key AS member_key FROM core.dim_capacity_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.capacity_log l WHERE l.capacity_key = h.capacity_key)
UNION ALL
SELECT CAST('capacity' AS varchar(64)), h.capacity_key FROM core.dim_capacity_history h
WHERE h.is_inferred
UNION ALL
SELECT CAST('clinic' AS varchar(64)) AS entity, h.clinic_key AS member_key FROM core.dim_clinic_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.clinic_log l WHERE l.clinic_key = h.clinic_key)
UNION ALL
SELECT CAST('clinic' AS varchar(64)), h.clinic_key FROM core.dim_clinic_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.appointment f WHERE f.clinic_key = h.clinic_key)
UNION ALL
SELECT CAST('diagnosis_code' AS varchar(64)) AS entity, h.diagnosis_code_key AS member_key FROM core.dim_diagnosis_code_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.diagnosis_code_log l WHERE l.diagnosis_code_key = h.diagnosis_code_key)
UNION ALL
SELECT CAST('diagnosis_code' AS varchar(64)), h.diagnosis_code_key FROM core.dim_diagnosis_code_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.diagnosis f WHERE f.diagnosis_code_key = h.diagnosis_code_key)
UNION ALL
SELECT CAST('location' AS varchar(64)) AS entity, h.location_key AS member_key FROM core.dim_location_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.location_log l WHERE l.location_key = h.location_key)
UNION ALL
SELECT CAST('location' AS varchar(64)), h.location_key FROM core.dim_location_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.encounter f WHERE f.location_key = h.location_key)
  AND NOT EXISTS (SELECT 1 FROM core.encounter_location f WHERE f.location_key = h.location_key)
  AND NOT EXISTS (SELECT 1 FROM core.procedure f WHERE f.location_key = h.location_key)
UNION ALL
SELECT CAST('measurement_unit' AS varchar(64)) AS entity, h.measurement_unit_key AS member_key FROM core.dim_measurement_unit_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.measurement_unit_log l WHERE l.measurement_unit_key = h.measurement_unit_key)
UNION ALL
SELECT CAST('measurement_unit' AS varchar(64)), h.measurement_unit_key FROM core.dim_measurement_unit_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.observation f WHERE f.measurement_unit_key = h.measurement_unit_key)
UNION ALL
SELECT CAST('medication' AS varchar(64)) AS entity, h.medication_key AS member_key FROM core.dim_medication_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.medication_log l WHERE l.medication_key = h.medication_key)
UNION ALL
SELECT CAST('medication' AS varchar(64)), h.medication_key FROM core.dim_medication_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.medication_order f WHERE f.medication_key = h.medication_key)
  AND NOT EXISTS (SELECT 1 FROM core.prescription_fill f WHERE f.medication_key = h.medication_key)
UNION ALL
SELECT CAST('observation_code' AS varchar(64)) AS entity, h.observation_code_key AS member_key FROM core.dim_observation_code_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.observation_code_log l WHERE l.observation_code_key = h.observation_code_key)
UNION ALL
SELECT CAST('observation_code' AS varchar(64)), h.observation_code_key FROM core.dim_observation_code_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.diagnostic_report f WHERE f.observation_code_key = h.observation_code_key)
  AND NOT EXISTS (SELECT 1 FROM core.observation f WHERE f.observation_code_key = h.observation_code_key)
UNION ALL
SELECT CAST('organization' AS varchar(64)) AS entity, h.organization_key AS member_key FROM core.dim_organization_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.organization_log l WHERE l.organization_key = h.organization_key)
UNION ALL
SELECT CAST('organization' AS varchar(64)), h.organization_key FROM core.dim_organization_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.encounter f WHERE f.organization_key = h.organization_key)
UNION ALL
SELECT CAST('patient' AS varchar(64)) AS entity, h.patient_key AS member_key FROM core.dim_patient_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.patient_log l WHERE l.patient_key = h.patient_key)
UNION ALL
SELECT CAST('patient' AS varchar(64)), h.patient_key FROM core.dim_patient_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.adverse_event f WHERE f.patient_key = h.patient_key)
  AND NOT EXISTS (SELECT 1 FROM core.appointment f WHERE f.patient_key = h.patient_key)
  AND NOT EXISTS (SELECT 1 FROM core.diagnosis f WHERE f.patient_key = h.patient_key)
  AND NOT EXISTS (SELECT 1 FROM core.diagnostic_report f WHERE f.patient_key = h.patient_key)
  AND NOT EXISTS (SELECT 1 FROM core.diagnostic_report_result f WHERE f.patient_key = h.patient_key)
  AND NOT EXISTS (SELECT 1 FROM core.encounter f WHERE f.patient_key = h.patient_key)
  AND NOT EXISTS (SELECT 1 FROM core.encounter_location f WHERE f.patient_key = h.patient_key)
  AND NOT EXISTS (SELECT 1 FROM core.medication_order f WHERE f.patient_key = h.patient_key)
  AND NOT EXISTS (SELECT 1 FROM core.observation f WHERE f.patient_key = h.patient_key)
  AND NOT EXISTS (SELECT 1 FROM core.prescription_fill f WHERE f.patient_key = h.patient_key)
  AND NOT EXISTS (SELECT 1 FROM core.procedure f WHERE f.patient_key = h.patient_key)
UNION ALL
SELECT CAST('patient_link' AS varchar(64)) AS entity, h.patient_link_key AS member_key FROM core.dim_patient_link_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.patient_link_log l WHERE l.patient_link_key = h.patient_link_key)
UNION ALL
SELECT CAST('patient_link' AS varchar(64)), h.patient_link_key FROM core.dim_patient_link_history h
WHERE h.is_inferred
UNION ALL
SELECT CAST('procedure_code' AS varchar(64)) AS entity, h.procedure_code_key AS member_key FROM core.dim_procedure_code_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.procedure_code_log l WHERE l.procedure_code_key = h.procedure_code_key)
UNION ALL
SELECT CAST('procedure_code' AS varchar(64)), h.procedure_code_key FROM core.dim_procedure_code_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.procedure f WHERE f.procedure_code_key = h.procedure_code_key)
UNION ALL
SELECT CAST('provider' AS varchar(64)) AS entity, h.provider_key AS member_key FROM core.dim_provider_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.provider_log l WHERE l.provider_key = h.provider_key)
UNION ALL
SELECT CAST('provider' AS varchar(64)), h.provider_key FROM core.dim_provider_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.appointment f WHERE f.provider_key = h.provider_key)
  AND NOT EXISTS (SELECT 1 FROM core.encounter f WHERE f.provider_key = h.provider_key)
  AND NOT EXISTS (SELECT 1 FROM core.medication_order f WHERE f.provider_key = h.provider_key)
  AND NOT EXISTS (SELECT 1 FROM core.procedure f WHERE f.provider_key = h.provider_key)
UNION ALL
SELECT CAST('provider_link' AS varchar(64)) AS entity, h.provider_link_key AS member_key FROM core.dim_provider_link_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.provider_link_log l WHERE l.provider_link_key = h.provider_link_key)
UNION ALL
SELECT CAST('provider_link' AS varchar(64)), h.provider_link_key FROM core.dim_provider_link_history h
WHERE h.is_inferred
UNION ALL
SELECT CAST('provider_role' AS varchar(64)) AS entity, h.provider_role_key AS member_key FROM core.dim_provider_role_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.provider_role_log l WHERE l.provider_role_key = h.provider_role_key)
UNION ALL
SELECT CAST('provider_role' AS varchar(64)), h.provider_role_key FROM core.dim_provider_role_history h
WHERE h.is_inferred
UNION ALL
SELECT CAST('source_medication' AS varchar(64)) AS entity, h.source_medication_key AS member_key FROM core.dim_source_medication_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.source_medication_log l WHERE l.source_medication_key = h.source_medication_key)
UNION ALL
SELECT CAST('source_medication' AS varchar(64)), h.source_medication_key FROM core.dim_source_medication_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.medication_order f WHERE f.source_medication_key = h.source_medication_key)
  AND NOT EXISTS (SELECT 1 FROM core.prescription_fill f WHERE f.source_medication_key = h.source_medication_key)
UNION ALL
SELECT CAST('value_set_member' AS varchar(64)) AS entity, h.value_set_member_key AS member_key FROM core.dim_value_set_member_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.value_set_member_log l WHERE l.value_set_member_key = h.value_set_member_key)
UNION ALL
SELECT CAST('value_set_member' AS varchar(64)), h.value_set_member_key FROM core.dim_value_set_member_history h
WHERE h.is_inferred;
