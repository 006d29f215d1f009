-- {Entity}: the log of the keys that are read again is forgotten. Facts of any time take these members again. A member that no standing object
-- describes is inferred, unless no fact names it, which is found when all facts are there (prune-*.sql). Parameter: :load_id.
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT k.load_id, k.entity, k.entity_key, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00'
FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = '{entity}';
-- each named
INSERT INTO core.dim_{entity}_history ({entity}_key, {source}{naturals}, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT h.{entity}_key,{held_source}
  min(h.{natural}),
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM core.dim_{entity}_history h
WHERE h.{entity}_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = '{entity}') AND NOT h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM stage_{entity} s WHERE s.{entity}_key = h.{entity}_key)
GROUP BY h.{entity}_key;
INSERT INTO ops.unreferenced (entity, member_key)
SELECT '{entity}', h.{entity}_key FROM core.dim_{entity}_history h
WHERE h.is_inferred AND h.{entity}_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = '{entity}');
-- end
DELETE FROM core.dim_{entity}_history WHERE NOT is_inferred AND {entity}_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = '{entity}');
DELETE FROM core.{entity}_superseded WHERE {entity}_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = '{entity}');
