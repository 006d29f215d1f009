-- Diagnostic report: whether the facts that it belongs to are there. After all facts of a load, since either may come first; written only where it
-- differs, so that it holds whatever an earlier load has left.
UPDATE core.diagnostic_report SET encounter_is_known = 1
FROM core.encounter k
WHERE k.encounter_key = diagnostic_report.encounter_key AND diagnostic_report.encounter_is_known = 0;
UPDATE core.diagnostic_report SET encounter_is_known = 0
WHERE encounter_is_known = 1 AND encounter_key NOT IN (SELECT k.encounter_key FROM core.encounter k);
