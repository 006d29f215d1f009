-- One row per provider as an enterprise knows them: of all members that are one person, what the one says whose version is latest in effect.
CREATE VIEW core.enterprise_provider AS
SELECT v.enterprise_provider_key, v.members, v.provider_key AS latest_provider_key, v.provider_id, v.npi, v.full_name, v.specialty,
  v.identifier_system, v.identifier_value, v.entity_type_code, v.gender_code, v.credential, v.taxonomy_code, v.organization_id,
  v.city, v.state, v.zip5, v.is_active, v.enumerated_on, v.deactivated_on, v.reactivated_on, v.npi_alias_key,
  v.identifier_alias_key, v.identifier_assigned_key, v.is_inferred, v.is_deleted
FROM (
  SELECT d.enterprise_provider_key, d.provider_key, d.provider_id, d.npi, d.full_name, d.specialty, d.identifier_system,
    d.identifier_value, d.entity_type_code, d.gender_code, d.credential, d.taxonomy_code, d.organization_id, d.city, d.state,
    d.zip5, d.is_active, d.enumerated_on, d.deactivated_on, d.reactivated_on, d.npi_alias_key, d.identifier_alias_key,
    d.identifier_assigned_key, d.is_inferred, d.is_deleted,
    count(*) OVER (PARTITION BY d.enterprise_provider_key) AS members,
    ROW_NUMBER() OVER (PARTITION BY d.enterprise_provider_key
      ORDER BY CASE WHEN d.is_inferred THEN 1 WHEN d.is_deleted THEN 1 ELSE 0 END, d.valid_from DESC, d.recorded_at DESC, d.provider_key) AS place
  FROM core.dim_provider d
  WHERE d.provider_key <> '00000000000000000000000000000000'
) v
WHERE v.place = 1;
