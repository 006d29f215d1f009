-- transactional: true
-- Per entity a history, rebuilt for touched keys: a version holds on valid_from <= t < valid_to, the first one from -infinity
-- (1900-01-01), and carries the statement that it rests on. Statements that are no version (beaten at their instant, or equal to the
-- version before) stand in <entity>_superseded. The view <entity>_log is both: every distinct statement once, tombstones included.
CREATE TABLE IF NOT EXISTS core.clinic_superseded (
  clinic_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
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
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL SORTKEY (clinic_key);

CREATE TABLE IF NOT EXISTS core.provider_superseded (
  provider_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
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
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL SORTKEY (provider_key);

CREATE TABLE IF NOT EXISTS core.patient_superseded (
  patient_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
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
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (patient_key) SORTKEY (patient_key, valid_from);

-- Which source patients are one person. Empty until a merge says so: without a row a patient stands for itself.
CREATE TABLE IF NOT EXISTS core.patient_identity (
  patient_key varchar(32) NOT NULL,
  enterprise_patient_key varchar(32) NOT NULL,
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (patient_key);

-- The unknown member: what a fact names when the source names nobody, or nobody that can be told apart.
INSERT INTO core.dim_clinic_history (clinic_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_clinic_history WHERE clinic_key = '00000000000000000000000000000000');
INSERT INTO core.dim_provider_history (provider_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_provider_history WHERE provider_key = '00000000000000000000000000000000');
INSERT INTO core.dim_patient_history (patient_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_patient_history WHERE patient_key = '00000000000000000000000000000000');

-- Current rows: exactly one per key, so that joining a fact to them never changes its row count.
CREATE OR REPLACE VIEW core.dim_clinic AS
SELECT clinic_key, source_system, clinic_id, clinic_name, city, state, timezone, valid_from, is_inferred, is_deleted, recorded_at, load_id
FROM core.dim_clinic_history WHERE is_current;
CREATE OR REPLACE VIEW core.dim_provider AS
SELECT provider_key, source_system, npi, full_name, specialty, valid_from, is_inferred, is_deleted, recorded_at, load_id
FROM core.dim_provider_history WHERE is_current;
CREATE OR REPLACE VIEW core.dim_patient AS
SELECT p.patient_key, coalesce(i.enterprise_patient_key, p.patient_key) AS enterprise_patient_key, p.source_system, p.patient_id,
  p.first_name, p.last_name, p.gender_code, p.birth_date, p.reported_age_years, p.zip5, p.state, p.primary_payer_id,
  p.valid_from, p.is_inferred, p.is_deleted, p.recorded_at, p.load_id
FROM core.dim_patient_history p LEFT JOIN core.patient_identity i ON i.patient_key = p.patient_key
WHERE p.is_current;

-- The logs: every distinct statement once.
CREATE OR REPLACE VIEW core.clinic_log AS
SELECT clinic_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system, effective_at, recorded_at,
  clinic_id, clinic_name, city, state, timezone, dq_flags, load_id
FROM core.dim_clinic_history WHERE event_id IS NOT NULL
UNION ALL
SELECT clinic_key, event_id, payload_hash, op, source_system, effective_at, recorded_at,
  clinic_id, clinic_name, city, state, timezone, dq_flags, load_id
FROM core.clinic_superseded;
CREATE OR REPLACE VIEW core.provider_log AS
SELECT provider_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system, effective_at, recorded_at,
  npi, full_name, specialty, dq_flags, load_id
FROM core.dim_provider_history WHERE event_id IS NOT NULL
UNION ALL
SELECT provider_key, event_id, payload_hash, op, source_system, effective_at, recorded_at,
  npi, full_name, specialty, dq_flags, load_id
FROM core.provider_superseded;
CREATE OR REPLACE VIEW core.patient_log AS
SELECT patient_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system, effective_at, recorded_at,
  patient_id, first_name, last_name, gender_code, birth_date, reported_age_years, zip5, state, primary_payer_id, dq_flags, load_id
FROM core.dim_patient_history WHERE event_id IS NOT NULL
UNION ALL
SELECT patient_key, event_id, payload_hash, op, source_system, effective_at, recorded_at,
  patient_id, first_name, last_name, gender_code, birth_date, reported_age_years, zip5, state, primary_payer_id, dq_flags, load_id
FROM core.patient_superseded;
