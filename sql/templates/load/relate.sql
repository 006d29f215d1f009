-- {Entity}: whether the facts that it belongs to are there. After all facts of a load, since either may come first; written only where it
-- differs, so that it holds whatever an earlier load has left.
-- each relation
UPDATE core.{entity} SET {relation.known} = 1
FROM core.{relation.entity} k
WHERE k.{relation.key} = {entity}.{relation} AND {entity}.{relation.known} = 0;
UPDATE core.{entity} SET {relation.known} = 0
WHERE {relation.known} = 1 AND {relation} NOT IN (SELECT k.{relation.key} FROM core.{relation.entity} k);
-- end
-- each part
-- A part stands while its parent lists as many.
UPDATE core.{entity} SET {part} = 1
FROM core.{part.entity} k
WHERE k.{part.key} = {entity}.{part.column} AND {entity}.{part.position} <= k.{part.count} AND {entity}.{part} = 0;
UPDATE core.{entity} SET {part} = 0
WHERE {part} = 1 AND {entity}_key IN (
  SELECT f.{entity}_key FROM core.{entity} f
  LEFT JOIN core.{part.entity} k ON k.{part.key} = f.{part.column} AND f.{part.position} <= k.{part.count}
  WHERE f.{part} = 1 AND f.{part.column} <> '{part.none}' AND k.{part.key} IS NULL
);
-- end
