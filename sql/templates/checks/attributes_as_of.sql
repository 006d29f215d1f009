-- What a fact says of its members is what their history says as of the fact's own time. Rows returned are violations.
-- each fact, UNION ALL
SELECT CAST('{entity}' AS varchar(64)) AS entity, x.{key} AS fact_key
FROM (
  SELECT f.{key},
    CAST({attribute.value} AS {attribute.type}) AS {attribute}_now, f.{attribute},
    f.load_id
  FROM core.{entity} f
-- each reference
  LEFT JOIN core.dim_{reference.entity}_history {reference.role} ON {reference.role}.{reference.key} = f.{reference}
    AND {reference.role}.valid_from <= f.{asOf} AND f.{asOf} < {reference.role}.valid_to
-- end
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.{attribute}_now = x.{attribute}, x.{attribute}_now IS NULL AND x.{attribute} IS NULL)
)
-- end
;
