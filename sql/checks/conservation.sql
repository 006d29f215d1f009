-- Nothing lost, nothing counted twice: read = applied + superseded + duplicate + withdrawn, and none of them is negative; ledger, objects and counts of
-- a load agree. Rows returned are violations: the entity, or the load.
SELECT c.entity AS found FROM ops.conservation c
WHERE c.read <> c.applied + c.superseded + c.duplicate + c.withdrawn OR c.applied < 0 OR c.superseded < 0 OR c.duplicate < 0
UNION ALL
SELECT l.load_id FROM ops.load_ledger l
LEFT JOIN (SELECT o.load_id, count(*) AS objects, sum(o.row_count) AS read FROM ops.loaded_object o GROUP BY o.load_id) o ON o.load_id = l.load_id
LEFT JOIN (SELECT load_id FROM ops.reread GROUP BY load_id) r ON r.load_id = l.load_id
WHERE (o.load_id IS NULL AND r.load_id IS NULL) OR o.objects <> l.object_count OR o.read <> l.row_count
UNION ALL
SELECT l.load_id FROM ops.load_ledger l
LEFT JOIN (SELECT n.load_id, max(n.recorded_to) AS recorded_to FROM ops.load_count n GROUP BY n.load_id) n ON n.load_id = l.load_id
WHERE coalesce(l.recorded_to <> n.recorded_to, NOT (l.recorded_to IS NULL AND n.recorded_to IS NULL))
UNION ALL
SELECT l.load_id FROM ops.load_ledger l LEFT JOIN ops.key_fingerprint k ON k.fingerprint = l.key_fingerprint WHERE k.fingerprint IS NULL
UNION ALL
SELECT o.load_id FROM ops.loaded_object o LEFT JOIN ops.load_ledger l ON l.load_id = o.load_id
WHERE l.load_id IS NULL AND o.load_id <> 'withdrawn' GROUP BY o.load_id
UNION ALL
SELECT o.entity FROM (
  SELECT load_id, entity, sum(row_count) AS listed FROM ops.loaded_object
  WHERE load_id <> 'withdrawn' GROUP BY load_id, entity
) o
LEFT JOIN (SELECT load_id, entity, max(rows_read) AS counted FROM ops.load_count GROUP BY load_id, entity) c
  ON c.load_id = o.load_id AND c.entity = o.entity
WHERE c.entity IS NULL OR c.counted <> o.listed
UNION ALL
SELECT c.entity FROM ops.load_count c JOIN ops.load_ledger l ON l.load_id = c.load_id
LEFT JOIN ops.loaded_object o ON o.load_id = c.load_id AND o.entity = c.entity
WHERE o.load_id IS NULL AND c.load_id NOT IN (SELECT load_id FROM ops.reread) GROUP BY c.entity;
