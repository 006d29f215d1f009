-- Medication order: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.medication_order WHERE medication_order_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'medication_order');
DELETE FROM core.medication_order_superseded WHERE medication_order_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'medication_order');
