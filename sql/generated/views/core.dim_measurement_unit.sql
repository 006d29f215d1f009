-- Rows in effect at the watermark: exactly one per key, so that joining a fact to them never changes its row count. A version that begins
-- later is in the history already.
CREATE VIEW core.dim_measurement_unit AS
SELECT measurement_unit_key, source_system, unit_code, ucum_code, quantity_kind, base_factor, base_offset, reference_version,
  reference_from, valid_from, is_inferred, is_deleted, recorded_at,
  CASE WHEN is_tied THEN coalesce(dq_flags || ' ', '') || 'DQ-TIE-01' ELSE dq_flags END AS dq_flags, load_id
FROM core.dim_measurement_unit_history
WHERE valid_from <= (SELECT w.recorded_to FROM ops.watermark w) AND valid_to > (SELECT w.recorded_to FROM ops.watermark w);
