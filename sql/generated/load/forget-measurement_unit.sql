-- Measurement unit: the log of the keys that are read again is forgotten. Facts of any time take these members again. A member that no standing object
-- describes is inferred, unless no fact names it, which is found when all facts are there (prune-*.sql). Parameter: :load_id.
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT k.load_id, k.entity, k.entity_key, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00'
FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'measurement_unit';
INSERT INTO core.dim_measurement_unit_history (measurement_unit_key, unit_code, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT h.measurement_unit_key,
  min(h.unit_code),
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM core.dim_measurement_unit_history h
WHERE h.measurement_unit_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'measurement_unit') AND NOT h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM stage_measurement_unit s WHERE s.measurement_unit_key = h.measurement_unit_key)
GROUP BY h.measurement_unit_key;
INSERT INTO ops.unreferenced (entity, member_key)
SELECT 'measurement_unit', h.measurement_unit_key FROM core.dim_measurement_unit_history h
WHERE h.is_inferred AND h.measurement_unit_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'measurement_unit');
DELETE FROM core.dim_measurement_unit_history WHERE NOT is_inferred AND measurement_unit_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'measurement_unit');
DELETE FROM core.measurement_unit_superseded WHERE measurement_unit_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'measurement_unit');
