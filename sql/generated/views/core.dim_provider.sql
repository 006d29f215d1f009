-- Rows in effect at the watermark: exactly one per key, so that joining a fact to them never changes its row count. A version that begins
-- later is in the history already. A provider without a row in
-- provider_identity stands for itself.
CREATE VIEW core.dim_provider AS
SELECT p.provider_key, coalesce(i.enterprise_provider_key, p.provider_key) AS enterprise_provider_key, p.source_system,
  p.provider_id, p.npi, p.full_name, p.specialty, p.identifier_system, p.identifier_value, p.entity_type_code, p.gender_code,
    p.credential, p.taxonomy_code, p.organization_id, p.city, p.state, p.zip5, p.is_active, p.enumerated_on, p.deactivated_on,
    p.reactivated_on, p.npi_alias_key, p.identifier_alias_key,
    p.identifier_assigned_key, p.valid_from, p.is_inferred, p.is_deleted, p.recorded_at,
  CASE WHEN p.is_tied THEN coalesce(p.dq_flags || ' ', '') || 'DQ-TIE-01' ELSE p.dq_flags END AS dq_flags, p.load_id
FROM core.dim_provider_history p LEFT JOIN core.provider_identity i ON i.provider_key = p.provider_key
WHERE p.valid_from <= (SELECT w.recorded_to FROM ops.watermark w) AND p.valid_to > (SELECT w.recorded_to FROM ops.watermark w);
