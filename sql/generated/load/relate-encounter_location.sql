-- Encounter location: whether the facts that it belongs to are there. After all facts of a load, since either may come first; written only where it
-- differs, so that it holds whatever an earlier load has left.
UPDATE core.encounter_location SET encounter_is_known = 1
FROM core.encounter k
WHERE k.encounter_key = encounter_location.encounter_key AND encounter_location.encounter_is_known = 0;
UPDATE core.encounter_location SET encounter_is_known = 0
WHERE encounter_is_known = 1 AND encounter_key NOT IN (SELECT k.encounter_key FROM core.encounter k);
-- A part stands while its parent lists as many.
UPDATE core.encounter_location SET is_listed = 1
FROM core.encounter k
WHERE k.encounter_key = encounter_location.encounter_key AND encounter_location.position <= k.location_count AND encounter_location.is_listed = 0;
UPDATE core.encounter_location SET is_listed = 0
WHERE is_listed = 1 AND encounter_location_key IN (
  SELECT f.encounter_location_key FROM core.encounter_location f
  LEFT JOIN core.encounter k ON k.encounter_key = f.encounter_key AND f.position <= k.location_count
  WHERE f.is_listed = 1 AND f.encounter_key <> '00000000000000000000000000000000' AND k.encounter_key IS NULL
);
