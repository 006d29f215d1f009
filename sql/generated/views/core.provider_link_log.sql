-- Every distinct event about a provider_link once, tombstones included.
CREATE VIEW core.provider_link_log AS
SELECT provider_link_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, provider_link_id, source_system_1, provider_id_1, source_system_2, provider_id_2,
    provider_1_key, provider_2_key, dq_flags, load_id
FROM core.dim_provider_link_history WHERE event_id IS NOT NULL
UNION ALL
SELECT provider_link_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, provider_link_id, source_system_1,
  provider_id_1, source_system_2, provider_id_2, provider_1_key, provider_2_key, dq_flags, load_id
FROM core.provider_link_superseded;
