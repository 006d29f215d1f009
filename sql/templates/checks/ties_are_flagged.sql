-- Flagged is what a state or a hash had to decide: another event about the same thing has the same times and source order and says something
-- else. Rows returned are violations.
-- each dimension, UNION ALL
SELECT CAST('{entity}' AS varchar(64)) AS entity, h.{key} AS row_key
FROM core.dim_{entity}_history h
LEFT JOIN (
  SELECT v.{key}, v.valid_from FROM core.dim_{entity}_history v
  JOIN core.{entity}_superseded p ON p.{key} = v.{key} AND p.effective_at = v.effective_at AND p.recorded_at = v.recorded_at
    AND p.source_order = v.source_order AND p.payload_hash <> v.payload_hash
  GROUP BY v.{key}, v.valid_from
) t ON t.{key} = h.{key} AND t.valid_from = h.valid_from
WHERE h.event_id IS NOT NULL AND h.is_tied <> (t.{key} IS NOT NULL)
-- end
-- each fact
UNION ALL
SELECT CAST('{entity}' AS varchar(64)), f.{key}
FROM core.{entity} f
LEFT JOIN (
  SELECT g.{key} FROM core.{entity} g
  JOIN core.{entity}_superseded p ON p.{key} = g.{key} AND p.effective_at = g.effective_at AND p.recorded_at = g.recorded_at
    AND p.source_order = g.source_order AND p.payload_hash <> g.payload_hash
  GROUP BY g.{key}
) t ON t.{key} = f.{key}
WHERE f.is_tied <> (t.{key} IS NOT NULL)
-- end
;
