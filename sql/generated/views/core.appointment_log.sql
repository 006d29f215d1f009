-- Every distinct event about a appointment once, tombstones included, with what it said of the members that are kept as known.
CREATE VIEW core.appointment_log AS
SELECT f.appointment_key, f.event_id, f.payload_hash, CAST('upsert' AS varchar(8)) AS op, f.source_system, f.effective_at, f.recorded_at, f.source_order,
  f.status_code,
  f.created_at,
  f.scheduled_start_at,
  f.arrived_at,
  f.actual_start_at,
  f.completed_at,
  f.cancelled_at,
  f.dq_flags, f.load_id
FROM core.appointment f
UNION ALL
SELECT appointment_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order,
  status_code,
  created_at,
  scheduled_start_at,
  arrived_at,
  actual_start_at,
  completed_at,
  cancelled_at,
  dq_flags, load_id
FROM core.appointment_superseded;
