-- Every distinct event about a procedure_code once, tombstones included.
CREATE VIEW core.procedure_code_log AS
SELECT procedure_code_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, code_system, code, display, reference_version, reference_from,
    category, dq_flags, load_id
FROM core.dim_procedure_code_history WHERE event_id IS NOT NULL
UNION ALL
SELECT procedure_code_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, code_system,
  code, display, reference_version, reference_from, category, dq_flags, load_id
FROM core.procedure_code_superseded;
