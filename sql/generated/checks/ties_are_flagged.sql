-- Flagged is what a state or a hash had to decide: another event about the same thing has the same times and source order and says something
-- else. Rows returned are violations.
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
SELECT CAST('appointment' AS varchar(64)), f.appointment_key
FROM core.appointment f
LEFT JOIN (
  SELECT g.appointment_key FROM core.appointment g
  JOIN core.appointment_superseded p ON p.appointment_key = g.appointment_key AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.appointment_key
) t ON t.appointment_key = f.appointment_key
WHERE f.is_tied <> (t.appointment_key IS NOT NULL);
