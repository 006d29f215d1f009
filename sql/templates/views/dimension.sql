-- Current rows: exactly one per key, so that joining a fact to them never changes its row count.
CREATE VIEW core.dim_{entity} AS
SELECT {key}, source_system, {naturals}, {attributes}, valid_from, is_inferred, is_deleted, recorded_at, load_id
FROM core.dim_{entity}_history WHERE is_current;
