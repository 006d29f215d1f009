-- Rows in effect at the watermark: exactly one per key, so that joining a fact to them never changes its row count. A version that begins
-- later is in the history already.
CREATE VIEW core.dim_location AS
SELECT location_key, source_system, location_id, location_name, location_type_code, identifier_system, identifier_value,
  organization_id, part_of_location_id, address_line, city, state, zip5, latitude, longitude, timezone,
  identifier_alias_key, valid_from, is_inferred, is_deleted, recorded_at,
  CASE WHEN is_tied THEN coalesce(dq_flags || ' ', '') || 'DQ-TIE-01' ELSE dq_flags END AS dq_flags, load_id
FROM core.dim_location_history
WHERE valid_from <= (SELECT w.recorded_to FROM ops.watermark w) AND valid_to > (SELECT w.recorded_to FROM ops.watermark w);
