-- Versions of value sets, and when each holds: one row per value set and version (carelake reference list).
--   value_set_id (varchar): the value set: OID, canonical URL or name.
--   value_set_name (varchar): its name.
--   value_set_version (varchar): the version.
--   valid_from (date): its first day.
--   valid_to (date): the first day on which it holds no more: that of the next version, or the day after its last; 9999-12-31 while neither is known.
--   codes (bigint): how many codes it holds.
--   load_id (varchar): a load that brought it.
WITH version AS (
  SELECT m.value_set_id, m.value_set_version, max(m.value_set_name) AS value_set_name, min(m.version_from) AS version_from, max(m.version_to) AS version_to,
    count(*) AS codes, min(m.load_id) AS load_id
  FROM {{ source('core', 'dim_value_set_member_history') }} m
  WHERE m.is_current AND NOT m.is_deleted AND m.event_id IS NOT NULL
  GROUP BY m.value_set_id, m.value_set_version
), followed AS (
  SELECT v.*, CAST(LEAD(v.version_from) OVER (PARTITION BY v.value_set_id ORDER BY v.version_from, v.value_set_version) AS date) AS next_from,
    CAST(v.version_to + interval '1 day' AS date) AS after_last
  FROM version v
)
SELECT f.value_set_id, f.value_set_name, f.value_set_version, f.version_from AS valid_from,
  CASE WHEN f.after_last IS NOT NULL AND (f.next_from IS NULL OR f.after_last < f.next_from) THEN f.after_last
    WHEN f.next_from IS NOT NULL THEN f.next_from ELSE date '9999-12-31' END AS valid_to,
  CAST(f.codes AS bigint) AS codes, f.load_id
FROM followed f
