-- One fact per key, and it is the winner of its log; a tombstone that wins leaves no fact. Rows returned are violations.
-- each fact, UNION ALL
SELECT CAST('{entity}' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.{key} AS fact_key
FROM core.{entity} f GROUP BY f.{key} HAVING count(*) > 1
UNION ALL
SELECT CAST('{entity}' AS varchar(64)), CAST('beaten' AS varchar(64)), f.{key}
FROM core.{entity} f JOIN core.{entity}_superseded p ON p.{key} = f.{key}
WHERE p.recorded_at > f.recorded_at
  OR (p.recorded_at = f.recorded_at AND (p.event_id > f.event_id OR (p.event_id = f.event_id AND p.payload_hash > f.payload_hash)))
-- end
;
