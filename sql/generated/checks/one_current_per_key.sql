-- Each key of a dimension has exactly one current row. Rows returned are violations.
SELECT CAST('capacity' AS varchar(64)) AS entity, h.capacity_key AS member_key FROM core.dim_capacity_history h
GROUP BY h.capacity_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('clinic' AS varchar(64)) AS entity, h.clinic_key AS member_key FROM core.dim_clinic_history h
GROUP BY h.clinic_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('diagnosis_code' AS varchar(64)) AS entity, h.diagnosis_code_key AS member_key FROM core.dim_diagnosis_code_history h
GROUP BY h.diagnosis_code_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('location' AS varchar(64)) AS entity, h.location_key AS member_key FROM core.dim_location_history h
GROUP BY h.location_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('measurement_unit' AS varchar(64)) AS entity, h.measurement_unit_key AS member_key FROM core.dim_measurement_unit_history h
GROUP BY h.measurement_unit_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('medication' AS varchar(64)) AS entity, h.medication_key AS member_key FROM core.dim_medication_history h
GROUP BY h.medication_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('observation_code' AS varchar(64)) AS entity, h.observation_code_key AS member_key FROM core.dim_observation_code_history h
GROUP BY h.observation_code_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('organization' AS varchar(64)) AS entity, h.organization_key AS member_key FROM core.dim_organization_history h
GROUP BY h.organization_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('patient' AS varchar(64)) AS entity, h.patient_key AS member_key FROM core.dim_patient_history h
GROUP BY h.patient_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('patient_link' AS varchar(64)) AS entity, h.patient_link_key AS member_key FROM core.dim_patient_link_history h
GROUP BY h.patient_link_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('procedure_code' AS varchar(64)) AS entity, h.procedure_code_key AS member_key FROM core.dim_procedure_code_history h
GROUP BY h.procedure_code_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('provider' AS varchar(64)) AS entity, h.provider_key AS member_key FROM core.dim_provider_history h
GROUP BY h.provider_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('provider_link' AS varchar(64)) AS entity, h.provider_link_key AS member_key FROM core.dim_provider_link_history h
GROUP BY h.provider_link_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('provider_role' AS varchar(64)) AS entity, h.provider_role_key AS member_key FROM core.dim_provider_role_history h
GROUP BY h.provider_role_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('source_medication' AS varchar(64)) AS entity, h.source_medication_key AS member_key FROM core.dim_source_medication_history h
GROUP BY h.source_medication_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('value_set_member' AS varchar(64)) AS entity, h.value_set_member_key AS member_key FROM core.dim_value_set_member_history h
GROUP BY h.value_set_member_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1;
