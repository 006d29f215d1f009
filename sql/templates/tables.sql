-- The tables of dimensions and facts, with the member of each dimension that stands for "not known".
-- Per dimension a history, rebuilt for touched keys: a version holds on valid_from <= t < valid_to, the first one from -infinity
-- (1900-01-01), and carries the event that it rests on. Events that are no version (beaten at their instant, or equal to the version
-- before) stand in <entity>_superseded. The view <entity>_log is both: every distinct event once, tombstones included.
-- each dimension
CREATE TABLE IF NOT EXISTS core.{entity}_superseded (
  {key} varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  {natural} {natural.type},
  {attribute} {attribute.type},
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) {logLayout};
CREATE TABLE IF NOT EXISTS core.dim_{entity}_history (
  {key} varchar(32){raw} NOT NULL,
  source_system varchar(64),
  {natural} {natural.type}{raw},
  {attribute} {attribute.type},
  valid_from timestamp NOT NULL,
  valid_to timestamp NOT NULL,
  is_current boolean NOT NULL,
  is_inferred boolean NOT NULL,
  is_deleted boolean NOT NULL,
  event_id varchar(128){raw},
  payload_hash bigint,
  effective_at timestamp,
  recorded_at timestamp,
  source_order decimal(38,0),
  is_tied boolean,
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) {historyLayout};
INSERT INTO core.dim_{entity}_history ({key}, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT '00000000000000000000000000000000', timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false, 'migration'
WHERE NOT EXISTS (SELECT 1 FROM core.dim_{entity}_history WHERE {key} = '00000000000000000000000000000000');

-- end
-- Per fact one table, written by the loader alone: keys, what the winning event says, its measures, the event's identity and times, and
-- what its one big table takes from the members, as of the fact's own time. The views fact_<entity> and obt_<entity> show their part of it
-- without a join. Events that lost, tombstones included, stand in <entity>_superseded with the members that the contract calls as known.
-- dq_flags: rules that the event breaks by itself. state_flags: those that follow from the members, made again with the attributes.
-- Keys and ids are random or nearly so: ENCODE RAW spares the attempt to compress them. A reference that came with a later version is
-- the unknown member in the rows that stand.
-- each fact
CREATE TABLE IF NOT EXISTS core.{entity} (
  {key} varchar(32) ENCODE RAW NOT NULL,
  {natural} {natural.type} ENCODE RAW NOT NULL,
  source_system varchar(64) NOT NULL,
  {reference} varchar(32){reference.null},
  {identified.named} varchar(32),
  {relation} varchar(32){relation.null},
  {relation.known} smallint,
  {part} smallint,
  {date.key} integer,
  {member} {member.type}{member.null},
  {date} date,
  {attribute} {attribute.type},
  dq_flags varchar(512),
  state_flags varchar(255),
  event_id varchar(128) ENCODE RAW NOT NULL,
  payload_hash bigint NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  is_tied boolean NOT NULL,
  load_id varchar(32) NOT NULL
) {layout};
CREATE TABLE IF NOT EXISTS core.{entity}_superseded (
  {key} varchar(32) NOT NULL,
  event_id varchar(128) NOT NULL,
  payload_hash bigint NOT NULL,
  op varchar(8) NOT NULL,
  source_system varchar(64) NOT NULL,
  effective_at timestamp NOT NULL,
  recorded_at timestamp NOT NULL,
  source_order decimal(38,0) NOT NULL,
  {known} {known.type},
  dq_flags varchar(512),
  load_id varchar(32) NOT NULL
) DISTSTYLE KEY DISTKEY ({key});

-- end
