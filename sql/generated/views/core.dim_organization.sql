-- Rows in effect at the watermark: exactly one per key, so that joining a fact to them never changes its row count. A version that begins
-- later is in the history already.
CREATE VIEW core.dim_organization AS
SELECT organization_key, source_system, organization_id, organization_name, organization_type_code, npi, identifier_system,
  identifier_value, part_of_organization_id, address_line, city, state, zip5, latitude, longitude, npi_alias_key,
  identifier_alias_key, valid_from, is_inferred, is_deleted, recorded_at,
  CASE WHEN is_tied THEN coalesce(dq_flags || ' ', '') || 'DQ-TIE-01' ELSE dq_flags END AS dq_flags, load_id
FROM core.dim_organization_history
WHERE valid_from <= (SELECT w.recorded_to FROM ops.watermark w) AND valid_to > (SELECT w.recorded_to FROM ops.watermark w);
