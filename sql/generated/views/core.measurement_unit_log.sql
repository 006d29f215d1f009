-- Every distinct event about a measurement_unit once, tombstones included.
CREATE VIEW core.measurement_unit_log AS
SELECT measurement_unit_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, unit_code, ucum_code, quantity_kind, base_factor, base_offset, reference_version,
    reference_from, dq_flags, load_id
FROM core.dim_measurement_unit_history WHERE event_id IS NOT NULL
UNION ALL
SELECT measurement_unit_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, unit_code, ucum_code,
  quantity_kind, base_factor, base_offset, reference_version, reference_from, dq_flags, load_id
FROM core.measurement_unit_superseded;
