-- Two neighbouring versions of a key differ in what they say. Rows returned are violations.
-- each dimension, UNION ALL
SELECT CAST('{entity}' AS varchar(64)) AS entity, n.{key} AS member_key, n.valid_from
FROM core.dim_{entity}_history n
JOIN core.dim_{entity}_history p ON p.{key} = n.{key} AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.{natural} = p.{natural}, n.{natural} IS NULL AND p.{natural} IS NULL)
  AND coalesce(n.{attribute} = p.{attribute}, n.{attribute} IS NULL AND p.{attribute} IS NULL)
-- end
;
