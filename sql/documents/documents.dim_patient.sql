-- Patients under the names of the data model of the documents; one row per record of a source, as it is now. created_at: when a source first knew it.
CREATE VIEW documents.dim_patient AS
SELECT p.patient_key, p.enterprise_patient_key, p.patient_id, p.first_name, p.last_name, p.gender_code AS gender, p.birth_date AS dob, c.created_at,
  p.city, p.state, p.zip5, p.source_system
FROM core.dim_patient p
LEFT JOIN (SELECT l.patient_key, min(l.recorded_at) AS created_at FROM core.patient_log l GROUP BY l.patient_key) c ON c.patient_key = p.patient_key;
