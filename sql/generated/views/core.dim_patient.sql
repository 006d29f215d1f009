-- Current rows: exactly one per key, so that joining a fact to them never changes its row count. A patient without a row in
-- patient_identity stands for itself.
CREATE VIEW core.dim_patient AS
SELECT p.patient_key, coalesce(i.enterprise_patient_key, p.patient_key) AS enterprise_patient_key, p.source_system,
  p.patient_id, p.first_name, p.last_name, p.gender_code, p.birth_date, p.reported_age_years, p.zip5, p.state,
    p.primary_payer_id, p.valid_from, p.is_inferred, p.is_deleted, p.recorded_at, p.load_id
FROM core.dim_patient_history p LEFT JOIN core.patient_identity i ON i.patient_key = p.patient_key
WHERE p.is_current;
