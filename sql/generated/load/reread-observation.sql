-- Observation: objects are withdrawn, or stand again. The load function has made stage_observation and copied into it every object of the ledger that
-- stands from now on; those of the contract versions that the load function lists as elsewhere are read by more-observation.sql. What these objects say of the keys in question (ops.reread_key) is left there, and loaded by observation.sql as if nothing had
-- been known of these keys: an event is removed only if no standing object says it. Parameter: :load_id.
-- What loads that were given up have left about these keys is forgotten with the rest: they add it again, or never come.
UPDATE ops.load_count SET events_added = events_added - g.events, events_repeated = 0
FROM (
  SELECT c.load_id, coalesce(e.n, 0) AS events
  FROM (SELECT n.load_id FROM ops.load_count n WHERE n.entity = 'observation' GROUP BY n.load_id) c
  LEFT JOIN ops.load_ledger l ON l.load_id = c.load_id
  LEFT JOIN (SELECT o.load_id FROM ops.reread o GROUP BY o.load_id) r ON r.load_id = c.load_id
  LEFT JOIN (
    SELECT v.load_id, count(*) AS n FROM core.observation_log v
    WHERE v.observation_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'observation') GROUP BY v.load_id
  ) e ON e.load_id = c.load_id
  WHERE l.load_id IS NULL AND r.load_id IS NULL
) g
WHERE g.load_id = load_count.load_id AND load_count.entity = 'observation';

-- What was counted about these keys until now, which ops.conservation takes off again: rows of the objects that stood, and events of the log
-- but those just forgotten. It cannot be written, since none may be NULL, unless all that stands was read, with possible instants, and the keys
-- are there.
INSERT INTO ops.reread (load_id, entity, rows_before, events_before, recorded_to)
SELECT CAST(:load_id AS varchar(32)), 'observation', CASE WHEN s.possible = w.standing THEN s.n + w.moved END,
  CASE WHEN w.changed = 0 OR k.n > 0 THEN v.n END, s.recorded_to
FROM (
  SELECT count(CASE WHEN e.effective_at >= timestamp '1900-01-01 00:00:00' AND e.effective_at < timestamp '2201-01-01 00:00:00'
      AND e.recorded_at >= timestamp '1900-01-01 00:00:00' AND e.recorded_at < timestamp '2201-01-01 00:00:00' THEN 1 END) AS possible,
    count(q.entity_key) AS n, max(e.recorded_at) AS recorded_to
  FROM stage_observation e LEFT JOIN (
    SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'observation' GROUP BY k.entity_key
  ) q ON q.entity_key = e.observation_key
) s
CROSS JOIN (
  SELECT
    coalesce(sum(CASE WHEN coalesce(b.is_withdrawn, o.is_withdrawn) OR o.schema_version IN ({{ elsewhere }}) THEN 0
      ELSE o.row_count END), 0) AS standing,
    coalesce(sum(CASE WHEN coalesce(b.is_withdrawn, o.is_withdrawn) = o.is_withdrawn THEN 0 WHEN b.is_withdrawn THEN o.row_count
      ELSE -o.row_count END), 0) AS moved,
    coalesce(sum(b.row_count), 0) AS changed
  FROM ops.loaded_object o LEFT JOIN batch_object b ON b.object = o.object WHERE o.entity = 'observation'
) w
CROSS JOIN (SELECT count(*) AS n FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'observation') k
CROSS JOIN (
  SELECT count(*) AS n FROM core.observation_log v
  LEFT JOIN (
    SELECT c.load_id FROM ops.load_count c
    LEFT JOIN ops.load_ledger l ON l.load_id = c.load_id
    LEFT JOIN (SELECT o.load_id FROM ops.reread o GROUP BY o.load_id) r ON r.load_id = c.load_id
    WHERE c.entity = 'observation' AND l.load_id IS NULL AND r.load_id IS NULL GROUP BY c.load_id
  ) g ON g.load_id = v.load_id
  WHERE g.load_id IS NULL AND v.observation_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'observation')
) v;

-- The ledger, in this transaction: log, ledger and counts of an entity always tell of the same objects.
UPDATE ops.loaded_object SET is_withdrawn = b.is_withdrawn
FROM batch_object b WHERE b.object = loaded_object.object AND b.entity = 'observation';
DELETE FROM stage_observation WHERE observation_key NOT IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'observation');
