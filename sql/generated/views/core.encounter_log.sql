-- Every distinct event about a encounter once, tombstones included, with what it said of the members that are kept as known.
CREATE VIEW core.encounter_log AS
SELECT f.encounter_key, f.event_id, f.payload_hash, CAST('upsert' AS varchar(8)) AS op, f.source_system, f.effective_at, f.recorded_at, f.source_order,
  f.status_code,
  f.class_code,
  f.start_at,
  f.end_at,
  f.dq_flags, f.load_id
FROM core.encounter f
UNION ALL
SELECT encounter_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order,
  status_code,
  class_code,
  start_at,
  end_at,
  dq_flags, load_id
FROM core.encounter_superseded;
