-- Medication order: whether the facts that it belongs to are there. After all facts of a load, since either may come first; written only where it
-- differs, so that it holds whatever an earlier load has left.
UPDATE core.medication_order SET encounter_is_known = 1
FROM core.encounter k
WHERE k.encounter_key = medication_order.encounter_key AND medication_order.encounter_is_known = 0;
UPDATE core.medication_order SET encounter_is_known = 0
WHERE encounter_is_known = 1 AND encounter_key NOT IN (SELECT k.encounter_key FROM core.encounter k);
UPDATE core.medication_order SET reason_diagnosis_is_known = 1
FROM core.diagnosis k
WHERE k.diagnosis_key = medication_order.reason_diagnosis_key AND medication_order.reason_diagnosis_is_known = 0;
UPDATE core.medication_order SET reason_diagnosis_is_known = 0
WHERE reason_diagnosis_is_known = 1 AND reason_diagnosis_key NOT IN (SELECT k.diagnosis_key FROM core.diagnosis k);
