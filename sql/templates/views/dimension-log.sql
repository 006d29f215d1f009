-- Every distinct event about a {entity} once, tombstones included.
CREATE VIEW core.{entity}_log AS
SELECT {key}, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, {naturals}, {attributes}, dq_flags, load_id
FROM core.dim_{entity}_history WHERE event_id IS NOT NULL
UNION ALL
SELECT {key}, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, {naturals}, {attributes}, dq_flags, load_id
FROM core.{entity}_superseded;
