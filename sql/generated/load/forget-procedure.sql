-- Procedure: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.procedure WHERE procedure_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'procedure');
DELETE FROM core.procedure_superseded WHERE procedure_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'procedure');
