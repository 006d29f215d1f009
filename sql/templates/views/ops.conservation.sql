-- read = applied + superseded + duplicate, per entity, over every finished load. An event is identified by key, event_id, payload_hash
-- and both times; applied are the winners: one per key and instant for dimensions, one per key for facts (a tombstone that removes its
-- fact included).
CREATE VIEW ops.conservation AS
SELECT o.entity, o.row_count AS read, s.applied, s.events - s.applied AS superseded, o.row_count - s.events AS duplicate
FROM (
  SELECT entity, CAST(sum(row_count) AS bigint) AS row_count FROM ops.loaded_object GROUP BY entity
) o JOIN (
-- each dimension, UNION ALL
  SELECT CAST('{entity}' AS varchar(64)) AS entity, l.events, w.applied
  FROM (SELECT count(*) AS events FROM core.{entity}_log) l
  CROSS JOIN (
    SELECT count(*) AS applied FROM (SELECT {key}, effective_at FROM core.{entity}_log GROUP BY {key}, effective_at) d
  ) w
-- end
-- each fact
  UNION ALL
  SELECT CAST('{entity}' AS varchar(64)), f.facts + l.events, f.facts + t.removed
  FROM (SELECT count(*) AS facts FROM core.{entity}) f
  CROSS JOIN (SELECT count(*) AS events FROM core.{entity}_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.{key} FROM core.{entity}_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.{entity} f WHERE f.{key} = p.{key})
      GROUP BY p.{key}
    ) d
  ) t
-- end
) s ON s.entity = o.entity;
