-- transactional: true
-- generated: true
ALTER TABLE core.provider_superseded ADD COLUMN is_active boolean;
ALTER TABLE core.provider_superseded ADD COLUMN enumerated_on date;
ALTER TABLE core.provider_superseded ADD COLUMN deactivated_on date;
ALTER TABLE core.provider_superseded ADD COLUMN reactivated_on date;
ALTER TABLE core.provider_superseded ADD COLUMN npi_alias_key varchar(32);
ALTER TABLE core.provider_superseded ADD COLUMN identifier_alias_key varchar(32);
ALTER TABLE core.dim_provider_history ADD COLUMN provider_id varchar(64);
ALTER TABLE core.dim_provider_history ADD COLUMN identifier_system varchar(128);
ALTER TABLE core.dim_provider_history ADD COLUMN identifier_value varchar(64);
ALTER TABLE core.dim_provider_history ADD COLUMN entity_type_code varchar(32);
ALTER TABLE core.dim_provider_history ADD COLUMN gender_code varchar(32);
ALTER TABLE core.dim_provider_history ADD COLUMN credential varchar(64);
ALTER TABLE core.dim_provider_history ADD COLUMN taxonomy_code varchar(10);
ALTER TABLE core.dim_provider_history ADD COLUMN organization_id varchar(64);
ALTER TABLE core.dim_provider_history ADD COLUMN city varchar(128);
ALTER TABLE core.dim_provider_history ADD COLUMN state varchar(32);
ALTER TABLE core.dim_provider_history ADD COLUMN zip5 varchar(5);
ALTER TABLE core.dim_provider_history ADD COLUMN is_active boolean;
ALTER TABLE core.dim_provider_history ADD COLUMN enumerated_on date;
ALTER TABLE core.dim_provider_history ADD COLUMN deactivated_on date;
ALTER TABLE core.dim_provider_history ADD COLUMN reactivated_on date;
ALTER TABLE core.dim_provider_history ADD COLUMN npi_alias_key varchar(32);
ALTER TABLE core.dim_provider_history ADD COLUMN identifier_alias_key varchar(32);
CREATE TABLE IF NOT EXISTS core.adverse_event (
  adverse_event_key varchar(32) ENCODE RAW NOT NULL,
  adverse_event_id varchar(64) ENCODE RAW NOT NULL,
  source_system varchar(64) NOT NULL,
  patient_key varchar(32) ENCODE RAW NOT NULL,
  patient_named_key varchar(32),
  encounter_key varchar(32) ENCODE RAW NOT NULL,
  encounter_is_known smallint,
  occurred_date_key integer,
  occurred_tz_offset_min integer,
  encounter_id varchar(64),
  event_system varchar(128),
  event_code varchar(64),
  event_display varchar(256),
  actuality_code varchar(32),
  seriousness_code varchar(32),
  severity_code varchar(32),
  outcome_code varchar(32),
  occurred_at timestamp NOT NULL,
  is_counted smallint,
  occurred_date date,
  patient_id varchar(64),
  patient_gender varchar(16),
  patient_dob date,
  patient_age integer,
  patient_zip5 varchar(5),
  patient_state varchar(32),
  patient_is_test boolean,
  dq_flags varchar(512),
  state_flags varchar(255),
  event_id varchar(128) ENCODE RAW NOT NULL,
  payload_hash bigint NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  is_tied boolean NOT NULL,
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (patient_key) SORTKEY (occurred_date_key);
CREATE TABLE IF NOT EXISTS core.adverse_event_superseded (
  adverse_event_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (adverse_event_key);
ALTER TABLE core.appointment ADD COLUMN encounter_key varchar(32) DEFAULT '00000000000000000000000000000000' ENCODE RAW;
ALTER TABLE core.appointment ADD COLUMN encounter_is_known smallint;
ALTER TABLE core.appointment ADD COLUMN encounter_id varchar(64);
ALTER TABLE core.appointment ADD COLUMN slot_id varchar(64);
ALTER TABLE core.appointment ADD COLUMN referral_id varchar(64);
ALTER TABLE core.appointment ADD COLUMN priority_code varchar(32);
ALTER TABLE core.appointment ADD COLUMN modality_code varchar(32);
ALTER TABLE core.appointment ADD COLUMN channel_code varchar(32);
ALTER TABLE core.appointment ADD COLUMN hospital_name varchar(256);
ALTER TABLE core.appointment ADD COLUMN cancel_reason_code varchar(64);
CREATE TABLE IF NOT EXISTS core.diagnosis (
  diagnosis_key varchar(32) ENCODE RAW NOT NULL,
  diagnosis_id varchar(160) ENCODE RAW NOT NULL,
  source_system varchar(64) NOT NULL,
  patient_key varchar(32) ENCODE RAW NOT NULL,
  diagnosis_code_key varchar(32) NOT NULL,
  patient_named_key varchar(32),
  encounter_key varchar(32) ENCODE RAW NOT NULL,
  encounter_is_known smallint,
  diagnosed_date_key integer,
  diagnosed_tz_offset_min integer,
  encounter_id varchar(64),
  diagnosis_system varchar(128),
  diagnosis_code varchar(64),
  diagnosis_display varchar(256),
  category_code varchar(32),
  clinical_status_code varchar(32),
  verification_status_code varchar(32),
  diagnosed_at timestamp NOT NULL,
  diagnosed_precision varchar(32),
  onset_at timestamp,
  abated_at timestamp,
  is_active smallint,
  is_counted smallint,
  diagnosed_date date,
  patient_id varchar(64),
  patient_gender varchar(16),
  patient_dob date,
  patient_age integer,
  patient_zip5 varchar(5),
  patient_state varchar(32),
  patient_is_test boolean,
  reference_display varchar(256),
  diagnosis_code_category varchar(128),
  diagnosis_code_chapter varchar(128),
  is_billable boolean,
  code_version varchar(32),
  dq_flags varchar(512),
  state_flags varchar(255),
  event_id varchar(128) ENCODE RAW NOT NULL,
  payload_hash bigint NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  is_tied boolean NOT NULL,
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (patient_key) SORTKEY (diagnosed_date_key);
CREATE TABLE IF NOT EXISTS core.diagnosis_superseded (
  diagnosis_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (diagnosis_key);
CREATE TABLE IF NOT EXISTS core.encounter (
  encounter_key varchar(32) ENCODE RAW NOT NULL,
  encounter_id varchar(64) ENCODE RAW NOT NULL,
  source_system varchar(64) NOT NULL,
  patient_key varchar(32) ENCODE RAW NOT NULL,
  provider_key varchar(32) NOT NULL,
  organization_key varchar(32) NOT NULL,
  location_key varchar(32) NOT NULL,
  patient_named_key varchar(32),
  provider_named_key varchar(32),
  organization_named_key varchar(32),
  location_named_key varchar(32),
  appointment_key varchar(32) ENCODE RAW NOT NULL,
  appointment_is_known smallint,
  start_date_key integer,
  end_date_key integer,
  start_tz_offset_min integer,
  start_time_key integer,
  end_tz_offset_min integer,
  class_code varchar(32),
  status_code varchar(32) NOT NULL,
  start_at timestamp NOT NULL,
  end_at timestamp,
  type_system varchar(128),
  type_code varchar(64),
  type_display varchar(256),
  reason_system varchar(128),
  reason_code varchar(64),
  reason_display varchar(256),
  admit_source_code varchar(64),
  discharge_disposition_code varchar(64),
  appointment_id varchar(64),
  part_of_encounter_id varchar(64),
  location_count integer,
  base_cost_amount decimal(14,2),
  total_cost_amount decimal(14,2),
  payer_covered_amount decimal(14,2),
  duration_min integer,
  los_midnights integer,
  is_inpatient smallint,
  is_emergency smallint,
  is_in_house smallint,
  is_counted smallint,
  start_date date,
  end_date date,
  patient_id varchar(64),
  patient_gender varchar(16),
  patient_dob date,
  patient_age integer,
  patient_zip5 varchar(5),
  patient_state varchar(32),
  patient_is_test boolean,
  provider_name varchar(256),
  provider_specialty varchar(128),
  organization_name varchar(256),
  organization_city varchar(128),
  organization_state varchar(32),
  location_name varchar(256),
  location_city varchar(128),
  location_state varchar(32),
  location_timezone varchar(64),
  dq_flags varchar(512),
  state_flags varchar(255),
  event_id varchar(128) ENCODE RAW NOT NULL,
  payload_hash bigint NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  is_tied boolean NOT NULL,
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (patient_key) SORTKEY (start_date_key);
