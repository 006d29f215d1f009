-- The tables of dimensions and facts, with the member of each dimension that stands for "not known".
-- Per dimension a history, rebuilt for touched keys: a version holds on valid_from <= t < valid_to, the first one from -infinity
-- (1900-01-01), and carries the event that it rests on. Events that are no version (beaten at their instant, or equal to the version
-- before) stand in <entity>_superseded. The view <entity>_log is both: every distinct event once, tombstones included.
CREATE TABLE IF NOT EXISTS core.clinic_superseded (
  clinic_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  clinic_id varchar(64),
  clinic_name varchar(256),
  city varchar(128),
  state varchar(32),
  timezone varchar(64),
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_clinic_history (
  clinic_key varchar(32) NOT NULL,
  source_system varchar(64),
  clinic_id varchar(64),
  clinic_name varchar(256),
  city varchar(128),
  state varchar(32),
  timezone varchar(64),
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
) DISTSTYLE ALL SORTKEY (clinic_key);
INSERT INTO core.dim_clinic_history (clinic_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_clinic_history WHERE clinic_key = '00000000000000000000000000000000');

CREATE TABLE IF NOT EXISTS core.patient_superseded (
  patient_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  patient_id varchar(64),
  first_name varchar(128),
  last_name varchar(128),
  gender_code varchar(16),
  birth_date date,
  reported_age_years integer,
  zip5 varchar(5),
  state varchar(32),
  primary_payer_id varchar(64),
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (patient_key);
CREATE TABLE IF NOT EXISTS core.dim_patient_history (
  patient_key varchar(32) ENCODE RAW NOT NULL,
  source_system varchar(64),
  patient_id varchar(64) ENCODE RAW,
  first_name varchar(128),
  last_name varchar(128),
  gender_code varchar(16),
  birth_date date,
  reported_age_years integer,
  zip5 varchar(5),
  state varchar(32),
  primary_payer_id varchar(64),
  valid_from timestamp NOT NULL,
  valid_to timestamp NOT NULL,
  is_current boolean NOT NULL,
  is_inferred boolean NOT NULL,
  is_deleted boolean NOT NULL,
  event_id varchar(128) ENCODE RAW,
  payload_hash bigint,
  effective_at timestamp,
  recorded_at timestamp,
  source_order decimal(38,0),
  is_tied boolean,
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (patient_key) SORTKEY (patient_key, valid_from);
INSERT INTO core.dim_patient_history (patient_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_patient_history WHERE patient_key = '00000000000000000000000000000000');

CREATE TABLE IF NOT EXISTS core.provider_superseded (
  provider_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  npi varchar(10),
  full_name varchar(256),
  specialty varchar(128),
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_provider_history (
  provider_key varchar(32) NOT NULL,
  source_system varchar(64),
  npi varchar(10),
  full_name varchar(256),
  specialty varchar(128),
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
) DISTSTYLE ALL SORTKEY (provider_key);
INSERT INTO core.dim_provider_history (provider_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_provider_history WHERE provider_key = '00000000000000000000000000000000');

-- Per fact one table, written by the loader alone: keys, what the winning event says, its measures, the event's identity and times, and
-- what its one big table takes from the members, as of the fact's own time. The views fact_<entity> and obt_<entity> show their part of it
-- without a join. Events that lost, tombstones included, stand in <entity>_superseded with the members that the contract calls as known.
-- dq_flags: rules that the event breaks by itself. state_flags: those that follow from the members, made again with the attributes.
-- Keys and ids are random or nearly so: ENCODE RAW spares the attempt to compress them. A reference that came with a later version is
-- the unknown member in the rows that stand.
CREATE TABLE IF NOT EXISTS core.appointment (
  appointment_key varchar(32) ENCODE RAW NOT NULL,
  appointment_id varchar(64) ENCODE RAW NOT NULL,
  source_system varchar(64) NOT NULL,
  patient_key varchar(32) ENCODE RAW NOT NULL,
  clinic_key varchar(32) NOT NULL,
  provider_key varchar(32) NOT NULL,
  scheduled_date_key integer,
  created_date_key integer,
  actual_date_key integer,
  scheduled_tz_offset_min integer,
  created_tz_offset_min integer,
  actual_tz_offset_min integer,
  scheduled_time_key integer,
  actual_time_key integer,
  appointment_type varchar(64),
  status_code varchar(32) NOT NULL,
  created_at timestamp,
  scheduled_start_at timestamp NOT NULL,
  scheduled_precision varchar(16),
  planned_duration_min integer,
  arrived_at timestamp,
  actual_start_at timestamp,
  completed_at timestamp,
  cancelled_at timestamp,
  reminder_count integer,
  start_delay_min double precision,
  lateness_min double precision,
  patient_late_min double precision,
  in_clinic_wait_min double precision,
  lead_time_days integer,
  actual_duration_min double precision,
  is_attended smallint,
  is_no_show smallint,
  is_cancelled smallint,
  is_unresolved smallint,
  is_delayed smallint,
  is_in_no_show_denominator smallint,
  scheduled_date date,
  created_date date,
  actual_date date,
  scheduled_month varchar(7),
  clinic_id varchar(64),
  clinic_name varchar(256),
  clinic_city varchar(128),
  clinic_state varchar(32),
  clinic_timezone varchar(64),
  patient_id varchar(64),
  patient_first_name varchar(128),
  patient_last_name varchar(128),
  patient_gender varchar(16),
  patient_dob date,
  patient_age_at_appt integer,
  patient_zip5 varchar(5),
  patient_state varchar(32),
  primary_payer_id varchar(64),
  provider_npi varchar(10),
  provider_name varchar(256),
  provider_specialty varchar(128),
  dq_flags varchar(512),
  state_flags varchar(255),
  event_id varchar(128) ENCODE RAW NOT NULL,
  payload_hash bigint NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  is_tied boolean NOT NULL,
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (patient_key) SORTKEY (scheduled_date_key, clinic_key);
CREATE TABLE IF NOT EXISTS core.appointment_superseded (
  appointment_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  status_code varchar(32),
  created_at timestamp,
  scheduled_start_at timestamp,
  arrived_at timestamp,
  actual_start_at timestamp,
  completed_at timestamp,
  cancelled_at timestamp,
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (appointment_key);

