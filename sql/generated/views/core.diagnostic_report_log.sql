-- Every distinct event about a diagnostic_report once, tombstones included, with what it said of the members that are kept as known.
CREATE VIEW core.diagnostic_report_log AS
SELECT f.diagnostic_report_key, f.event_id, f.payload_hash, CAST('upsert' AS varchar(8)) AS op, f.source_system, f.effective_at, f.recorded_at, f.source_order,
  f.dq_flags, f.load_id
FROM core.diagnostic_report f
UNION ALL
SELECT diagnostic_report_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order,
  dq_flags, load_id
FROM core.diagnostic_report_superseded;
