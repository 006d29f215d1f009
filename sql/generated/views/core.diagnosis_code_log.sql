-- Every distinct event about a diagnosis_code once, tombstones included.
CREATE VIEW core.diagnosis_code_log AS
SELECT diagnosis_code_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, code_system, code, display, reference_version, reference_from, chapter, category,
    is_billable, dq_flags, load_id
FROM core.dim_diagnosis_code_history WHERE event_id IS NOT NULL
UNION ALL
SELECT diagnosis_code_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, code_system,
  code, display, reference_version, reference_from, chapter, category, is_billable, dq_flags, load_id
FROM core.diagnosis_code_superseded;
