-- Rows in effect at the watermark: exactly one per key, so that joining a fact to them never changes its row count. A version that begins
-- later is in the history already.
CREATE VIEW core.dim_source_medication AS
SELECT source_medication_key, source_system, medication_id, medication_system, medication_code, medication_display, status_code,
  form_code, form_display, ingredient_code, ingredient_display, ingredient_count,
  medication_key, valid_from, is_inferred, is_deleted, recorded_at,
  CASE WHEN is_tied THEN coalesce(dq_flags || ' ', '') || 'DQ-TIE-01' ELSE dq_flags END AS dq_flags, load_id
FROM core.dim_source_medication_history
WHERE valid_from <= (SELECT w.recorded_to FROM ops.watermark w) AND valid_to > (SELECT w.recorded_to FROM ops.watermark w);
