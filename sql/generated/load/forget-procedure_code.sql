-- Procedure code: the log of the keys that are read again is forgotten. Facts of any time take these members again. A member that no standing object
-- describes is inferred, unless no fact names it, which is found when all facts are there (prune-*.sql). Parameter: :load_id.
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT k.load_id, k.entity, k.entity_key, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00'
FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'procedure_code';
INSERT INTO core.dim_procedure_code_history (procedure_code_key, code_system,
  code, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT h.procedure_code_key,
  min(h.code_system),
  min(h.code),
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM core.dim_procedure_code_history h
WHERE h.procedure_code_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'procedure_code') AND NOT h.is_inferred
  AND NOT EXISTS (SELECT 1 FROM stage_procedure_code s WHERE s.procedure_code_key = h.procedure_code_key)
GROUP BY h.procedure_code_key;
INSERT INTO ops.unreferenced (entity, member_key)
SELECT 'procedure_code', h.procedure_code_key FROM core.dim_procedure_code_history h
WHERE h.is_inferred AND h.procedure_code_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'procedure_code');
DELETE FROM core.dim_procedure_code_history WHERE NOT is_inferred AND procedure_code_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'procedure_code');
DELETE FROM core.procedure_code_superseded WHERE procedure_code_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'procedure_code');
