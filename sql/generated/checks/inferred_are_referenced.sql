-- An inferred member is named by a fact of some kind and described by no event. Rows returned are violations.
SELECT CAST('clinic' AS varchar(64)) AS entity, h.clinic_key AS member_key FROM core.dim_clinic_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.clinic_log l WHERE l.clinic_key = h.clinic_key)
UNION ALL
SELECT CAST('clinic' AS varchar(64)), h.clinic_key FROM core.dim_clinic_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.appointment f WHERE f.clinic_key = h.clinic_key)
UNION ALL
SELECT CAST('patient' AS varchar(64)) AS entity, h.patient_key AS member_key FROM core.dim_patient_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.patient_log l WHERE l.patient_key = h.patient_key)
UNION ALL
SELECT CAST('patient' AS varchar(64)), h.patient_key FROM core.dim_patient_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.appointment f WHERE f.patient_key = h.patient_key)
UNION ALL
SELECT CAST('provider' AS varchar(64)) AS entity, h.provider_key AS member_key FROM core.dim_provider_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.provider_log l WHERE l.provider_key = h.provider_key)
UNION ALL
SELECT CAST('provider' AS varchar(64)), h.provider_key FROM core.dim_provider_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.appointment f WHERE f.provider_key = h.provider_key);
