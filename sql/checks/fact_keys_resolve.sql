-- Every key of a fact resolves: to one member as of its scheduled start, to its dates, its time and its status. Rows returned are violations.
SELECT 'clinic' AS reference, f.appointment_key
FROM core.fact_appointment f
LEFT JOIN core.dim_clinic_history h ON h.clinic_key = f.clinic_key AND h.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < h.valid_to
WHERE h.clinic_key IS NULL
UNION ALL
SELECT 'provider' AS reference, f.appointment_key
FROM core.fact_appointment f
LEFT JOIN core.dim_provider_history h ON h.provider_key = f.provider_key AND h.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < h.valid_to
WHERE h.provider_key IS NULL
UNION ALL
SELECT 'patient' AS reference, f.appointment_key
FROM core.fact_appointment f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key AND h.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT 'scheduled_date_key', f.appointment_key
FROM core.fact_appointment f
LEFT JOIN core.dim_date d ON d.date_key = f.scheduled_date_key
WHERE f.scheduled_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT 'actual_date_key', f.appointment_key
FROM core.fact_appointment f
LEFT JOIN core.dim_date d ON d.date_key = f.actual_date_key
WHERE f.actual_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT 'created_date_key', f.appointment_key
FROM core.fact_appointment f
LEFT JOIN core.dim_date d ON d.date_key = f.created_date_key
WHERE f.created_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT 'scheduled_time_key', f.appointment_key
FROM core.fact_appointment f
LEFT JOIN core.dim_time d ON d.time_key = f.scheduled_time_key
WHERE f.scheduled_time_key IS NOT NULL AND d.time_key IS NULL
UNION ALL
SELECT 'actual_time_key', f.appointment_key
FROM core.fact_appointment f
LEFT JOIN core.dim_time d ON d.time_key = f.actual_time_key
WHERE f.actual_time_key IS NOT NULL AND d.time_key IS NULL
UNION ALL
SELECT 'status_code', f.appointment_key
FROM core.fact_appointment f
LEFT JOIN core.dim_appointment_status d ON d.status_code = f.status_code
WHERE f.status_code IS NOT NULL AND d.status_code IS NULL;
