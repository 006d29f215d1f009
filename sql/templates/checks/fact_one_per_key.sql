-- One fact per key, and it is the winner of its log; a tombstone that wins leaves no fact. Rows returned are violations.
-- each fact, UNION ALL
SELECT CAST('{entity}' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.{key} AS fact_key
FROM core.{entity} f GROUP BY f.{key} HAVING count(*) > 1
UNION ALL
SELECT CAST('{entity}' AS varchar(64)), CAST('beaten' AS varchar(64)), b.{key}
FROM (
  SELECT f.{key}, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.{key}, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      {rank_f} AS state_rank
    FROM core.{entity} f
  ) f
  JOIN (
    SELECT p.{key}, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      {rank_p} AS state_rank
    FROM core.{entity}_superseded p
  ) p ON p.{key} = f.{key}
) b
WHERE b.is_beaten
-- end
;
