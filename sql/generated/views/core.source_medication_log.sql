-- Every distinct event about a source_medication once, tombstones included.
CREATE VIEW core.source_medication_log AS
SELECT source_medication_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, medication_id, medication_system, medication_code, medication_display, status_code,
    form_code, form_display, ingredient_code, ingredient_display, ingredient_count, medication_key, dq_flags, load_id
FROM core.dim_source_medication_history WHERE event_id IS NOT NULL
UNION ALL
SELECT source_medication_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, medication_id, medication_system,
  medication_code, medication_display, status_code, form_code, form_display, ingredient_code, ingredient_display, ingredient_count,
  medication_key, dq_flags, load_id
FROM core.source_medication_superseded;
