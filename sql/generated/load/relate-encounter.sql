-- Encounter: whether the facts that it belongs to are there. After all facts of a load, since either may come first; written only where it
-- differs, so that it holds whatever an earlier load has left.
UPDATE core.encounter SET appointment_is_known = 1
FROM core.appointment k
WHERE k.appointment_key = encounter.appointment_key AND encounter.appointment_is_known = 0;
UPDATE core.encounter SET appointment_is_known = 0
WHERE appointment_is_known = 1 AND appointment_key NOT IN (SELECT k.appointment_key FROM core.appointment k);
