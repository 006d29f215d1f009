-- Adverse event: whether the facts that it belongs to are there. After all facts of a load, since either may come first; written only where it
-- differs, so that it holds whatever an earlier load has left.
UPDATE core.adverse_event SET encounter_is_known = 1
FROM core.encounter k
WHERE k.encounter_key = adverse_event.encounter_key AND adverse_event.encounter_is_known = 0;
UPDATE core.adverse_event SET encounter_is_known = 0
WHERE encounter_is_known = 1 AND encounter_key NOT IN (SELECT k.encounter_key FROM core.encounter k);
