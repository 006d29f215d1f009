-- transactional: true
-- Which source patients are one person. Empty until a merge says so: without a row a patient stands for itself.
CREATE TABLE IF NOT EXISTS core.patient_identity (
  patient_key varchar(32) NOT NULL, -- Durable key of the patient, as one source knows them
  enterprise_patient_key varchar(32) NOT NULL, -- Key of the person: the least key of all patients that are one
  load_id varchar(32) NOT NULL -- The load that said so
) DISTSTYLE KEY DISTKEY (patient_key);
