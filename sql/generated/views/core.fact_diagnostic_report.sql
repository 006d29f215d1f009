-- One row per diagnostic_report: its winning event and its measures.
CREATE VIEW core.fact_diagnostic_report AS
SELECT
  f.diagnostic_report_key,
  f.diagnostic_report_id,
  f.source_system,
  f.patient_key,
  f.observation_code_key,
  f.patient_named_key,
  f.encounter_key,
  f.encounter_is_known,
  f.reported_date_key,
  f.reported_tz_offset_min,
  f.encounter_id,
  f.category_code,
  f.report_system,
  f.report_code,
  f.report_display,
  f.status_code,
  f.reported_at,
  f.reported_precision,
  f.issued_at,
  f.result_count,
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
FROM core.diagnostic_report f;
