-- Every distinct event about a patient_link once, tombstones included.
CREATE VIEW core.patient_link_log AS
SELECT patient_link_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, patient_link_id, source_system_1, patient_id_1, source_system_2, patient_id_2, position,
    patient_1_key, patient_2_key, dq_flags, load_id
FROM core.dim_patient_link_history WHERE event_id IS NOT NULL
UNION ALL
SELECT patient_link_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, patient_link_id, source_system_1,
  patient_id_1, source_system_2, patient_id_2, position, patient_1_key, patient_2_key, dq_flags, load_id
FROM core.patient_link_superseded;
