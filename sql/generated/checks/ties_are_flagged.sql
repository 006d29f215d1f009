-- Flagged is what a state or a hash had to decide: another event about the same thing has the same times and source order and says something
-- else. Rows returned are violations.
SELECT CAST('capacity' AS varchar(64)) AS entity, h.capacity_key AS row_key
FROM core.dim_capacity_history h
LEFT JOIN (
  SELECT v.capacity_key, v.valid_from FROM core.dim_capacity_history v
  JOIN core.capacity_superseded p ON p.capacity_key = v.capacity_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.capacity_key, v.valid_from
) t ON t.capacity_key = h.capacity_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.capacity_key IS NOT NULL)
UNION ALL
SELECT CAST('clinic' AS varchar(64)) AS entity, h.clinic_key AS row_key
FROM core.dim_clinic_history h
LEFT JOIN (
  SELECT v.clinic_key, v.valid_from FROM core.dim_clinic_history v
  JOIN core.clinic_superseded p ON p.clinic_key = v.clinic_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.clinic_key, v.valid_from
) t ON t.clinic_key = h.clinic_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.clinic_key IS NOT NULL)
UNION ALL
SELECT CAST('diagnosis_code' AS varchar(64)) AS entity, h.diagnosis_code_key AS row_key
FROM core.dim_diagnosis_code_history h
LEFT JOIN (
  SELECT v.diagnosis_code_key, v.valid_from FROM core.dim_diagnosis_code_history v
  JOIN core.diagnosis_code_superseded p ON p.diagnosis_code_key = v.diagnosis_code_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.diagnosis_code_key, v.valid_from
) t ON t.diagnosis_code_key = h.diagnosis_code_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.diagnosis_code_key IS NOT NULL)
UNION ALL
SELECT CAST('location' AS varchar(64)) AS entity, h.location_key AS row_key
FROM core.dim_location_history h
LEFT JOIN (
  SELECT v.location_key, v.valid_from FROM core.dim_location_history v
  JOIN core.location_superseded p ON p.location_key = v.location_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.location_key, v.valid_from
) t ON t.location_key = h.location_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.location_key IS NOT NULL)
UNION ALL
SELECT CAST('measurement_unit' AS varchar(64)) AS entity, h.measurement_unit_key AS row_key
FROM core.dim_measurement_unit_history h
LEFT JOIN (
  SELECT v.measurement_unit_key, v.valid_from FROM core.dim_measurement_unit_history v
  JOIN core.measurement_unit_superseded p ON p.measurement_unit_key = v.measurement_unit_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.measurement_unit_key, v.valid_from
) t ON t.measurement_unit_key = h.measurement_unit_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.measurement_unit_key IS NOT NULL)
UNION ALL
SELECT CAST('medication' AS varchar(64)) AS entity, h.medication_key AS row_key
FROM core.dim_medication_history h
LEFT JOIN (
  SELECT v.medication_key, v.valid_from FROM core.dim_medication_history v
  JOIN core.medication_superseded p ON p.medication_key = v.medication_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.medication_key, v.valid_from
) t ON t.medication_key = h.medication_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.medication_key IS NOT NULL)
UNION ALL
SELECT CAST('observation_code' AS varchar(64)) AS entity, h.observation_code_key AS row_key
FROM core.dim_observation_code_history h
LEFT JOIN (
  SELECT v.observation_code_key, v.valid_from FROM core.dim_observation_code_history v
  JOIN core.observation_code_superseded p ON p.observation_code_key = v.observation_code_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.observation_code_key, v.valid_from
) t ON t.observation_code_key = h.observation_code_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.observation_code_key IS NOT NULL)
UNION ALL
SELECT CAST('organization' AS varchar(64)) AS entity, h.organization_key AS row_key
FROM core.dim_organization_history h
LEFT JOIN (
  SELECT v.organization_key, v.valid_from FROM core.dim_organization_history v
  JOIN core.organization_superseded p ON p.organization_key = v.organization_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.organization_key, v.valid_from
) t ON t.organization_key = h.organization_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.organization_key IS NOT NULL)
UNION ALL
SELECT CAST('patient' AS varchar(64)) AS entity, h.patient_key AS row_key
FROM core.dim_patient_history h
LEFT JOIN (
  SELECT v.patient_key, v.valid_from FROM core.dim_patient_history v
  JOIN core.patient_superseded p ON p.patient_key = v.patient_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.patient_key, v.valid_from
) t ON t.patient_key = h.patient_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.patient_key IS NOT NULL)
UNION ALL
SELECT CAST('patient_link' AS varchar(64)) AS entity, h.patient_link_key AS row_key
FROM core.dim_patient_link_history h
LEFT JOIN (
  SELECT v.patient_link_key, v.valid_from FROM core.dim_patient_link_history v
  JOIN core.patient_link_superseded p ON p.patient_link_key = v.patient_link_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.patient_link_key, v.valid_from
) t ON t.patient_link_key = h.patient_link_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.patient_link_key IS NOT NULL)
UNION ALL
SELECT CAST('procedure_code' AS varchar(64)) AS entity, h.procedure_code_key AS row_key
FROM core.dim_procedure_code_history h
LEFT JOIN (
  SELECT v.procedure_code_key, v.valid_from FROM core.dim_procedure_code_history v
  JOIN core.procedure_code_superseded p ON p.procedure_code_key = v.procedure_code_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.procedure_code_key, v.valid_from
) t ON t.procedure_code_key = h.procedure_code_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.procedure_code_key IS NOT NULL)
UNION ALL
SELECT CAST('provider' AS varchar(64)) AS entity, h.provider_key AS row_key
FROM core.dim_provider_history h
LEFT JOIN (
  SELECT v.provider_key, v.valid_from FROM core.dim_provider_history v
  JOIN core.provider_superseded p ON p.provider_key = v.provider_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.provider_key, v.valid_from
) t ON t.provider_key = h.provider_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.provider_key IS NOT NULL)
UNION ALL
SELECT CAST('provider_link' AS varchar(64)) AS entity, h.provider_link_key AS row_key
FROM core.dim_provider_link_history h
LEFT JOIN (
  SELECT v.provider_link_key, v.valid_from FROM core.dim_provider_link_history v
  JOIN core.provider_link_superseded p ON p.provider_link_key = v.provider_link_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.provider_link_key, v.valid_from
) t ON t.provider_link_key = h.provider_link_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.provider_link_key IS NOT NULL)
UNION ALL
SELECT CAST('provider_role' AS varchar(64)) AS entity, h.provider_role_key AS row_key
FROM core.dim_provider_role_history h
LEFT JOIN (
  SELECT v.provider_role_key, v.valid_from FROM core.dim_provider_role_history v
  JOIN core.provider_role_superseded p ON p.provider_role_key = v.provider_role_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.provider_role_key, v.valid_from
) t ON t.provider_role_key = h.provider_role_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.provider_role_key IS NOT NULL)
UNION ALL
SELECT CAST('source_medication' AS varchar(64)) AS entity, h.source_medication_key AS row_key
FROM core.dim_source_medication_history h
LEFT JOIN (
  SELECT v.source_medication_key, v.valid_from FROM core.dim_source_medication_history v
  JOIN core.source_medication_superseded p ON p.source_medication_key = v.source_medication_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.source_medication_key, v.valid_from
) t ON t.source_medication_key = h.source_medication_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.source_medication_key IS NOT NULL)
UNION ALL
SELECT CAST('value_set_member' AS varchar(64)) AS entity, h.value_set_member_key AS row_key
FROM core.dim_value_set_member_history h
LEFT JOIN (
  SELECT v.value_set_member_key, v.valid_from FROM core.dim_value_set_member_history v
  JOIN core.value_set_member_superseded p ON p.value_set_member_key = v.value_set_member_key AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.value_set_member_key, v.valid_from
) t ON t.value_set_member_key = h.value_set_member_key AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.value_set_member_key IS NOT NULL)
UNION ALL
SELECT CAST('adverse_event' AS varchar(64)), f.adverse_event_key
FROM core.adverse_event f
LEFT JOIN (
  SELECT g.adverse_event_key FROM core.adverse_event g
  JOIN core.adverse_event_superseded p ON p.adverse_event_key = g.adverse_event_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.adverse_event_key
) t ON t.adverse_event_key = f.adverse_event_key
WHERE f.is_tied <> (t.adverse_event_key IS NOT NULL)
UNION ALL
SELECT CAST('appointment' AS varchar(64)), f.appointment_key
FROM core.appointment f
LEFT JOIN (
  SELECT g.appointment_key FROM core.appointment g
  JOIN core.appointment_superseded p ON p.appointment_key = g.appointment_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.appointment_key
) t ON t.appointment_key = f.appointment_key
WHERE f.is_tied <> (t.appointment_key IS NOT NULL)
UNION ALL
SELECT CAST('diagnosis' AS varchar(64)), f.diagnosis_key
FROM core.diagnosis f
LEFT JOIN (
  SELECT g.diagnosis_key FROM core.diagnosis g
  JOIN core.diagnosis_superseded p ON p.diagnosis_key = g.diagnosis_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.diagnosis_key
) t ON t.diagnosis_key = f.diagnosis_key
WHERE f.is_tied <> (t.diagnosis_key IS NOT NULL)
UNION ALL
SELECT CAST('diagnostic_report' AS varchar(64)), f.diagnostic_report_key
FROM core.diagnostic_report f
LEFT JOIN (
  SELECT g.diagnostic_report_key FROM core.diagnostic_report g
  JOIN core.diagnostic_report_superseded p ON p.diagnostic_report_key = g.diagnostic_report_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.diagnostic_report_key
) t ON t.diagnostic_report_key = f.diagnostic_report_key
WHERE f.is_tied <> (t.diagnostic_report_key IS NOT NULL)
UNION ALL
SELECT CAST('diagnostic_report_result' AS varchar(64)), f.diagnostic_report_result_key
FROM core.diagnostic_report_result f
LEFT JOIN (
  SELECT g.diagnostic_report_result_key FROM core.diagnostic_report_result g
  JOIN core.diagnostic_report_result_superseded p ON p.diagnostic_report_result_key = g.diagnostic_report_result_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.diagnostic_report_result_key
) t ON t.diagnostic_report_result_key = f.diagnostic_report_result_key
WHERE f.is_tied <> (t.diagnostic_report_result_key IS NOT NULL)
UNION ALL
SELECT CAST('encounter' AS varchar(64)), f.encounter_key
FROM core.encounter f
LEFT JOIN (
  SELECT g.encounter_key FROM core.encounter g
  JOIN core.encounter_superseded p ON p.encounter_key = g.encounter_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.encounter_key
) t ON t.encounter_key = f.encounter_key
WHERE f.is_tied <> (t.encounter_key IS NOT NULL)
UNION ALL
SELECT CAST('encounter_location' AS varchar(64)), f.encounter_location_key
FROM core.encounter_location f
LEFT JOIN (
  SELECT g.encounter_location_key FROM core.encounter_location g
  JOIN core.encounter_location_superseded p ON p.encounter_location_key = g.encounter_location_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.encounter_location_key
) t ON t.encounter_location_key = f.encounter_location_key
WHERE f.is_tied <> (t.encounter_location_key IS NOT NULL)
UNION ALL
SELECT CAST('medication_order' AS varchar(64)), f.medication_order_key
FROM core.medication_order f
LEFT JOIN (
  SELECT g.medication_order_key FROM core.medication_order g
  JOIN core.medication_order_superseded p ON p.medication_order_key = g.medication_order_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.medication_order_key
) t ON t.medication_order_key = f.medication_order_key
WHERE f.is_tied <> (t.medication_order_key IS NOT NULL)
UNION ALL
SELECT CAST('observation' AS varchar(64)), f.observation_key
FROM core.observation f
LEFT JOIN (
  SELECT g.observation_key FROM core.observation g
  JOIN core.observation_superseded p ON p.observation_key = g.observation_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.observation_key
) t ON t.observation_key = f.observation_key
WHERE f.is_tied <> (t.observation_key IS NOT NULL)
UNION ALL
SELECT CAST('prescription_fill' AS varchar(64)), f.prescription_fill_key
FROM core.prescription_fill f
LEFT JOIN (
  SELECT g.prescription_fill_key FROM core.prescription_fill g
  JOIN core.prescription_fill_superseded p ON p.prescription_fill_key = g.prescription_fill_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.prescription_fill_key
) t ON t.prescription_fill_key = f.prescription_fill_key
WHERE f.is_tied <> (t.prescription_fill_key IS NOT NULL)
UNION ALL
SELECT CAST('procedure' AS varchar(64)), f.procedure_key
FROM core.procedure f
LEFT JOIN (
  SELECT g.procedure_key FROM core.procedure g
  JOIN core.procedure_superseded p ON p.procedure_key = g.procedure_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.procedure_key
) t ON t.procedure_key = f.procedure_key
WHERE f.is_tied <> (t.procedure_key IS NOT NULL);
