-- One row per encounter_location: its winning event and its measures, where its parent lists it.
CREATE VIEW core.fact_encounter_location AS
SELECT
  f.encounter_location_key,
  f.encounter_location_id,
  f.source_system,
  f.patient_key,
  f.location_key,
  f.patient_named_key,
  f.location_named_key,
  f.encounter_key,
  f.encounter_is_known,
  f.is_listed,
  f.start_date_key,
  f.start_tz_offset_min,
  f.encounter_id,
  f.position,
  f.start_at,
  f.end_at,
  f.stay_status_code,
  f.duration_min,
  nullif(substring(coalesce(' ' || f.dq_flags, '') || coalesce(' ' || f.state_flags, '')
    || CASE WHEN f.is_tied THEN ' DQ-TIE-01' ELSE '' END, 2, 800), '') AS dq_flags,
  f.event_id,
  f.payload_hash,
  f.effective_at,
  f.recorded_at,
  f.source_order,
  f.is_tied,
  f.load_id
FROM core.encounter_location f WHERE f.is_listed = 1;
