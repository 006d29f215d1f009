-- Every distinct event about a medication_order once, tombstones included, with what it said of the members that are kept as known.
CREATE VIEW core.medication_order_log AS
SELECT f.medication_order_key, f.event_id, f.payload_hash, CAST('upsert' AS varchar(8)) AS op, f.source_system, f.effective_at, f.recorded_at, f.source_order,
  f.dq_flags, f.load_id
FROM core.medication_order f
UNION ALL
SELECT medication_order_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order,
  dq_flags, load_id
FROM core.medication_order_superseded;
