-- Every distinct event about a organization once, tombstones included.
CREATE VIEW core.organization_log AS
SELECT organization_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, organization_id, organization_name, organization_type_code, npi, identifier_system,
    identifier_value, part_of_organization_id, address_line, city, state, zip5, latitude, longitude, npi_alias_key,
    identifier_alias_key, dq_flags, load_id
FROM core.dim_organization_history WHERE event_id IS NOT NULL
UNION ALL
SELECT organization_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, organization_id, organization_name,
  organization_type_code, npi, identifier_system, identifier_value, part_of_organization_id, address_line, city, state, zip5,
  latitude, longitude, npi_alias_key, identifier_alias_key, dq_flags, load_id
FROM core.organization_superseded;
