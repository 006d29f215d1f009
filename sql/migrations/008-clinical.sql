-- transactional: true
-- generated: true
CREATE TABLE IF NOT EXISTS core.capacity_superseded (
  capacity_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  location_id varchar(64),
  staffed_bed_count integer,
  room_count integer,
  opening_hours varchar(128),
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_capacity_history (
  capacity_key varchar(32) NOT NULL,
  source_system varchar(64),
  location_id varchar(64),
  staffed_bed_count integer,
  room_count integer,
  opening_hours varchar(128),
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
) DISTSTYLE ALL SORTKEY (capacity_key);
INSERT INTO core.dim_capacity_history (capacity_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_capacity_history WHERE capacity_key = '00000000000000000000000000000000');
ALTER TABLE core.clinic_superseded ADD COLUMN organization_id varchar(64);
ALTER TABLE core.clinic_superseded ADD COLUMN address_line varchar(256);
ALTER TABLE core.clinic_superseded ADD COLUMN zip5 varchar(5);
ALTER TABLE core.clinic_superseded ADD COLUMN latitude double precision;
ALTER TABLE core.clinic_superseded ADD COLUMN longitude double precision;
ALTER TABLE core.dim_clinic_history ADD COLUMN organization_id varchar(64);
ALTER TABLE core.dim_clinic_history ADD COLUMN address_line varchar(256);
ALTER TABLE core.dim_clinic_history ADD COLUMN zip5 varchar(5);
ALTER TABLE core.dim_clinic_history ADD COLUMN latitude double precision;
ALTER TABLE core.dim_clinic_history ADD COLUMN longitude double precision;
CREATE TABLE IF NOT EXISTS core.diagnosis_code_superseded (
  diagnosis_code_key varchar(32) NOT NULL,
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
  chapter varchar(128),
  category varchar(128),
  is_billable boolean,
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_diagnosis_code_history (
  diagnosis_code_key varchar(32) NOT NULL,
  source_system varchar(64),
  code_system varchar(128),
  code varchar(64),
  display varchar(256),
  reference_version varchar(32),
  reference_from date,
  chapter varchar(128),
  category varchar(128),
  is_billable boolean,
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
) DISTSTYLE ALL SORTKEY (diagnosis_code_key);
INSERT INTO core.dim_diagnosis_code_history (diagnosis_code_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_diagnosis_code_history WHERE diagnosis_code_key = '00000000000000000000000000000000');
CREATE TABLE IF NOT EXISTS core.location_superseded (
  location_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  location_id varchar(64),
  location_name varchar(256),
  location_type_code varchar(64),
  identifier_system varchar(128),
  identifier_value varchar(64),
  organization_id varchar(64),
  part_of_location_id varchar(64),
  address_line varchar(256),
  city varchar(128),
  state varchar(32),
  zip5 varchar(5),
  latitude double precision,
  longitude double precision,
  timezone varchar(64),
  identifier_alias_key varchar(32),
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_location_history (
  location_key varchar(32) NOT NULL,
  source_system varchar(64),
  location_id varchar(64),
  location_name varchar(256),
  location_type_code varchar(64),
  identifier_system varchar(128),
  identifier_value varchar(64),
  organization_id varchar(64),
  part_of_location_id varchar(64),
  address_line varchar(256),
  city varchar(128),
  state varchar(32),
  zip5 varchar(5),
  latitude double precision,
  longitude double precision,
  timezone varchar(64),
  identifier_alias_key varchar(32),
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
) DISTSTYLE ALL SORTKEY (location_key);
INSERT INTO core.dim_location_history (location_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_location_history WHERE location_key = '00000000000000000000000000000000');
CREATE TABLE IF NOT EXISTS core.medication_superseded (
  medication_key varchar(32) NOT NULL,
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
  ingredient varchar(128),
  therapeutic_class varchar(128),
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_medication_history (
  medication_key varchar(32) NOT NULL,
  source_system varchar(64),
  code_system varchar(128),
  code varchar(64),
  display varchar(256),
  reference_version varchar(32),
  reference_from date,
  ingredient varchar(128),
  therapeutic_class varchar(128),
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
) DISTSTYLE ALL SORTKEY (medication_key);
INSERT INTO core.dim_medication_history (medication_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_medication_history WHERE medication_key = '00000000000000000000000000000000');
CREATE TABLE IF NOT EXISTS core.observation_code_superseded (
  observation_code_key varchar(32) NOT NULL,
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
  canonical_unit varchar(32),
  quantity_kind varchar(64),
  canonical_factor double precision,
  canonical_offset double precision,
  other_kind varchar(64),
  other_factor double precision,
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_observation_code_history (
  observation_code_key varchar(32) NOT NULL,
  source_system varchar(64),
  code_system varchar(128),
  code varchar(64),
  display varchar(256),
  reference_version varchar(32),
  reference_from date,
  category varchar(128),
  canonical_unit varchar(32),
  quantity_kind varchar(64),
  canonical_factor double precision,
  canonical_offset double precision,
  other_kind varchar(64),
  other_factor double precision,
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
) DISTSTYLE ALL SORTKEY (observation_code_key);
INSERT INTO core.dim_observation_code_history (observation_code_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_observation_code_history WHERE observation_code_key = '00000000000000000000000000000000');
CREATE TABLE IF NOT EXISTS core.organization_superseded (
  organization_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  organization_id varchar(64),
  organization_name varchar(256),
  organization_type_code varchar(64),
  npi varchar(10),
  identifier_system varchar(128),
  identifier_value varchar(64),
  part_of_organization_id varchar(64),
  address_line varchar(256),
  city varchar(128),
  state varchar(32),
  zip5 varchar(5),
  latitude double precision,
  longitude double precision,
  npi_alias_key varchar(32),
  identifier_alias_key varchar(32),
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_organization_history (
  organization_key varchar(32) NOT NULL,
  source_system varchar(64),
  organization_id varchar(64),
  organization_name varchar(256),
  organization_type_code varchar(64),
  npi varchar(10),
  identifier_system varchar(128),
  identifier_value varchar(64),
  part_of_organization_id varchar(64),
  address_line varchar(256),
  city varchar(128),
  state varchar(32),
  zip5 varchar(5),
  latitude double precision,
  longitude double precision,
  npi_alias_key varchar(32),
  identifier_alias_key varchar(32),
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
) DISTSTYLE ALL SORTKEY (organization_key);
INSERT INTO core.dim_organization_history (organization_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_organization_history WHERE organization_key = '00000000000000000000000000000000');
ALTER TABLE core.patient_superseded ADD COLUMN deceased_at timestamp;
ALTER TABLE core.patient_superseded ADD COLUMN is_deceased boolean;
ALTER TABLE core.patient_superseded ADD COLUMN birth_date_precision varchar(32);
ALTER TABLE core.patient_superseded ADD COLUMN race_code varchar(32);
ALTER TABLE core.patient_superseded ADD COLUMN ethnicity_code varchar(32);
ALTER TABLE core.patient_superseded ADD COLUMN language_code varchar(16);
ALTER TABLE core.patient_superseded ADD COLUMN marital_status_code varchar(16);
ALTER TABLE core.patient_superseded ADD COLUMN city varchar(128);
ALTER TABLE core.patient_superseded ADD COLUMN is_test boolean;
ALTER TABLE core.patient_superseded ADD COLUMN contact_opt_out boolean;
