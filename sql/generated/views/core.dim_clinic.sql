-- Current rows: exactly one per key, so that joining a fact to them never changes its row count.
CREATE VIEW core.dim_clinic AS
SELECT clinic_key, source_system, clinic_id, clinic_name, city, state,
  timezone, valid_from, is_inferred, is_deleted, recorded_at, load_id
FROM core.dim_clinic_history WHERE is_current;
