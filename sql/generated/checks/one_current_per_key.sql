-- Each key of a dimension has exactly one current row. Rows returned are violations.
SELECT CAST('clinic' AS varchar(64)) AS entity, h.clinic_key AS member_key FROM core.dim_clinic_history h
GROUP BY h.clinic_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('patient' AS varchar(64)) AS entity, h.patient_key AS member_key FROM core.dim_patient_history h
GROUP BY h.patient_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
UNION ALL
SELECT CAST('provider' AS varchar(64)) AS entity, h.provider_key AS member_key FROM core.dim_provider_history h
GROUP BY h.provider_key HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1;
