-- Encounter: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.encounter WHERE encounter_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'encounter');
DELETE FROM core.encounter_superseded WHERE encounter_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'encounter');
