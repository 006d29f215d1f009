-- Patient: the log of the keys that are read again is forgotten. Facts of any time take these members again. A member that no standing object
-- describes is inferred, unless no fact names it, which is found when all facts are there (prune-*.sql). Parameter: :load_id.
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT k.load_id, k.entity, k.entity_key, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00'
FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'patient';
INSERT INTO core.dim_patient_history (patient_key, source_system, patient_id, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT h.patient_key, min(h.source_system),
  min(h.patient_id),
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM core.dim_patient_history h
WHERE h.patient_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'patient') AND NOT h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM stage_patient s WHERE s.patient_key = h.patient_key)
GROUP BY h.patient_key;
INSERT INTO ops.unreferenced (entity, member_key)
SELECT 'patient', h.patient_key FROM core.dim_patient_history h
WHERE h.is_inferred AND h.patient_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'patient');
DELETE FROM core.dim_patient_history WHERE NOT is_inferred AND patient_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'patient');
DELETE FROM core.patient_superseded WHERE patient_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'patient');
