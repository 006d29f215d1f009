-- Every distinct event about a location once, tombstones included.
CREATE VIEW core.location_log AS
SELECT location_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, location_id, location_name, location_type_code, identifier_system, identifier_value,
    organization_id, part_of_location_id, address_line, city, state, zip5, latitude, longitude, timezone,
    identifier_alias_key, dq_flags, load_id
FROM core.dim_location_history WHERE event_id IS NOT NULL
UNION ALL
SELECT location_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, location_id, location_name,
  location_type_code, identifier_system, identifier_value, organization_id, part_of_location_id, address_line, city, state, zip5,
  latitude, longitude, timezone, identifier_alias_key, dq_flags, load_id
FROM core.location_superseded;
