-- Every distinct event about a provider_role once, tombstones included.
CREATE VIEW core.provider_role_log AS
SELECT provider_role_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, provider_role_id, provider_id, provider_identifier, organization_id,
    organization_identifier, location_id, location_identifier, role_system, role_code, role_display, specialty_system,
    specialty_code, specialty_display, is_active, starts_on, ends_on, provider_key, organization_key,
    location_key, dq_flags, load_id
FROM core.dim_provider_role_history WHERE event_id IS NOT NULL
UNION ALL
SELECT provider_role_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, provider_role_id, provider_id,
  provider_identifier, organization_id, organization_identifier, location_id, location_identifier, role_system, role_code,
  role_display, specialty_system, specialty_code, specialty_display, is_active, starts_on, ends_on, provider_key, organization_key,
  location_key, dq_flags, load_id
FROM core.provider_role_superseded;
