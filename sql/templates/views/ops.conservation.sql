-- read = applied + superseded + duplicate + withdrawn, per entity, over every finished load; each is counted by itself, so that the sum can fail.
-- An event is identified by key, event_id, payload_hash and both times. Applied are the winners: one per key and instant for dimensions,
-- one per key for facts (a tombstone that removes its fact included); superseded are the others in the log. Duplicates are what the
-- loads counted as repeats; what a load that was given up had added is read again, and is none. Until it is, they may be below zero.
-- A load that reads keys again replaces what was counted about them. Withdrawn are the rows of the objects that are marked so.
CREATE VIEW ops.conservation AS
SELECT o.entity, o.row_count AS read, s.applied, s.superseded,
  coalesce(c.repeated, 0) - coalesce(c.given_up, 0) + coalesce(r.moved, 0) AS duplicate, o.withdrawn
FROM (
  SELECT entity, CAST(sum(row_count) AS bigint) AS row_count,
    CAST(sum(CASE WHEN is_withdrawn THEN row_count ELSE 0 END) AS bigint) AS withdrawn
  FROM ops.loaded_object GROUP BY entity
) o LEFT JOIN (
  SELECT n.entity, CAST(sum(CASE WHEN l.load_id IS NOT NULL THEN n.repeated ELSE 0 END) AS bigint) AS repeated,
    CAST(sum(CASE WHEN l.load_id IS NULL THEN n.added ELSE 0 END) AS bigint) AS given_up
  FROM (
    SELECT load_id, entity, max(events_added) AS added, max(events_repeated) AS repeated FROM ops.load_count
    WHERE load_id NOT IN (SELECT load_id FROM ops.reread) GROUP BY load_id, entity
  ) n
  LEFT JOIN ops.load_ledger l ON l.load_id = n.load_id
  GROUP BY n.entity
) c ON c.entity = o.entity
LEFT JOIN (
  SELECT m.entity, CAST(sum(m.moved) AS bigint) AS moved
  FROM (
    SELECT n.entity, n.events_repeated AS moved FROM ops.load_count n WHERE n.load_id IN (SELECT load_id FROM ops.reread)
    UNION ALL
    SELECT b.entity, b.events_before - b.rows_before FROM ops.reread b
  ) m
  GROUP BY m.entity
) r ON r.entity = o.entity
JOIN (
-- each dimension, UNION ALL
  SELECT CAST('{entity}' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT {key}, effective_at, count(*) AS events FROM core.{entity}_log GROUP BY {key}, effective_at) d
-- end
-- each fact
  UNION ALL
  SELECT CAST('{entity}' AS varchar(64)), f.facts + t.removed, l.events - t.removed
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
