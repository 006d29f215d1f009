-- transactional: true
-- generated: true
ALTER TABLE core.patient_superseded ADD COLUMN deceased_precision varchar(32);
ALTER TABLE core.dim_patient_history ADD COLUMN deceased_precision varchar(32);
ALTER TABLE core.adverse_event ADD COLUMN patient_age_band varchar(8);
ALTER TABLE core.appointment ADD COLUMN patient_age_band varchar(8);
ALTER TABLE core.diagnosis ADD COLUMN onset_precision varchar(32);
ALTER TABLE core.diagnosis ADD COLUMN abated_precision varchar(32);
ALTER TABLE core.diagnosis ADD COLUMN patient_age_band varchar(8);
ALTER TABLE core.encounter ADD COLUMN patient_age_band varchar(8);
ALTER TABLE core.encounter_location ADD COLUMN patient_age_band varchar(8);
ALTER TABLE core.medication_order ADD COLUMN reason_diagnosis_key varchar(32) DEFAULT '00000000000000000000000000000000' ENCODE RAW;
ALTER TABLE core.medication_order ADD COLUMN reason_diagnosis_is_known smallint;
ALTER TABLE core.medication_order ADD COLUMN reason_system varchar(128);
ALTER TABLE core.medication_order ADD COLUMN reason_code varchar(64);
ALTER TABLE core.medication_order ADD COLUMN reason_display varchar(256);
ALTER TABLE core.medication_order ADD COLUMN reason_diagnosis_id varchar(160);
ALTER TABLE core.medication_order ADD COLUMN patient_age_band varchar(8);
ALTER TABLE core.observation ADD COLUMN patient_age_band varchar(8);
ALTER TABLE core.prescription_fill ADD COLUMN patient_age_band varchar(8);
ALTER TABLE core.procedure ADD COLUMN reason_diagnosis_key varchar(32) DEFAULT '00000000000000000000000000000000' ENCODE RAW;
ALTER TABLE core.procedure ADD COLUMN reason_diagnosis_is_known smallint;
ALTER TABLE core.procedure ADD COLUMN reason_system varchar(128);
ALTER TABLE core.procedure ADD COLUMN reason_code varchar(64);
ALTER TABLE core.procedure ADD COLUMN reason_display varchar(256);
ALTER TABLE core.procedure ADD COLUMN reason_diagnosis_id varchar(160);
ALTER TABLE core.procedure ADD COLUMN patient_age_band varchar(8);
