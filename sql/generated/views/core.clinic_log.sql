-- Every distinct event about a clinic once, tombstones included.
CREATE VIEW core.clinic_log AS
SELECT clinic_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, clinic_id, clinic_name, city, state, timezone, organization_id, address_line, zip5,
    latitude, longitude, dq_flags, load_id
FROM core.dim_clinic_history WHERE event_id IS NOT NULL
UNION ALL
SELECT clinic_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, clinic_id, clinic_name, city,
  state, timezone, organization_id, address_line, zip5, latitude, longitude, dq_flags, load_id
FROM core.clinic_superseded;
