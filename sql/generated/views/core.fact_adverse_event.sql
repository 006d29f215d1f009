-- One row per adverse_event: its winning event and its measures.
CREATE VIEW core.fact_adverse_event AS
SELECT
  f.adverse_event_key,
  f.adverse_event_id,
  f.source_system,
  f.patient_key,
  f.patient_named_key,
  f.encounter_key,
  f.encounter_is_known,
  f.occurred_date_key,
  f.occurred_tz_offset_min,
  f.encounter_id,
  f.event_system,
  f.event_code,
  f.event_display,
  f.actuality_code,
  f.seriousness_code,
  f.severity_code,
  f.outcome_code,
  f.occurred_at,
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
FROM core.adverse_event f;
