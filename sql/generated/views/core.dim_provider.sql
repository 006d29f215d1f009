-- Current rows: exactly one per key, so that joining a fact to them never changes its row count.
CREATE VIEW core.dim_provider AS
SELECT provider_key, source_system, npi, full_name, specialty, valid_from, is_inferred, is_deleted, recorded_at, load_id
FROM core.dim_provider_history WHERE is_current;
