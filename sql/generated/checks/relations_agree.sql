-- What a fact says of others is so: whoever holds the identifier that it names is its member, the facts that it calls known are there, and its
-- parent lists it. Rows returned are violations.
SELECT CAST('patient_key' AS varchar(64)) AS finding, f.adverse_event_key AS fact_key
FROM core.adverse_event f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key)
UNION ALL
SELECT CAST('encounter_is_known' AS varchar(64)) AS finding, f.adverse_event_key AS fact_key
FROM core.adverse_event f LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key
WHERE f.encounter_is_known <> CASE WHEN k.encounter_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('encounter_is_known' AS varchar(64)) AS finding, f.appointment_key AS fact_key
FROM core.appointment f LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key
WHERE f.encounter_is_known <> CASE WHEN k.encounter_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS finding, f.diagnosis_key AS fact_key
FROM core.diagnosis f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key)
UNION ALL
SELECT CAST('encounter_is_known' AS varchar(64)) AS finding, f.diagnosis_key AS fact_key
FROM core.diagnosis f LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key
WHERE f.encounter_is_known <> CASE WHEN k.encounter_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS finding, f.diagnostic_report_key AS fact_key
FROM core.diagnostic_report f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key)
UNION ALL
SELECT CAST('encounter_is_known' AS varchar(64)) AS finding, f.diagnostic_report_key AS fact_key
FROM core.diagnostic_report f LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key
WHERE f.encounter_is_known <> CASE WHEN k.encounter_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS finding, f.diagnostic_report_result_key AS fact_key
FROM core.diagnostic_report_result f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key)
UNION ALL
SELECT CAST('diagnostic_report_is_known' AS varchar(64)) AS finding, f.diagnostic_report_result_key AS fact_key
FROM core.diagnostic_report_result f LEFT JOIN core.diagnostic_report k ON k.diagnostic_report_key = f.diagnostic_report_key
WHERE f.diagnostic_report_is_known <> CASE WHEN k.diagnostic_report_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('observation_is_known' AS varchar(64)) AS finding, f.diagnostic_report_result_key AS fact_key
FROM core.diagnostic_report_result f LEFT JOIN core.observation k ON k.observation_key = f.observation_key
WHERE f.observation_is_known <> CASE WHEN k.observation_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('diagnostic_report_result: is_listed' AS varchar(64)), f.diagnostic_report_result_key
FROM core.diagnostic_report_result f
LEFT JOIN core.diagnostic_report k ON k.diagnostic_report_key = f.diagnostic_report_key AND f.position <= k.result_count
WHERE f.is_listed <> CASE WHEN k.diagnostic_report_key IS NULL AND f.diagnostic_report_key <> '00000000000000000000000000000000' THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS finding, f.encounter_key AS fact_key
FROM core.encounter f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key)
UNION ALL
SELECT CAST('provider_key' AS varchar(64)) AS finding, f.encounter_key AS fact_key
FROM core.encounter f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.provider_identifier v GROUP BY v.named_key
) i ON i.named_key = f.provider_named_key
WHERE f.provider_key <> coalesce(i.member_key, f.provider_named_key)
UNION ALL
SELECT CAST('organization_key' AS varchar(64)) AS finding, f.encounter_key AS fact_key
FROM core.encounter f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.organization_identifier v GROUP BY v.named_key
) i ON i.named_key = f.organization_named_key
WHERE f.organization_key <> coalesce(i.member_key, f.organization_named_key)
UNION ALL
SELECT CAST('location_key' AS varchar(64)) AS finding, f.encounter_key AS fact_key
FROM core.encounter f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.location_identifier v GROUP BY v.named_key
) i ON i.named_key = f.location_named_key
WHERE f.location_key <> coalesce(i.member_key, f.location_named_key)
UNION ALL
SELECT CAST('appointment_is_known' AS varchar(64)) AS finding, f.encounter_key AS fact_key
FROM core.encounter f LEFT JOIN core.appointment k ON k.appointment_key = f.appointment_key
WHERE f.appointment_is_known <> CASE WHEN k.appointment_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS finding, f.encounter_location_key AS fact_key
FROM core.encounter_location f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key)
UNION ALL
SELECT CAST('location_key' AS varchar(64)) AS finding, f.encounter_location_key AS fact_key
FROM core.encounter_location f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.location_identifier v GROUP BY v.named_key
) i ON i.named_key = f.location_named_key
WHERE f.location_key <> coalesce(i.member_key, f.location_named_key)
UNION ALL
SELECT CAST('encounter_is_known' AS varchar(64)) AS finding, f.encounter_location_key AS fact_key
FROM core.encounter_location f LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key
WHERE f.encounter_is_known <> CASE WHEN k.encounter_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('encounter_location: is_listed' AS varchar(64)), f.encounter_location_key
FROM core.encounter_location f
LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key AND f.position <= k.location_count
WHERE f.is_listed <> CASE WHEN k.encounter_key IS NULL AND f.encounter_key <> '00000000000000000000000000000000' THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS finding, f.medication_order_key AS fact_key
FROM core.medication_order f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key)
UNION ALL
SELECT CAST('provider_key' AS varchar(64)) AS finding, f.medication_order_key AS fact_key
FROM core.medication_order f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.provider_identifier v GROUP BY v.named_key
) i ON i.named_key = f.provider_named_key
WHERE f.provider_key <> coalesce(i.member_key, f.provider_named_key)
UNION ALL
SELECT CAST('encounter_is_known' AS varchar(64)) AS finding, f.medication_order_key AS fact_key
FROM core.medication_order f LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key
WHERE f.encounter_is_known <> CASE WHEN k.encounter_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('reason_diagnosis_is_known' AS varchar(64)) AS finding, f.medication_order_key AS fact_key
FROM core.medication_order f LEFT JOIN core.diagnosis k ON k.diagnosis_key = f.reason_diagnosis_key
WHERE f.reason_diagnosis_is_known <> CASE WHEN k.diagnosis_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS finding, f.observation_key AS fact_key
FROM core.observation f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key)
UNION ALL
SELECT CAST('encounter_is_known' AS varchar(64)) AS finding, f.observation_key AS fact_key
FROM core.observation f LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key
WHERE f.encounter_is_known <> CASE WHEN k.encounter_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('parent_observation_is_known' AS varchar(64)) AS finding, f.observation_key AS fact_key
FROM core.observation f LEFT JOIN core.observation k ON k.observation_key = f.parent_observation_key
WHERE f.parent_observation_is_known <> CASE WHEN k.observation_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('observation: is_listed' AS varchar(64)), f.observation_key
FROM core.observation f
LEFT JOIN core.observation k ON k.observation_key = f.parent_observation_key AND f.component_number <= k.component_count
WHERE f.is_listed <> CASE WHEN k.observation_key IS NULL AND f.parent_observation_key <> '00000000000000000000000000000000' THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS finding, f.prescription_fill_key AS fact_key
FROM core.prescription_fill f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key)
UNION ALL
SELECT CAST('encounter_is_known' AS varchar(64)) AS finding, f.prescription_fill_key AS fact_key
FROM core.prescription_fill f LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key
WHERE f.encounter_is_known <> CASE WHEN k.encounter_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('medication_order_is_known' AS varchar(64)) AS finding, f.prescription_fill_key AS fact_key
FROM core.prescription_fill f LEFT JOIN core.medication_order k ON k.medication_order_key = f.medication_order_key
WHERE f.medication_order_is_known <> CASE WHEN k.medication_order_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('patient_key' AS varchar(64)) AS finding, f.procedure_key AS fact_key
FROM core.procedure f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key)
UNION ALL
SELECT CAST('provider_key' AS varchar(64)) AS finding, f.procedure_key AS fact_key
FROM core.procedure f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.provider_identifier v GROUP BY v.named_key
) i ON i.named_key = f.provider_named_key
WHERE f.provider_key <> coalesce(i.member_key, f.provider_named_key)
UNION ALL
SELECT CAST('location_key' AS varchar(64)) AS finding, f.procedure_key AS fact_key
FROM core.procedure f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.location_identifier v GROUP BY v.named_key
) i ON i.named_key = f.location_named_key
WHERE f.location_key <> coalesce(i.member_key, f.location_named_key)
UNION ALL
SELECT CAST('encounter_is_known' AS varchar(64)) AS finding, f.procedure_key AS fact_key
FROM core.procedure f LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key
WHERE f.encounter_is_known <> CASE WHEN k.encounter_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('reason_diagnosis_is_known' AS varchar(64)) AS finding, f.procedure_key AS fact_key
FROM core.procedure f LEFT JOIN core.diagnosis k ON k.diagnosis_key = f.reason_diagnosis_key
WHERE f.reason_diagnosis_is_known <> CASE WHEN k.diagnosis_key IS NULL THEN 0 ELSE 1 END
UNION ALL
SELECT CAST('' AS varchar(64)), CAST('' AS varchar(64)) WHERE 1 = 0;
