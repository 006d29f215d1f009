-- Rows in effect at the watermark: exactly one per key, so that joining a fact to them never changes its row count. A version that begins
-- later is in the history already.
CREATE VIEW core.dim_provider_role AS
SELECT provider_role_key, source_system, provider_role_id, provider_id, provider_identifier, organization_id,
  organization_identifier, location_id, location_identifier, role_system, role_code, role_display, specialty_system, specialty_code,
  specialty_display, is_active, starts_on, ends_on, provider_key, organization_key,
  location_key, valid_from, is_inferred, is_deleted, recorded_at,
  CASE WHEN is_tied THEN coalesce(dq_flags || ' ', '') || 'DQ-TIE-01' ELSE dq_flags END AS dq_flags, load_id
FROM core.dim_provider_role_history
WHERE valid_from <= (SELECT w.recorded_to FROM ops.watermark w) AND valid_to > (SELECT w.recorded_to FROM ops.watermark w);
