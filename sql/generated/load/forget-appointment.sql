-- Appointment: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.appointment WHERE appointment_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'appointment');
DELETE FROM core.appointment_superseded WHERE appointment_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'appointment');
