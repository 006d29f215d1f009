-- transactional: true
-- generated: true
ALTER TABLE core.patient_superseded ADD COLUMN link_count integer;
ALTER TABLE core.patient_superseded ADD COLUMN mrn_assigned_key varchar(32);
ALTER TABLE core.patient_superseded ADD COLUMN member_id_assigned_key varchar(32);
ALTER TABLE core.dim_patient_history ADD COLUMN link_count integer;
ALTER TABLE core.dim_patient_history ADD COLUMN mrn_assigned_key varchar(32);
ALTER TABLE core.dim_patient_history ADD COLUMN member_id_assigned_key varchar(32);
ALTER TABLE core.patient_link_superseded ADD COLUMN position integer;
ALTER TABLE core.dim_patient_link_history ADD COLUMN position integer;
ALTER TABLE core.provider_superseded ADD COLUMN identifier_assigned_key varchar(32);
ALTER TABLE core.dim_provider_history ADD COLUMN identifier_assigned_key varchar(32);
