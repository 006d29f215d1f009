-- One row per diagnostic_report_result, with its members as they were at reported_at.
CREATE VIEW gold_phi.obt_diagnostic_report_result AS
SELECT f.diagnostic_report_result_key, f.diagnostic_report_result_id, f.source_system,
  f.reported_tz_offset_min AS reported_tz_offset_min,
  f.diagnostic_report_id AS diagnostic_report_id,
  f.position AS position,
  f.observation_id AS observation_id,
  f.status_code AS status_code,
  f.reported_at AS reported_at,
  f.is_counted AS is_counted,
  f.reported_date AS reported_date,
  f.patient_id AS patient_id,
  f.patient_is_test AS patient_is_test,
  nullif(substring(coalesce(' ' || f.dq_flags, '') || coalesce(' ' || f.state_flags, '')
    || CASE WHEN f.is_tied THEN ' DQ-TIE-01' ELSE '' END, 2, 800), '') AS dq_flags,
  f.recorded_at AS known_at, f.load_id
FROM core.diagnostic_report_result f WHERE f.is_listed = 1;
