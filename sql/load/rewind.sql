-- After keys were read again: the watermark is not beyond what standing objects know. Parameter: :load_id.
UPDATE ops.load_count SET recorded_to = r.recorded_to
FROM (SELECT o.entity, max(o.recorded_to) AS recorded_to FROM ops.reread o WHERE o.load_id = :load_id GROUP BY o.entity) r
WHERE r.entity = load_count.entity AND (r.recorded_to IS NULL OR load_count.recorded_to > r.recorded_to);
UPDATE ops.load_ledger SET recorded_to = c.recorded_to
FROM (SELECT n.load_id, max(n.recorded_to) AS recorded_to FROM ops.load_count n GROUP BY n.load_id) c
WHERE c.load_id = load_ledger.load_id;
