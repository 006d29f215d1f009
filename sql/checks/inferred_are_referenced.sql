-- An inferred member is named by a fact and described by no statement. Rows returned are violations.
SELECT 'patient' AS entity, h.patient_key AS member_key FROM core.dim_patient_history h
WHERE h.is_inferred AND (NOT EXISTS (SELECT 1 FROM core.fact_appointment f WHERE f.patient_key = h.patient_key) OR EXISTS (SELECT 1 FROM core.patient_log l WHERE l.patient_key = h.patient_key))
UNION ALL
SELECT 'clinic', h.clinic_key FROM core.dim_clinic_history h
WHERE h.is_inferred AND (NOT EXISTS (SELECT 1 FROM core.fact_appointment f WHERE f.clinic_key = h.clinic_key) OR EXISTS (SELECT 1 FROM core.clinic_log l WHERE l.clinic_key = h.clinic_key))
UNION ALL
SELECT 'provider', h.provider_key FROM core.dim_provider_history h
WHERE h.is_inferred AND (NOT EXISTS (SELECT 1 FROM core.fact_appointment f WHERE f.provider_key = h.provider_key) OR EXISTS (SELECT 1 FROM core.provider_log l WHERE l.provider_key = h.provider_key));
