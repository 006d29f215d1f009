-- Encounter location: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE encounter_location_restated AS
SELECT f.encounter_location_key, f.encounter_location_id, f.source_system, f.patient_key, f.location_key, f.patient_named_key,
  f.location_named_key, f.encounter_key, f.encounter_is_known, f.is_listed, f.start_date_key, f.start_tz_offset_min, f.encounter_id,
  f.position, f.start_at, f.end_at, f.stay_status_code, f.duration_min, f.dq_flags, f.event_id, f.payload_hash, f.effective_at,
  f.recorded_at, f.source_order, f.is_tied, f.start_date, f.load_id
FROM core.encounter_location f
JOIN (
  SELECT f.encounter_location_key FROM core.encounter_location f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.start_at AND f.start_at < t.changed_to
UNION
  SELECT f.encounter_location_key FROM core.encounter_location f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'location' GROUP BY t.member_key
  ) t ON t.member_key = f.location_key
  WHERE t.changed_from <= f.start_at AND f.start_at < t.changed_to
) r ON r.encounter_location_key = f.encounter_location_key;
DELETE FROM core.encounter_location WHERE encounter_location_key IN (SELECT r.encounter_location_key FROM encounter_location_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.encounter_location (encounter_location_key, encounter_location_id, source_system, patient_key, location_key,
  patient_named_key, location_named_key, encounter_key, encounter_is_known, is_listed, start_date_key, start_tz_offset_min,
  encounter_id, position, start_at, end_at, stay_status_code, duration_min, dq_flags, event_id, payload_hash, effective_at,
  recorded_at, source_order, is_tied, start_date, patient_id, patient_gender, patient_dob, patient_age, patient_age_band,
  patient_zip5, patient_state, patient_is_test, location_name, location_city, location_state, location_timezone,
  state_flags, load_id)
SELECT f.encounter_location_key, f.encounter_location_id, f.source_system, f.patient_key, f.location_key, f.patient_named_key,
  f.location_named_key, f.encounter_key, f.encounter_is_known, f.is_listed, f.start_date_key, f.start_tz_offset_min, f.encounter_id,
  f.position, f.start_at, f.end_at, f.stay_status_code, f.duration_min, f.dq_flags, f.event_id, f.payload_hash, f.effective_at,
  f.recorded_at, f.source_order, f.is_tied, f.start_date,
  patient.patient_id,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.start_date >= patient.birth_date THEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer),
  CAST(CASE WHEN f.start_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.start_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.start_date) * 10000 + extract(month FROM f.start_date) * 100 + extract(day FROM f.start_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.is_test,
  location.location_name,
  location.city,
  location.state,
  location.timezone,
  CASE WHEN f.is_other_offset = 1 OR patient.is_inferred OR location.is_inferred
    THEN CAST(substring(CASE WHEN f.is_other_offset = 1 THEN ' DQ-ENC-14' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN location.is_inferred THEN ' DQ-ID-16' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR location.location_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
  SELECT e.encounter_location_key, e.encounter_location_id, e.source_system, e.patient_key, e.location_key, e.patient_named_key,
    e.location_named_key, e.encounter_key, e.encounter_is_known, e.is_listed, e.start_tz_offset_min, e.encounter_id, e.position,
    e.start_at, e.end_at, e.stay_status_code, e.duration_min, e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at,
    e.source_order, e.is_tied,
    CASE WHEN e.start_date BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.start_date) * 10000 + extract(month FROM e.start_date) * 100
        + extract(day FROM e.start_date) AS integer)
      WHEN e.start_date IS NOT NULL THEN -1 END AS start_date_key,
    e.start_date,
    e.is_other_offset,
    e.start_at_local,
    e.load_id
  FROM (
    SELECT
      CAST(e.start_at_local AS date) AS start_date,
      e.*
    FROM (
      SELECT
        s.start_at + coalesce(zone_start_at.offset_min, s.start_tz_offset_min, 0) * interval '1 minute' AS start_at_local,
        CASE WHEN zone_start_at.offset_min <> s.start_tz_offset_min THEN 1 ELSE 0 END AS is_other_offset,
        s.encounter_location_key, s.encounter_location_id, s.source_system, s.patient_key, s.location_key, s.patient_named_key,
          s.location_named_key, s.encounter_key, s.encounter_is_known, s.is_listed, s.start_tz_offset_min, s.encounter_id,
          s.position, s.start_at, s.end_at, s.stay_status_code, s.duration_min, s.dq_flags, s.event_id, s.payload_hash,
          s.effective_at, s.recorded_at, s.source_order, s.is_tied, s.load_id
      FROM encounter_location_restated s
      LEFT JOIN core.dim_location_history z ON z.location_key = s.location_key
        AND z.valid_from <= s.start_at AND s.start_at < z.valid_to
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.timezone FROM core.dim_location_history h)
      ) zone_start_at ON zone_start_at.zone = z.timezone
        AND zone_start_at.utc_year = CAST(extract(year FROM s.start_at) AS integer)
        AND zone_start_at.from_utc <= s.start_at AND s.start_at < zone_start_at.to_utc
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.start_at AND f.start_at < patient.valid_to
LEFT JOIN core.dim_location_history location ON location.location_key = f.location_key
  AND location.valid_from <= f.start_at AND f.start_at < location.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.encounter_location g WHERE g.encounter_location_key IN (SELECT r.encounter_location_key FROM encounter_location_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM encounter_location_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'encounter_location', CAST(:load_id AS varchar(32));
