-- An inferred member is named by a fact of some kind and described by no event. Rows returned are violations.
-- each dimension, UNION ALL
SELECT CAST('{entity}' AS varchar(64)) AS entity, h.{key} AS member_key FROM core.dim_{entity}_history h
WHERE h.is_inferred AND EXISTS (SELECT 1 FROM core.{entity}_log l WHERE l.{key} = h.{key})
UNION ALL
SELECT CAST('{entity}' AS varchar(64)), h.{key} FROM core.dim_{entity}_history h
WHERE h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM core.{keeper.fact} f WHERE f.{keeper} = h.{key})
-- end
;
