-- transactional: true
-- generated: true
CREATE TABLE IF NOT EXISTS core.value_set_member_superseded (
  value_set_member_key varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  value_set_id varchar(128),
  value_set_version varchar(32),
  code_system varchar(128),
  code varchar(64),
  value_set_name varchar(256),
  display varchar(256),
  version_from date,
  version_to date,
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS core.dim_value_set_member_history (
  value_set_member_key varchar(32) NOT NULL,
  source_system varchar(64),
  value_set_id varchar(128),
  value_set_version varchar(32),
  code_system varchar(128),
  code varchar(64),
  value_set_name varchar(256),
  display varchar(256),
  version_from date,
  version_to date,
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
) DISTSTYLE ALL SORTKEY (value_set_member_key);
INSERT INTO core.dim_value_set_member_history (value_set_member_key, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_value_set_member_history WHERE value_set_member_key = '00000000000000000000000000000000');
