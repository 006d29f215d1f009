-- Every key of a fact resolves: to one member as of the fact's own time, and to its dates. Rows returned are violations.
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.adverse_event_key AS fact_key
FROM core.adverse_event f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.occurred_at AND f.occurred_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('occurred_date_key' AS varchar(64)), f.adverse_event_key
FROM core.adverse_event f
LEFT JOIN core.dim_date d ON d.date_key = f.occurred_date_key
WHERE f.occurred_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
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
WHERE f.actual_time_key IS NOT NULL AND t.time_key IS NULL
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.diagnosis_key AS fact_key
FROM core.diagnosis f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.diagnosed_at AND f.diagnosed_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('diagnosis_code_key' AS varchar(64)) AS reference, f.diagnosis_key AS fact_key
FROM core.diagnosis f
LEFT JOIN core.dim_diagnosis_code_history h ON h.diagnosis_code_key = f.diagnosis_code_key
  AND h.valid_from <= f.diagnosed_at AND f.diagnosed_at < h.valid_to
WHERE h.diagnosis_code_key IS NULL
UNION ALL
SELECT CAST('diagnosed_date_key' AS varchar(64)), f.diagnosis_key
FROM core.diagnosis f
LEFT JOIN core.dim_date d ON d.date_key = f.diagnosed_date_key
WHERE f.diagnosed_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.diagnostic_report_key AS fact_key
FROM core.diagnostic_report f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.reported_at AND f.reported_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('observation_code_key' AS varchar(64)) AS reference, f.diagnostic_report_key AS fact_key
FROM core.diagnostic_report f
LEFT JOIN core.dim_observation_code_history h ON h.observation_code_key = f.observation_code_key
  AND h.valid_from <= f.reported_at AND f.reported_at < h.valid_to
WHERE h.observation_code_key IS NULL
UNION ALL
SELECT CAST('reported_date_key' AS varchar(64)), f.diagnostic_report_key
FROM core.diagnostic_report f
LEFT JOIN core.dim_date d ON d.date_key = f.reported_date_key
WHERE f.reported_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.diagnostic_report_result_key AS fact_key
FROM core.diagnostic_report_result f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.reported_at AND f.reported_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('reported_date_key' AS varchar(64)), f.diagnostic_report_result_key
FROM core.diagnostic_report_result f
LEFT JOIN core.dim_date d ON d.date_key = f.reported_date_key
WHERE f.reported_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.encounter_key AS fact_key
FROM core.encounter f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.start_at AND f.start_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('provider_key' AS varchar(64)) AS reference, f.encounter_key AS fact_key
FROM core.encounter f
LEFT JOIN core.dim_provider_history h ON h.provider_key = f.provider_key
  AND h.valid_from <= f.start_at AND f.start_at < h.valid_to
WHERE h.provider_key IS NULL
UNION ALL
SELECT CAST('organization_key' AS varchar(64)) AS reference, f.encounter_key AS fact_key
FROM core.encounter f
LEFT JOIN core.dim_organization_history h ON h.organization_key = f.organization_key
  AND h.valid_from <= f.start_at AND f.start_at < h.valid_to
WHERE h.organization_key IS NULL
UNION ALL
SELECT CAST('location_key' AS varchar(64)) AS reference, f.encounter_key AS fact_key
FROM core.encounter f
LEFT JOIN core.dim_location_history h ON h.location_key = f.location_key
  AND h.valid_from <= f.start_at AND f.start_at < h.valid_to
WHERE h.location_key IS NULL
UNION ALL
SELECT CAST('start_date_key' AS varchar(64)), f.encounter_key
FROM core.encounter f
LEFT JOIN core.dim_date d ON d.date_key = f.start_date_key
WHERE f.start_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('end_date_key' AS varchar(64)), f.encounter_key
FROM core.encounter f
LEFT JOIN core.dim_date d ON d.date_key = f.end_date_key
WHERE f.end_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('start_time_key' AS varchar(64)), f.encounter_key
FROM core.encounter f
LEFT JOIN core.dim_time t ON t.time_key = f.start_time_key
WHERE f.start_time_key IS NOT NULL AND t.time_key IS NULL
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.encounter_location_key AS fact_key
FROM core.encounter_location f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.start_at AND f.start_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('location_key' AS varchar(64)) AS reference, f.encounter_location_key AS fact_key
FROM core.encounter_location f
LEFT JOIN core.dim_location_history h ON h.location_key = f.location_key
  AND h.valid_from <= f.start_at AND f.start_at < h.valid_to
WHERE h.location_key IS NULL
UNION ALL
SELECT CAST('start_date_key' AS varchar(64)), f.encounter_location_key
FROM core.encounter_location f
LEFT JOIN core.dim_date d ON d.date_key = f.start_date_key
WHERE f.start_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.medication_order_key AS fact_key
FROM core.medication_order f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.ordered_at AND f.ordered_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('provider_key' AS varchar(64)) AS reference, f.medication_order_key AS fact_key
FROM core.medication_order f
LEFT JOIN core.dim_provider_history h ON h.provider_key = f.provider_key
  AND h.valid_from <= f.ordered_at AND f.ordered_at < h.valid_to
WHERE h.provider_key IS NULL
UNION ALL
SELECT CAST('medication_key' AS varchar(64)) AS reference, f.medication_order_key AS fact_key
FROM core.medication_order f
LEFT JOIN core.dim_medication_history h ON h.medication_key = f.medication_key
  AND h.valid_from <= f.ordered_at AND f.ordered_at < h.valid_to
WHERE h.medication_key IS NULL
UNION ALL
SELECT CAST('source_medication_key' AS varchar(64)) AS reference, f.medication_order_key AS fact_key
FROM core.medication_order f
LEFT JOIN core.dim_source_medication_history h ON h.source_medication_key = f.source_medication_key
  AND h.valid_from <= f.ordered_at AND f.ordered_at < h.valid_to
WHERE h.source_medication_key IS NULL
UNION ALL
SELECT CAST('ordered_date_key' AS varchar(64)), f.medication_order_key
FROM core.medication_order f
LEFT JOIN core.dim_date d ON d.date_key = f.ordered_date_key
WHERE f.ordered_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.observation_key AS fact_key
FROM core.observation f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.observed_at AND f.observed_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('observation_code_key' AS varchar(64)) AS reference, f.observation_key AS fact_key
FROM core.observation f
LEFT JOIN core.dim_observation_code_history h ON h.observation_code_key = f.observation_code_key
  AND h.valid_from <= f.observed_at AND f.observed_at < h.valid_to
WHERE h.observation_code_key IS NULL
UNION ALL
SELECT CAST('measurement_unit_key' AS varchar(64)) AS reference, f.observation_key AS fact_key
FROM core.observation f
LEFT JOIN core.dim_measurement_unit_history h ON h.measurement_unit_key = f.measurement_unit_key
  AND h.valid_from <= f.observed_at AND f.observed_at < h.valid_to
WHERE h.measurement_unit_key IS NULL
UNION ALL
SELECT CAST('observed_date_key' AS varchar(64)), f.observation_key
FROM core.observation f
LEFT JOIN core.dim_date d ON d.date_key = f.observed_date_key
WHERE f.observed_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.prescription_fill_key AS fact_key
FROM core.prescription_fill f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.filled_at AND f.filled_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('medication_key' AS varchar(64)) AS reference, f.prescription_fill_key AS fact_key
FROM core.prescription_fill f
LEFT JOIN core.dim_medication_history h ON h.medication_key = f.medication_key
  AND h.valid_from <= f.filled_at AND f.filled_at < h.valid_to
WHERE h.medication_key IS NULL
UNION ALL
SELECT CAST('source_medication_key' AS varchar(64)) AS reference, f.prescription_fill_key AS fact_key
FROM core.prescription_fill f
LEFT JOIN core.dim_source_medication_history h ON h.source_medication_key = f.source_medication_key
  AND h.valid_from <= f.filled_at AND f.filled_at < h.valid_to
WHERE h.source_medication_key IS NULL
UNION ALL
SELECT CAST('filled_date_key' AS varchar(64)), f.prescription_fill_key
FROM core.prescription_fill f
LEFT JOIN core.dim_date d ON d.date_key = f.filled_date_key
WHERE f.filled_date_key IS NOT NULL AND d.date_key IS NULL
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS reference, f.procedure_key AS fact_key
FROM core.procedure f
LEFT JOIN core.dim_patient_history h ON h.patient_key = f.patient_key
  AND h.valid_from <= f.performed_at AND f.performed_at < h.valid_to
WHERE h.patient_key IS NULL
UNION ALL
SELECT CAST('provider_key' AS varchar(64)) AS reference, f.procedure_key AS fact_key
FROM core.procedure f
LEFT JOIN core.dim_provider_history h ON h.provider_key = f.provider_key
  AND h.valid_from <= f.performed_at AND f.performed_at < h.valid_to
WHERE h.provider_key IS NULL
UNION ALL
SELECT CAST('location_key' AS varchar(64)) AS reference, f.procedure_key AS fact_key
FROM core.procedure f
LEFT JOIN core.dim_location_history h ON h.location_key = f.location_key
  AND h.valid_from <= f.performed_at AND f.performed_at < h.valid_to
WHERE h.location_key IS NULL
UNION ALL
SELECT CAST('procedure_code_key' AS varchar(64)) AS reference, f.procedure_key AS fact_key
FROM core.procedure f
LEFT JOIN core.dim_procedure_code_history h ON h.procedure_code_key = f.procedure_code_key
  AND h.valid_from <= f.performed_at AND f.performed_at < h.valid_to
WHERE h.procedure_code_key IS NULL
UNION ALL
SELECT CAST('performed_date_key' AS varchar(64)), f.procedure_key
FROM core.procedure f
LEFT JOIN core.dim_date d ON d.date_key = f.performed_date_key
WHERE f.performed_date_key IS NOT NULL AND d.date_key IS NULL;
