-- Every distinct event about a {entity} once, tombstones included, with what it said of the members that are kept as known.
CREATE VIEW core.{entity}_log AS
SELECT f.{key}, f.event_id, f.payload_hash, CAST('upsert' AS varchar(8)) AS op, f.source_system, f.effective_at, f.recorded_at, f.source_order,
  {known.held},
  f.dq_flags, f.load_id
FROM core.{entity} f
UNION ALL
SELECT {key}, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order,
  {known},
  dq_flags, load_id
FROM core.{entity}_superseded;
