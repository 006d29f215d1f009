-- Every distinct event about a provider once, tombstones included.
CREATE VIEW core.provider_log AS
SELECT provider_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, provider_id, npi, full_name, specialty, identifier_system, identifier_value,
    entity_type_code, gender_code, credential, taxonomy_code, organization_id, city, state, zip5, is_active, enumerated_on,
    deactivated_on, reactivated_on, npi_alias_key, identifier_alias_key, identifier_assigned_key, dq_flags, load_id
FROM core.dim_provider_history WHERE event_id IS NOT NULL
UNION ALL
SELECT provider_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, provider_id, npi,
  full_name, specialty, identifier_system, identifier_value, entity_type_code, gender_code, credential, taxonomy_code,
  organization_id, city, state, zip5, is_active, enumerated_on, deactivated_on, reactivated_on, npi_alias_key, identifier_alias_key,
  identifier_assigned_key, dq_flags, load_id
FROM core.provider_superseded;
