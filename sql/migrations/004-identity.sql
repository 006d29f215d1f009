-- transactional: true
-- Which source patients are one person. Empty until a merge says so: without a row a patient stands for itself.
CREATE TABLE IF NOT EXISTS core.patient_identity (
  patient_key varchar(32) NOT NULL,
  enterprise_patient_key varchar(32) NOT NULL,
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (patient_key);
