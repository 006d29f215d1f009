-- Nothing lost, nothing counted twice: read = applied + superseded + duplicate, and none of them is negative. Rows returned are violations.
SELECT c.entity FROM ops.conservation c
WHERE c.read <> c.applied + c.superseded + c.duplicate OR c.applied < 0 OR c.superseded < 0 OR c.duplicate < 0
UNION ALL
SELECT l.load_id FROM ops.load_ledger l
JOIN (SELECT o.load_id, count(*) AS objects, sum(o.row_count) AS read FROM ops.loaded_object o GROUP BY o.load_id) o ON o.load_id = l.load_id
WHERE o.objects <> l.object_count OR o.read <> l.row_count;
