-- Every distinct event about a diagnosis once, tombstones included, with what it said of the members that are kept as known.
CREATE VIEW core.diagnosis_log AS
SELECT f.diagnosis_key, f.event_id, f.payload_hash, CAST('upsert' AS varchar(8)) AS op, f.source_system, f.effective_at, f.recorded_at, f.source_order,
  f.dq_flags, f.load_id
FROM core.diagnosis f
UNION ALL
SELECT diagnosis_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order,
  dq_flags, load_id
FROM core.diagnosis_superseded;
