-- transactional: true
-- generated: true
ALTER TABLE core.patient_superseded ADD COLUMN sensitivity_code varchar(16);
ALTER TABLE core.patient_superseded ADD COLUMN mrn varchar(64);
ALTER TABLE core.patient_superseded ADD COLUMN mrn_system varchar(128);
ALTER TABLE core.patient_superseded ADD COLUMN member_id varchar(64);
ALTER TABLE core.patient_superseded ADD COLUMN member_id_system varchar(128);
ALTER TABLE core.patient_superseded ADD COLUMN mrn_alias_key varchar(32);
ALTER TABLE core.patient_superseded ADD COLUMN member_id_alias_key varchar(32);
ALTER TABLE core.dim_patient_history ADD COLUMN deceased_at timestamp;
ALTER TABLE core.dim_patient_history ADD COLUMN is_deceased boolean;
ALTER TABLE core.dim_patient_history ADD COLUMN birth_date_precision varchar(32);
ALTER TABLE core.dim_patient_history ADD COLUMN race_code varchar(32);
ALTER TABLE core.dim_patient_history ADD COLUMN ethnicity_code varchar(32);
ALTER TABLE core.dim_patient_history ADD COLUMN language_code varchar(16);
ALTER TABLE core.dim_patient_history ADD COLUMN marital_status_code varchar(16);
ALTER TABLE core.dim_patient_history ADD COLUMN city varchar(128);
ALTER TABLE core.dim_patient_history ADD COLUMN is_test boolean;
ALTER TABLE core.dim_patient_history ADD COLUMN contact_opt_out boolean;
ALTER TABLE core.dim_patient_history ADD COLUMN sensitivity_code varchar(16);
ALTER TABLE core.dim_patient_history ADD COLUMN mrn varchar(64);
ALTER TABLE core.dim_patient_history ADD COLUMN mrn_system varchar(128);
ALTER TABLE core.dim_patient_history ADD COLUMN member_id varchar(64);
ALTER TABLE core.dim_patient_history ADD COLUMN member_id_system varchar(128);
ALTER TABLE core.dim_patient_history ADD COLUMN mrn_alias_key varchar(32);
ALTER TABLE core.dim_patient_history ADD COLUMN member_id_alias_key varchar(32);
CREATE TABLE IF NOT EXISTS core.procedure_code_superseded (
  procedure_code_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  code_system varchar(128),
  code varchar(64),
  display varchar(256),
  reference_version varchar(32),
  reference_from date,
  category varchar(128),
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_procedure_code_history (
  procedure_code_key varchar(32) NOT NULL,
  source_system varchar(64),
  code_system varchar(128),
  code varchar(64),
  display varchar(256),
  reference_version varchar(32),
  reference_from date,
  category varchar(128),
  valid_from timestamp NOT NULL,
  valid_to timestamp NOT NULL,
  is_current boolean NOT NULL,
  is_inferred boolean NOT NULL,
  is_deleted boolean NOT NULL,
  event_id varchar(128),
  payload_hash bigint,
  effective_at timestamp,
  recorded_at timestamp,
  source_order decimal(38,0),
  is_tied boolean,
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL SORTKEY (procedure_code_key);
INSERT INTO core.dim_procedure_code_history (procedure_code_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_procedure_code_history WHERE procedure_code_key = '00000000000000000000000000000000');
ALTER TABLE core.provider_superseded ADD COLUMN provider_id varchar(64);
ALTER TABLE core.provider_superseded ADD COLUMN identifier_system varchar(128);
ALTER TABLE core.provider_superseded ADD COLUMN identifier_value varchar(64);
ALTER TABLE core.provider_superseded ADD COLUMN entity_type_code varchar(32);
ALTER TABLE core.provider_superseded ADD COLUMN gender_code varchar(32);
ALTER TABLE core.provider_superseded ADD COLUMN credential varchar(64);
ALTER TABLE core.provider_superseded ADD COLUMN taxonomy_code varchar(10);
ALTER TABLE core.provider_superseded ADD COLUMN organization_id varchar(64);
ALTER TABLE core.provider_superseded ADD COLUMN city varchar(128);
ALTER TABLE core.provider_superseded ADD COLUMN state varchar(32);
ALTER TABLE core.provider_superseded ADD COLUMN zip5 varchar(5);
