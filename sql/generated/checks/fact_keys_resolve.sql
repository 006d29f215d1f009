-- Every key of a fact resolves: to one member as of the fact's own time, and to its dates. Rows returned are violations.
SELECT 'patient_key' AS reference, f.appointment_key AS fact_key
FROM core.appointment f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT 'clinic_key' AS reference, f.appointment_key AS fact_key
FROM core.appointment f
LEFT JOIN core.dim_clinic_history h ON h.clinic_key = f.clinic_key
  AND h.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < h.valid_to
WHERE h.clinic_key IS NULL
UNION ALL
SELECT 'provider_key' AS reference, f.appointment_key AS fact_key
FROM core.appointment f
LEFT JOIN core.dim_provider_history h ON h.provider_key = f.provider_key
  AND h.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < h.valid_to
WHERE h.provider_key IS NULL
UNION ALL
SELECT 'scheduled_date_key', f.appointment_key
FROM core.appointment f
LEFT JOIN core.dim_date d ON d.date_key = f.scheduled_date_key
WHERE f.scheduled_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT 'created_date_key', f.appointment_key
FROM core.appointment f
LEFT JOIN core.dim_date d ON d.date_key = f.created_date_key
WHERE f.created_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT 'actual_date_key', f.appointment_key
FROM core.appointment f
LEFT JOIN core.dim_date d ON d.date_key = f.actual_date_key
WHERE f.actual_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT 'scheduled_time_key', f.appointment_key
FROM core.appointment f
LEFT JOIN core.dim_time t ON t.time_key = f.scheduled_time_key
WHERE f.scheduled_time_key IS NOT NULL AND t.time_key IS NULL
UNION ALL
SELECT 'actual_time_key', f.appointment_key
FROM core.appointment f
LEFT JOIN core.dim_time t ON t.time_key = f.actual_time_key
WHERE f.actual_time_key IS NOT NULL AND t.time_key IS NULL;
