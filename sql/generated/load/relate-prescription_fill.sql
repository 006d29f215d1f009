-- Prescription fill: whether the facts that it belongs to are there. After all facts of a load, since either may come first; written only where it
-- differs, so that it holds whatever an earlier load has left.
UPDATE core.prescription_fill SET encounter_is_known = 1
FROM core.encounter k
WHERE k.encounter_key = prescription_fill.encounter_key AND prescription_fill.encounter_is_known = 0;
UPDATE core.prescription_fill SET encounter_is_known = 0
WHERE encounter_is_known = 1 AND encounter_key NOT IN (SELECT k.encounter_key FROM core.encounter k);
UPDATE core.prescription_fill SET medication_order_is_known = 1
FROM core.medication_order k
WHERE k.medication_order_key = prescription_fill.medication_order_key AND prescription_fill.medication_order_is_known = 0;
UPDATE core.prescription_fill SET medication_order_is_known = 0
WHERE medication_order_is_known = 1 AND medication_order_key NOT IN (SELECT k.medication_order_key FROM core.medication_order k);
