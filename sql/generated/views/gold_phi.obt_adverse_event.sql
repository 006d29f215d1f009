-- One row per adverse_event, with its members as they were at occurred_at.
CREATE VIEW gold_phi.obt_adverse_event AS
SELECT f.adverse_event_key, f.adverse_event_id, f.source_system,
  f.occurred_tz_offset_min AS occurred_tz_offset_min,
  f.encounter_id AS encounter_id,
  f.event_system AS event_system,
  f.event_code AS event_code,
  f.event_display AS event_display,
  f.actuality_code AS actuality_code,
  f.seriousness_code AS seriousness_code,
  f.severity_code AS severity_code,
  f.outcome_code AS outcome_code,
  f.occurred_at AS occurred_at,
  f.is_counted AS is_counted,
  f.occurred_date AS occurred_date,
  f.patient_id AS patient_id,
  f.patient_gender AS patient_gender,
  f.patient_dob AS patient_dob,
  f.patient_age AS patient_age,
  f.patient_age_band AS patient_age_band,
  f.patient_zip5 AS patient_zip5,
  f.patient_state AS patient_state,
  f.patient_is_test AS patient_is_test,
  nullif(substring(coalesce(' ' || f.dq_flags, '') || coalesce(' ' || f.state_flags, '')
    || CASE WHEN f.is_tied THEN ' DQ-TIE-01' ELSE '' END, 2, 800), '') AS dq_flags,
  f.recorded_at AS known_at, f.load_id
FROM core.adverse_event f;
