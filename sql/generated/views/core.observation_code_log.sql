-- Every distinct event about a observation_code once, tombstones included.
CREATE VIEW core.observation_code_log AS
SELECT observation_code_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, code_system, code, display, reference_version, reference_from, category, canonical_unit,
    quantity_kind, canonical_factor, canonical_offset, other_kind, other_factor, dq_flags, load_id
FROM core.dim_observation_code_history WHERE event_id IS NOT NULL
UNION ALL
SELECT observation_code_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, code_system,
  code, display, reference_version, reference_from, category, canonical_unit, quantity_kind, canonical_factor, canonical_offset,
  other_kind, other_factor, dq_flags, load_id
FROM core.observation_code_superseded;
