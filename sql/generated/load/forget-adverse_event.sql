-- Adverse event: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.adverse_event WHERE adverse_event_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'adverse_event');
DELETE FROM core.adverse_event_superseded WHERE adverse_event_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'adverse_event');
