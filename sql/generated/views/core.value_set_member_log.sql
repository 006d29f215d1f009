-- Every distinct event about a value_set_member once, tombstones included.
CREATE VIEW core.value_set_member_log AS
SELECT value_set_member_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, value_set_id, value_set_version, code_system, code, value_set_name, display,
    version_from, version_to, dq_flags, load_id
FROM core.dim_value_set_member_history WHERE event_id IS NOT NULL
UNION ALL
SELECT value_set_member_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, value_set_id,
  value_set_version, code_system, code, value_set_name, display, version_from, version_to, dq_flags, load_id
FROM core.value_set_member_superseded;
