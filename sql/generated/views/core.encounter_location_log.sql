-- Every distinct event about a encounter_location once, tombstones included, with what it said of the members that are kept as known.
CREATE VIEW core.encounter_location_log AS
SELECT f.encounter_location_key, f.event_id, f.payload_hash, CAST('upsert' AS varchar(8)) AS op, f.source_system, f.effective_at, f.recorded_at, f.source_order,
  f.dq_flags, f.load_id
FROM core.encounter_location f
UNION ALL
SELECT encounter_location_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order,
  dq_flags, load_id
FROM core.encounter_location_superseded;
