-- One row per encounter_location, with its members as they were at start_at.
CREATE VIEW gold_phi.obt_encounter_location AS
SELECT f.encounter_location_key, f.encounter_location_id, f.source_system,
  f.start_tz_offset_min AS start_tz_offset_min,
  f.encounter_id AS encounter_id,
  f.position AS position,
  f.start_at AS start_at,
  f.end_at AS end_at,
  f.stay_status_code AS stay_status_code,
  f.duration_min AS duration_min,
  f.start_date AS start_date,
  f.patient_id AS patient_id,
  f.patient_gender AS patient_gender,
  f.patient_dob AS patient_dob,
  f.patient_age AS patient_age,
  f.patient_age_band AS patient_age_band,
  f.patient_zip5 AS patient_zip5,
  f.patient_state AS patient_state,
  f.patient_is_test AS patient_is_test,
  f.location_name AS location_name,
  f.location_city AS location_city,
  f.location_state AS location_state,
  f.location_timezone AS location_timezone,
  nullif(substring(coalesce(' ' || f.dq_flags, '') || coalesce(' ' || f.state_flags, '')
    || CASE WHEN f.is_tied THEN ' DQ-TIE-01' ELSE '' END, 2, 800), '') AS dq_flags,
  f.recorded_at AS known_at, f.load_id
FROM core.encounter_location f WHERE f.is_listed = 1;
