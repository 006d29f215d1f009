-- Encounter location: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.encounter_location WHERE encounter_location_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'encounter_location');
DELETE FROM core.encounter_location_superseded WHERE encounter_location_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'encounter_location');
