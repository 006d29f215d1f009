-- Rows in effect at the watermark: exactly one per key, so that joining a fact to them never changes its row count. A version that begins
-- later is in the history already. A {entity} without a row in
-- {entity}_identity stands for itself.
CREATE VIEW core.dim_{entity} AS
SELECT p.{key}, coalesce(i.enterprise_{key}, p.{key}) AS enterprise_{key}, p.source_system,
  {p.naturals}, {p.attributes}, p.valid_from, p.is_inferred, p.is_deleted, p.recorded_at,
  CASE WHEN p.is_tied THEN coalesce(p.dq_flags || ' ', '') || 'DQ-TIE-01' ELSE p.dq_flags END AS dq_flags, p.load_id
FROM core.dim_{entity}_history p LEFT JOIN core.{entity}_identity i ON i.{key} = p.{key}
WHERE p.valid_from <= (SELECT w.recorded_to FROM ops.watermark w) AND p.valid_to > (SELECT w.recorded_to FROM ops.watermark w);
