-- Every key of a fact resolves: to one member as of the fact's own time, and to its dates. Rows returned are violations.
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.appointment_key AS fact_key
FROM core.appointment f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('clinic_key' AS varchar(64)) AS reference, f.appointment_key AS fact_key
FROM core.appointment f
LEFT JOIN core.dim_clinic_history h ON h.clinic_key = f.clinic_key
  AND h.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < h.valid_to
WHERE h.clinic_key IS NULL
UNION ALL
SELECT CAST('provider_key' AS varchar(64)) AS reference, f.appointment_key AS fact_key
FROM core.appointment f
LEFT JOIN core.dim_provider_history h ON h.provider_key = f.provider_key
  AND h.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < h.valid_to
WHERE h.provider_key IS NULL
UNION ALL
SELECT CAST('scheduled_date_key' AS varchar(64)), f.appointment_key
FROM core.appointment f
LEFT JOIN core.dim_date d ON d.date_key = f.scheduled_date_key
WHERE f.scheduled_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('created_date_key' AS varchar(64)), f.appointment_key
FROM core.appointment f
LEFT JOIN core.dim_date d ON d.date_key = f.created_date_key
WHERE f.created_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('actual_date_key' AS varchar(64)), f.appointment_key
FROM core.appointment f
LEFT JOIN core.dim_date d ON d.date_key = f.actual_date_key
WHERE f.actual_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('scheduled_time_key' AS varchar(64)), f.appointment_key
FROM core.appointment f
LEFT JOIN core.dim_time t ON t.time_key = f.scheduled_time_key
WHERE f.scheduled_time_key IS NOT NULL AND t.time_key IS NULL
UNION ALL
SELECT CAST('actual_time_key' AS varchar(64)), f.appointment_key
FROM core.appointment f
LEFT JOIN core.dim_time t ON t.time_key = f.actual_time_key
WHERE f.actual_time_key IS NOT NULL AND t.time_key IS NULL;
