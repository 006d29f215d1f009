-- Observation: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.observation WHERE observation_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'observation');
DELETE FROM core.observation_superseded WHERE observation_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'observation');
