-- Observation: whether the facts that it belongs to are there. After all facts of a load, since either may come first; written only where it
-- differs, so that it holds whatever an earlier load has left.
UPDATE core.observation SET encounter_is_known = 1
FROM core.encounter k
WHERE k.encounter_key = observation.encounter_key AND observation.encounter_is_known = 0;
UPDATE core.observation SET encounter_is_known = 0
WHERE encounter_is_known = 1 AND encounter_key NOT IN (SELECT k.encounter_key FROM core.encounter k);
UPDATE core.observation SET parent_observation_is_known = 1
FROM core.observation k
WHERE k.observation_key = observation.parent_observation_key AND observation.parent_observation_is_known = 0;
UPDATE core.observation SET parent_observation_is_known = 0
WHERE parent_observation_is_known = 1 AND parent_observation_key NOT IN (SELECT k.observation_key FROM core.observation k);
-- A part stands while its parent lists as many.
UPDATE core.observation SET is_listed = 1
FROM core.observation k
WHERE k.observation_key = observation.parent_observation_key AND observation.component_number <= k.component_count AND observation.is_listed = 0;
UPDATE core.observation SET is_listed = 0
WHERE is_listed = 1 AND observation_key IN (
  SELECT f.observation_key FROM core.observation f
  LEFT JOIN core.observation k ON k.observation_key = f.parent_observation_key AND f.component_number <= k.component_count
  WHERE f.is_listed = 1 AND f.parent_observation_key <> '00000000000000000000000000000000' AND k.observation_key IS NULL
);
