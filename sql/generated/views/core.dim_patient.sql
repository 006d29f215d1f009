-- Rows in effect at the watermark: exactly one per key, so that joining a fact to them never changes its row count. A version that begins
-- later is in the history already. A patient without a row in
-- patient_identity stands for itself.
CREATE VIEW core.dim_patient AS
SELECT p.patient_key, coalesce(i.enterprise_patient_key, p.patient_key) AS enterprise_patient_key, p.source_system,
  p.patient_id, p.first_name, p.last_name, p.gender_code, p.birth_date, p.reported_age_years, p.zip5, p.state, p.primary_payer_id,
    p.deceased_at, p.is_deceased, p.birth_date_precision, p.race_code, p.ethnicity_code, p.language_code, p.marital_status_code,
    p.city, p.is_test, p.contact_opt_out, p.sensitivity_code, p.mrn, p.mrn_system, p.member_id, p.member_id_system,
    p.deceased_precision, p.link_count, p.mrn_alias_key, p.mrn_assigned_key, p.member_id_alias_key,
    p.member_id_assigned_key, p.valid_from, p.is_inferred, p.is_deleted, p.recorded_at,
  CASE WHEN p.is_tied THEN coalesce(p.dq_flags || ' ', '') || 'DQ-TIE-01' ELSE p.dq_flags END AS dq_flags, p.load_id
FROM core.dim_patient_history p LEFT JOIN core.patient_identity i ON i.patient_key = p.patient_key
WHERE p.valid_from <= (SELECT w.recorded_to FROM ops.watermark w) AND p.valid_to > (SELECT w.recorded_to FROM ops.watermark w);
