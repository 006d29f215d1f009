-- Every distinct event about a capacity once, tombstones included.
CREATE VIEW core.capacity_log AS
SELECT capacity_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, location_id, staffed_bed_count, room_count, opening_hours, dq_flags, load_id
FROM core.dim_capacity_history WHERE event_id IS NOT NULL
UNION ALL
SELECT capacity_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, location_id, staffed_bed_count,
  room_count, opening_hours, dq_flags, load_id
FROM core.capacity_superseded;
