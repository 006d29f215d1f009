-- Source medication: the log of the keys that are read again is forgotten. Facts of any time take these members again. A member that no standing object
-- describes is inferred, unless no fact names it, which is found when all facts are there (prune-*.sql). Parameter: :load_id.
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT k.load_id, k.entity, k.entity_key, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00'
FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'source_medication';
INSERT INTO core.dim_source_medication_history (source_medication_key, source_system, medication_id, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT h.source_medication_key, min(h.source_system),
  min(h.medication_id),
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM core.dim_source_medication_history h
WHERE h.source_medication_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'source_medication') AND NOT h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM stage_source_medication s WHERE s.source_medication_key = h.source_medication_key)
GROUP BY h.source_medication_key;
INSERT INTO ops.unreferenced (entity, member_key)
SELECT 'source_medication', h.source_medication_key FROM core.dim_source_medication_history h
WHERE h.is_inferred AND h.source_medication_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'source_medication');
DELETE FROM core.dim_source_medication_history WHERE NOT is_inferred AND source_medication_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'source_medication');
DELETE FROM core.source_medication_superseded WHERE source_medication_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'source_medication');
