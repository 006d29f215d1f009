-- Prescription fill: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.prescription_fill WHERE prescription_fill_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'prescription_fill');
DELETE FROM core.prescription_fill_superseded WHERE prescription_fill_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'prescription_fill');
