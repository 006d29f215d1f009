-- No-show rate: no-shows / (attended + no-shows); cancelled, open and unresolved appointments stand in n only, void ones nowhere.
-- Per value of one attribute at a time. Definition: docs/answers.md.
--   kpi (varchar): no_show_rate.
--   by_dimension (varchar): the attribute: all, clinic, weekday, age_band, lead_days or reminded.
--   group_key (varchar): its value; unknown where the appointment has none.
--   numerator (bigint): appointments missed without notice (status noshow), a count.
--   denominator (bigint): appointments attended or missed, a count.
--   n (bigint): all appointments of the group but those entered in error, a count.
--   value (double precision): numerator / denominator, 0 to 1; null where the denominator is 0.
-- A cell per combination first, so that the one big table is read once.
WITH cell AS (
  SELECT o.clinic_id,
    CASE o.scheduled_dow WHEN 1 THEN 'Monday' WHEN 2 THEN 'Tuesday' WHEN 3 THEN 'Wednesday' WHEN 4 THEN 'Thursday' WHEN 5 THEN 'Friday' WHEN 6 THEN 'Saturday' WHEN 7 THEN 'Sunday' ELSE 'unknown' END AS weekday,
    o.patient_age_band AS age_band,
    CASE WHEN o.lead_time_days < 0 THEN 'negative' WHEN o.lead_time_days = 0 THEN '0' WHEN o.lead_time_days <= 7 THEN '1-7' WHEN o.lead_time_days <= 30 THEN '8-30'
      WHEN o.lead_time_days <= 90 THEN '31-90' WHEN o.lead_time_days > 90 THEN '91+' ELSE 'unknown' END AS lead_days,
    CASE WHEN o.reminder_count > 0 THEN 'yes' WHEN o.reminder_count = 0 THEN 'no' ELSE 'unknown' END AS reminded,
    CAST(sum(o.is_no_show) AS bigint) AS no_shows, CAST(sum(o.in_denominator) AS bigint) AS counted, count(*) AS n
  FROM {{ source('gold_phi', 'obt_appointment') }} o
  WHERE o.status_code <> 'entered-in-error'
  GROUP BY 1, 2, 3, 4, 5
), grouped AS (
  SELECT CAST('all' AS varchar(32)) AS by_dimension, CAST('all' AS varchar(64)) AS group_key, c.no_shows, c.counted, c.n FROM cell c
  UNION ALL SELECT 'clinic', coalesce(c.clinic_id, 'unknown'), c.no_shows, c.counted, c.n FROM cell c
  UNION ALL SELECT 'weekday', c.weekday, c.no_shows, c.counted, c.n FROM cell c
  UNION ALL SELECT 'age_band', c.age_band, c.no_shows, c.counted, c.n FROM cell c
  UNION ALL SELECT 'lead_days', c.lead_days, c.no_shows, c.counted, c.n FROM cell c
  UNION ALL SELECT 'reminded', c.reminded, c.no_shows, c.counted, c.n FROM cell c
)
SELECT CAST('no_show_rate' AS varchar(32)) AS kpi, g.by_dimension, g.group_key,
  CAST(sum(g.no_shows) AS bigint) AS numerator, CAST(sum(g.counted) AS bigint) AS denominator, CAST(sum(g.n) AS bigint) AS n,
  CAST(sum(g.no_shows) AS double precision) / nullif(sum(g.counted), 0) AS value
FROM grouped g
GROUP BY g.by_dimension, g.group_key
