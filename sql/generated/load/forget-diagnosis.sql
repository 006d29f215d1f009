-- Diagnosis: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.diagnosis WHERE diagnosis_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'diagnosis');
DELETE FROM core.diagnosis_superseded WHERE diagnosis_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'diagnosis');
