-- One row per person, whichever sources know them: who they are now, and their visits until the watermark. People made up for tests and members that
-- nobody has described are left out.
--   enterprise_patient_key (varchar): the person.
--   patient_id (varchar): identifier in the source whose version is latest in effect.
--   members (bigint): records of patients that are this person, a count.
--   first_name (varchar): given name.
--   last_name (varchar): family name.
--   gender_code (varchar): administrative gender.
--   birth_date (date): date of birth.
--   age (integer): completed years at the watermark; null where only the year of birth is known, or the month and it is that month.
--   age_band (varchar): 0-17, 18-39, 40-64 or 65+; null where the age may lie in either of two.
--   city (varchar): city of residence.
--   state (varchar): state of residence.
--   zip5 (varchar): postal code of residence.
--   language_code (varchar): preferred language.
--   deceased_at (timestamp): when the person died.
--   contact_opt_out (boolean): wants no messages.
--   active_conditions (bigint): different codes of active diagnoses that count.
--   last_visit_at (timestamp): start of the last encounter that counts, or of the last attended appointment, UTC.
--   next_appointment_at (timestamp): the first appointment after the watermark that is still to come, UTC.
--   visits_12m (bigint): encounters that count, in the 12 months before the watermark.
--   no_shows (bigint): appointments missed without notice.
--   appointments_counted (bigint): appointments attended or missed.
--   no_show_rate (double precision): no_shows / appointments_counted, 0 to 1; null where that is 0.
--   as_of (timestamp): the watermark.
WITH person AS (
  SELECT d.patient_key, d.enterprise_patient_key FROM {{ source('core', 'dim_patient') }} d
), visit AS (
  SELECT p.enterprise_patient_key, max(CASE WHEN f.start_at <= w.recorded_to THEN f.start_at END) AS last_at,
    sum(CASE WHEN f.start_at <= w.recorded_to AND f.start_at > w.recorded_to - interval '12 months' THEN 1 ELSE 0 END) AS in_year
  FROM {{ source('core', 'fact_encounter') }} f
  JOIN person p ON p.patient_key = f.patient_key
  CROSS JOIN {{ source('ops', 'watermark') }} w
  WHERE f.is_counted = 1
  GROUP BY p.enterprise_patient_key
), booking AS (
  SELECT p.enterprise_patient_key, max(CASE WHEN f.is_attended = 1 AND f.scheduled_start_at <= w.recorded_to THEN f.scheduled_start_at END) AS last_at,
    min(CASE WHEN f.status_code IN ('booked', 'pending', 'proposed', 'waitlist') AND f.scheduled_start_at > w.recorded_to THEN f.scheduled_start_at END) AS next_at,
    sum(f.is_no_show) AS no_shows, sum(f.is_in_no_show_denominator) AS counted
  FROM {{ source('core', 'fact_appointment') }} f
  JOIN person p ON p.patient_key = f.patient_key
  CROSS JOIN {{ source('ops', 'watermark') }} w
  GROUP BY p.enterprise_patient_key
), condition AS (
  SELECT p.enterprise_patient_key, count(DISTINCT f.diagnosis_system || '|' || f.diagnosis_code) AS codes
  FROM {{ source('core', 'fact_diagnosis') }} f
  JOIN person p ON p.patient_key = f.patient_key
  WHERE f.is_counted = 1 AND f.is_active = 1
  GROUP BY p.enterprise_patient_key
), aged AS (
  -- Dates as yyyymmdd differ by 10,000 per birthday; the day of birth may be that much later where only its year or month is known.
  SELECT e.enterprise_patient_key,
    CAST(extract(year FROM w.recorded_to) * 10000 + extract(month FROM w.recorded_to) * 100 + extract(day FROM w.recorded_to) AS integer)
      - CAST(extract(year FROM e.birth_date) * 10000 + extract(month FROM e.birth_date) * 100 + extract(day FROM e.birth_date) AS integer) AS most,
    CASE WHEN e.birth_date_precision = 'year' OR (e.birth_date_precision = 'month' AND extract(month FROM w.recorded_to) = extract(month FROM e.birth_date))
      THEN 10000 ELSE 0 END AS slack
  FROM {{ source('core', 'enterprise_patient') }} e
  CROSS JOIN {{ source('ops', 'watermark') }} w
  WHERE CAST(w.recorded_to AS date) >= e.birth_date
)
SELECT e.enterprise_patient_key, e.patient_id, e.members, e.first_name, e.last_name, e.gender_code, e.birth_date,
  CAST(CASE WHEN a.slack = 0 THEN a.most / 10000 END AS integer) AS age,
  CAST(CASE WHEN a.most < 180000 THEN '0-17' WHEN a.most - a.slack >= 650000 THEN '65+' WHEN a.most - a.slack >= 400000 AND a.most < 650000 THEN '40-64'
    WHEN a.most - a.slack >= 180000 AND a.most < 400000 THEN '18-39' END AS varchar(8)) AS age_band,
  e.city, e.state, e.zip5, e.language_code, e.deceased_at, e.contact_opt_out,
  coalesce(c.codes, 0) AS active_conditions,
  CASE WHEN v.last_at IS NULL OR b.last_at > v.last_at THEN b.last_at ELSE v.last_at END AS last_visit_at,
  b.next_at AS next_appointment_at,
  CAST(coalesce(v.in_year, 0) AS bigint) AS visits_12m,
  CAST(coalesce(b.no_shows, 0) AS bigint) AS no_shows, CAST(coalesce(b.counted, 0) AS bigint) AS appointments_counted,
  CAST(b.no_shows AS double precision) / nullif(b.counted, 0) AS no_show_rate,
  w.recorded_to AS as_of
FROM {{ source('core', 'enterprise_patient') }} e
CROSS JOIN {{ source('ops', 'watermark') }} w
LEFT JOIN aged a ON a.enterprise_patient_key = e.enterprise_patient_key
LEFT JOIN visit v ON v.enterprise_patient_key = e.enterprise_patient_key
LEFT JOIN booking b ON b.enterprise_patient_key = e.enterprise_patient_key
LEFT JOIN condition c ON c.enterprise_patient_key = e.enterprise_patient_key
WHERE NOT e.is_inferred AND NOT e.is_deleted AND (e.is_test IS NULL OR NOT e.is_test)
