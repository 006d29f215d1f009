-- Every distinct event about a medication once, tombstones included.
CREATE VIEW core.medication_log AS
SELECT medication_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, code_system, code, display, reference_version, reference_from, ingredient,
    therapeutic_class, dq_flags, load_id
FROM core.dim_medication_history WHERE event_id IS NOT NULL
UNION ALL
SELECT medication_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, code_system,
  code, display, reference_version, reference_from, ingredient, therapeutic_class, dq_flags, load_id
FROM core.medication_superseded;
