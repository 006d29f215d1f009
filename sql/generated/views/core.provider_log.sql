-- Every distinct event about a provider once, tombstones included.
CREATE VIEW core.provider_log AS
SELECT provider_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, npi, full_name, specialty, dq_flags, load_id
FROM core.dim_provider_history WHERE event_id IS NOT NULL
UNION ALL
SELECT provider_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, npi, full_name,
  specialty, dq_flags, load_id
FROM core.provider_superseded;
