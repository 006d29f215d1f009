-- What a fact says of others is so: whoever holds the identifier that it names is its member, the facts that it calls known are there, and its
-- parent lists it. Rows returned are violations.
-- each fact
-- each identified
SELECT CAST('{identified}' AS varchar(64)) AS finding, f.{key} AS fact_key
FROM core.{entity} f LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.{identified.entity}_identifier v GROUP BY v.named_key
) i ON i.named_key = f.{identified.named}
WHERE f.{identified} <> coalesce(i.member_key, f.{identified.named})
UNION ALL
-- end
-- each relation
SELECT CAST('{relation.known}' AS varchar(64)) AS finding, f.{key} AS fact_key
FROM core.{entity} f LEFT JOIN core.{relation.entity} k ON k.{relation.key} = f.{relation}
WHERE f.{relation.known} <> CASE WHEN k.{relation.key} IS NULL THEN 0 ELSE 1 END
UNION ALL
-- end
-- each part
SELECT CAST('{entity}: {part}' AS varchar(64)), f.{key}
FROM core.{entity} f
LEFT JOIN core.{part.entity} k ON k.{part.key} = f.{part.column} AND f.{part.position} <= k.{part.count}
WHERE f.{part} <> CASE WHEN k.{part.key} IS NULL AND f.{part.column} <> '{part.none}' THEN 0 ELSE 1 END
UNION ALL
-- end
-- end
SELECT CAST('' AS varchar(64)), CAST('' AS varchar(64)) WHERE 1 = 0;
