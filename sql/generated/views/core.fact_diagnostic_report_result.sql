-- One row per diagnostic_report_result: its winning event and its measures, where its parent lists it.
CREATE VIEW core.fact_diagnostic_report_result AS
SELECT
  f.diagnostic_report_result_key,
  f.diagnostic_report_result_id,
  f.source_system,
  f.patient_key,
  f.patient_named_key,
  f.diagnostic_report_key,
  f.diagnostic_report_is_known,
  f.observation_key,
  f.observation_is_known,
  f.is_listed,
  f.reported_date_key,
  f.reported_tz_offset_min,
  f.diagnostic_report_id,
  f.position,
  f.observation_id,
  f.status_code,
  f.reported_at,
  f.is_counted,
  nullif(substring(coalesce(' ' || f.dq_flags, '') || coalesce(' ' || f.state_flags, '')
    || CASE WHEN f.is_tied THEN ' DQ-TIE-01' ELSE '' END, 2, 800), '') AS dq_flags,
  f.event_id,
  f.payload_hash,
  f.effective_at,
  f.recorded_at,
  f.source_order,
  f.is_tied,
  f.load_id
FROM core.diagnostic_report_result f WHERE f.is_listed = 1;
