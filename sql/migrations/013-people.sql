-- transactional: true
-- generated: true
CREATE TABLE IF NOT EXISTS core.patient_link_superseded (
  patient_link_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  patient_link_id varchar(160),
  source_system_1 varchar(64),
  patient_id_1 varchar(64),
  source_system_2 varchar(64),
  patient_id_2 varchar(64),
  patient_1_key varchar(32),
  patient_2_key varchar(32),
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY (patient_link_key);
CREATE TABLE IF NOT EXISTS core.dim_patient_link_history (
  patient_link_key varchar(32) ENCODE RAW NOT NULL,
  source_system varchar(64),
  patient_link_id varchar(160) ENCODE RAW,
  source_system_1 varchar(64),
  patient_id_1 varchar(64),
  source_system_2 varchar(64),
  patient_id_2 varchar(64),
  patient_1_key varchar(32),
  patient_2_key varchar(32),
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
) DISTSTYLE KEY DISTKEY (patient_link_key) SORTKEY (patient_link_key, valid_from);
INSERT INTO core.dim_patient_link_history (patient_link_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_patient_link_history WHERE patient_link_key = '00000000000000000000000000000000');
CREATE TABLE IF NOT EXISTS core.provider_link_superseded (
  provider_link_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  provider_link_id varchar(160),
  source_system_1 varchar(64),
  provider_id_1 varchar(64),
  source_system_2 varchar(64),
  provider_id_2 varchar(64),
  provider_1_key varchar(32),
  provider_2_key varchar(32),
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_provider_link_history (
  provider_link_key varchar(32) NOT NULL,
  source_system varchar(64),
  provider_link_id varchar(160),
  source_system_1 varchar(64),
  provider_id_1 varchar(64),
  source_system_2 varchar(64),
  provider_id_2 varchar(64),
  provider_1_key varchar(32),
  provider_2_key varchar(32),
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
) DISTSTYLE ALL SORTKEY (provider_link_key);
INSERT INTO core.dim_provider_link_history (provider_link_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_provider_link_history WHERE provider_link_key = '00000000000000000000000000000000');
