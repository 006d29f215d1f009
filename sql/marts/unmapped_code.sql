-- Codes of facts that no reference file describes as of their own day: the work-list of each source, one row per code.
--   entity (varchar): the fact that bears the code: diagnosis, procedure, observation, diagnostic_report, medication_order or prescription_fill.
--   source_system (varchar): the source that sent it.
--   code_system (varchar): its code system, as sent; null where the source names none.
--   code (varchar): the code; null for texts that stand in its place, which may hold anything.
--   reason (varchar): no system, no code (a text with blanks stands there), never described, not yet valid (a later version has it first) or ended (a version before lacks it).
--   facts (bigint): how many facts bear it.
--   first_seen_at (timestamp): the earliest time of these facts, UTC.
--   last_seen_at (timestamp): the latest.
WITH described AS (
  SELECT d.diagnosis_code_key AS code_key, d.valid_from, d.valid_to, d.is_inferred, d.is_deleted, d.code_system, d.reference_from, CAST('diagnosis_code' AS varchar(32)) AS dimension
  FROM {{ source('core', 'dim_diagnosis_code_history') }} d
  UNION ALL
  SELECT d.procedure_code_key, d.valid_from, d.valid_to, d.is_inferred, d.is_deleted, d.code_system, d.reference_from, 'procedure_code'
  FROM {{ source('core', 'dim_procedure_code_history') }} d
  UNION ALL
  SELECT d.observation_code_key, d.valid_from, d.valid_to, d.is_inferred, d.is_deleted, d.code_system, d.reference_from, 'observation_code'
  FROM {{ source('core', 'dim_observation_code_history') }} d
  UNION ALL
  SELECT d.medication_key, d.valid_from, d.valid_to, d.is_inferred, d.is_deleted, d.code_system, d.reference_from, 'medication'
  FROM {{ source('core', 'dim_medication_history') }} d
), earliest AS (
  SELECT d.dimension, d.code_system, min(d.reference_from) AS reference_from FROM described d GROUP BY d.dimension, d.code_system
), borne AS (
  SELECT CAST('diagnosis' AS varchar(32)) AS entity, CAST('diagnosis_code' AS varchar(32)) AS dimension, f.source_system, f.diagnosis_system AS code_system, f.diagnosis_code AS code, f.diagnosis_code_key AS code_key, f.diagnosed_at AS seen_at
  FROM {{ source('core', 'fact_diagnosis') }} f WHERE f.diagnosis_code IS NOT NULL
  UNION ALL
  SELECT 'procedure', 'procedure_code', f.source_system, f.procedure_system, f.procedure_code, f.procedure_code_key, f.performed_at
  FROM {{ source('core', 'fact_procedure') }} f WHERE f.procedure_code IS NOT NULL
  UNION ALL
  SELECT 'observation', 'observation_code', f.source_system, f.observation_system, f.observation_code, f.observation_code_key, f.observed_at
  FROM {{ source('core', 'fact_observation') }} f WHERE f.observation_code IS NOT NULL
  UNION ALL
  SELECT 'diagnostic_report', 'observation_code', f.source_system, f.report_system, f.report_code, f.observation_code_key, f.reported_at
  FROM {{ source('core', 'fact_diagnostic_report') }} f WHERE f.report_code IS NOT NULL
  UNION ALL
  SELECT 'medication_order', 'medication', f.source_system, f.medication_system, f.medication_code, f.medication_key, f.ordered_at
  FROM {{ source('core', 'fact_medication_order') }} f WHERE f.medication_code IS NOT NULL
  UNION ALL
  SELECT 'prescription_fill', 'medication', f.source_system, f.medication_system, f.medication_code, f.medication_key, f.filled_at
  FROM {{ source('core', 'fact_prescription_fill') }} f WHERE f.medication_code IS NOT NULL
), judged AS (
  SELECT b.entity, b.source_system, b.code_system, CASE WHEN b.code NOT LIKE '% %' THEN b.code END AS code, b.seen_at,
    CAST(CASE WHEN b.code LIKE '% %' THEN 'no code' WHEN b.code_system IS NULL THEN 'no system' WHEN d.is_inferred THEN 'never described' WHEN d.is_deleted THEN 'ended'
      WHEN b.seen_at < d.reference_from AND b.seen_at >= e.reference_from THEN 'not yet valid' END AS varchar(32)) AS reason
  FROM borne b
  JOIN described d ON d.dimension = b.dimension AND d.code_key = b.code_key AND d.valid_from <= b.seen_at AND b.seen_at < d.valid_to
  LEFT JOIN earliest e ON e.dimension = b.dimension AND e.code_system = b.code_system
)
SELECT j.entity, j.source_system, j.code_system, j.code, j.reason, CAST(count(*) AS bigint) AS facts, min(j.seen_at) AS first_seen_at, max(j.seen_at) AS last_seen_at
FROM judged j
WHERE j.reason IS NOT NULL
GROUP BY j.entity, j.source_system, j.code_system, j.code, j.reason
