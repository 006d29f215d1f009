-- Rows in effect at the watermark: exactly one per key, so that joining a fact to them never changes its row count. A version that begins
-- later is in the history already.
CREATE VIEW core.dim_provider AS
SELECT provider_key, source_system, provider_id, npi, full_name, specialty, identifier_system, identifier_value, entity_type_code,
  gender_code, credential, taxonomy_code, organization_id, city, state, zip5, is_active, enumerated_on, deactivated_on,
  reactivated_on, npi_alias_key, identifier_alias_key, valid_from, is_inferred, is_deleted, recorded_at,
  CASE WHEN is_tied THEN coalesce(dq_flags || ' ', '') || 'DQ-TIE-01' ELSE dq_flags END AS dq_flags, load_id
FROM core.dim_provider_history
WHERE valid_from <= (SELECT w.recorded_to FROM ops.watermark w) AND valid_to > (SELECT w.recorded_to FROM ops.watermark w);
