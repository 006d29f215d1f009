-- What reference files describe: one row per code system and version that is loaded (carelake reference list).
--   entity (varchar): the dimension that it describes.
--   code_system (varchar): the code system; null for units of measurement.
--   reference_version (varchar): the version.
--   reference_from (date): its first day.
--   codes (bigint): how many codes it has.
--   load_id (varchar): a load that brought it.
WITH described AS (
  SELECT CAST('diagnosis_code' AS varchar(32)) AS entity, l.code_system, l.reference_version, l.reference_from, l.code, l.load_id
  FROM {{ source('core', 'diagnosis_code_log') }} l WHERE l.op = 'upsert'
  UNION ALL
  SELECT 'procedure_code', l.code_system, l.reference_version, l.reference_from, l.code, l.load_id
  FROM {{ source('core', 'procedure_code_log') }} l WHERE l.op = 'upsert'
  UNION ALL
  SELECT 'observation_code', l.code_system, l.reference_version, l.reference_from, l.code, l.load_id
  FROM {{ source('core', 'observation_code_log') }} l WHERE l.op = 'upsert'
  UNION ALL
  SELECT 'medication', l.code_system, l.reference_version, l.reference_from, l.code, l.load_id
  FROM {{ source('core', 'medication_log') }} l WHERE l.op = 'upsert'
  UNION ALL
  SELECT 'measurement_unit', CAST(NULL AS varchar(128)), l.reference_version, l.reference_from, l.unit_code, l.load_id
  FROM {{ source('core', 'measurement_unit_log') }} l WHERE l.op = 'upsert'
)
SELECT d.entity, d.code_system, d.reference_version, d.reference_from, CAST(count(DISTINCT d.code) AS bigint) AS codes, min(d.load_id) AS load_id
FROM described d
WHERE d.reference_version IS NOT NULL
GROUP BY d.entity, d.code_system, d.reference_version, d.reference_from
