-- Diagnosis code: the log of the keys that are read again is forgotten. Facts of any time take these members again. A member that no standing object
-- describes is inferred, unless no fact names it, which is found when all facts are there (prune-*.sql). Parameter: :load_id.
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT k.load_id, k.entity, k.entity_key, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00'
FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'diagnosis_code';
INSERT INTO core.dim_diagnosis_code_history (diagnosis_code_key, code_system,
  code, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT h.diagnosis_code_key,
  min(h.code_system),
  min(h.code),
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM core.dim_diagnosis_code_history h
WHERE h.diagnosis_code_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'diagnosis_code') AND NOT h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM stage_diagnosis_code s WHERE s.diagnosis_code_key = h.diagnosis_code_key)
GROUP BY h.diagnosis_code_key;
INSERT INTO ops.unreferenced (entity, member_key)
SELECT 'diagnosis_code', h.diagnosis_code_key FROM core.dim_diagnosis_code_history h
WHERE h.is_inferred AND h.diagnosis_code_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'diagnosis_code');
DELETE FROM core.dim_diagnosis_code_history WHERE NOT is_inferred AND diagnosis_code_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'diagnosis_code');
DELETE FROM core.diagnosis_code_superseded WHERE diagnosis_code_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'diagnosis_code');
