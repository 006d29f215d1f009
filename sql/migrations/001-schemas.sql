-- transactional: true
-- Schemas: core (logs, dimensions, facts: PHI), gold_phi (one big tables and marts: PHI), ops (the load's own records: no PHI), and
-- custom, where a hospital keeps views of its own, which no release touches.
CREATE SCHEMA IF NOT EXISTS core;
CREATE SCHEMA IF NOT EXISTS gold_phi;
CREATE SCHEMA IF NOT EXISTS ops;
CREATE SCHEMA IF NOT EXISTS custom;

-- Which migration files ran, and the content they had.
CREATE TABLE IF NOT EXISTS ops.migration (
  name varchar(128) NOT NULL,
  sha256 varchar(64) NOT NULL
);

-- The release's views as they are now: a view is recreated only when its text changed.
CREATE TABLE IF NOT EXISTS ops.view (
  view_name varchar(256) NOT NULL,
  sha256 varchar(64) NOT NULL,
  definition varchar(65535) NOT NULL
);

-- The first statement of every load and migration locks this table. Nobody reads or writes it, so the lock makes writers
-- wait before their snapshot is taken, and disturbs no reader.
CREATE TABLE IF NOT EXISTS ops.load_lock (
  holder varchar(32)
);

-- One row. load_id names the load that is under way between two of its transactions; null when none is.
CREATE TABLE IF NOT EXISTS ops.load_lease (
  lease varchar(32) NOT NULL,
  load_id varchar(32)
);
INSERT INTO ops.load_lease (lease, load_id)
SELECT 'warehouse', CAST(NULL AS varchar(32)) WHERE NOT EXISTS (SELECT 1 FROM ops.load_lease);

-- Always empty. A guard raises by inserting NULL into the column that names what is wrong: the engine's error text then
-- carries the column, and the transaction is gone.
CREATE TABLE IF NOT EXISTS ops.guard (
  lease_is_ours varchar(64) DEFAULT 'yes' NOT NULL,
  object_is_new varchar(1024) DEFAULT 'yes' NOT NULL,
  object_list_is_whole varchar(64) DEFAULT 'yes' NOT NULL,
  key_is_ours varchar(64) DEFAULT 'yes' NOT NULL,
  earlier_steps_are_there varchar(64) DEFAULT 'yes' NOT NULL,
  facts_are_whole varchar(64) DEFAULT 'yes' NOT NULL,
  touched_are_restated varchar(64) DEFAULT 'yes' NOT NULL,
  unreferenced_are_pruned varchar(64) DEFAULT 'yes' NOT NULL
);

-- The fingerprint of the key secret that made every durable key in here. One row, written by the first load.
CREATE TABLE IF NOT EXISTS ops.key_fingerprint (
  fingerprint varchar(64) NOT NULL
);

-- One row per finished load, one per object it applied: written by the load's last transaction. A withdrawn object stays, and is marked.
-- recorded_to: the latest that its events know.
CREATE TABLE IF NOT EXISTS ops.load_ledger (
  load_id varchar(32) NOT NULL,
  object_count bigint NOT NULL,
  row_count bigint NOT NULL,
  key_fingerprint varchar(64) NOT NULL,
  recorded_to timestamp
);
CREATE TABLE IF NOT EXISTS ops.loaded_object (
  object varchar(1024) NOT NULL,
  entity varchar(64) NOT NULL,
  schema_version integer NOT NULL,
  row_count bigint NOT NULL,
  load_id varchar(32) NOT NULL,
  is_withdrawn boolean NOT NULL
);

-- What each load made of each entity, in events: rows of its objects, events that the log did not hold before, and repeats of those that
-- it did; and the latest that they know. Written by the transaction that applies them; a load that is given up leaves its row, and what it has added is no repeat
-- when its objects are read again. An attempt repeated under the same id writes an equal row.
CREATE TABLE IF NOT EXISTS ops.load_count (
  load_id varchar(32) NOT NULL,
  entity varchar(64) NOT NULL,
  recorded_to timestamp,
  rows_read bigint NOT NULL,
  events_added bigint NOT NULL,
  events_repeated bigint NOT NULL
);

-- What was counted about the keys that a load read again, since objects were withdrawn or restored, before it did: rows of the objects that
-- stood, and events of the log. recorded_to: the latest that the objects know which stand since. One row per transaction that did so.
CREATE TABLE IF NOT EXISTS ops.reread (
  load_id varchar(32) NOT NULL,
  entity varchar(64) NOT NULL,
  rows_before bigint NOT NULL,
  events_before bigint NOT NULL,
  recorded_to timestamp
);

-- What one phase of a load tells a later one, which may stand in another transaction. A load that is given up leaves its rows: its
-- changes are committed, and the next load that is finished follows them up. The last phase finds these tables done with and empties them.
-- Members whose history changed, and the time in which they may say something else now; they stood before.
CREATE TABLE IF NOT EXISTS ops.touched_member (
  load_id varchar(32) NOT NULL,
  entity varchar(64) NOT NULL,
  member_key varchar(32) NOT NULL,
  changed_from timestamp NOT NULL,
  changed_to timestamp NOT NULL
);
-- Facts that have followed the touched members in the load under way.
CREATE TABLE IF NOT EXISTS ops.restated (
  fact varchar(64) NOT NULL,
  load_id varchar(32) NOT NULL
);
-- Inferred members that perhaps no fact names any more.
CREATE TABLE IF NOT EXISTS ops.unreferenced (
  entity varchar(64) NOT NULL,
  member_key varchar(32) NOT NULL
);

-- Keys that withdrawn or restored objects name.
CREATE TABLE IF NOT EXISTS ops.reread_key (
  load_id varchar(32) NOT NULL,
  entity varchar(64) NOT NULL,
  entity_key varchar(32) NOT NULL
);

-- Ten digits: their cross joins number the days of dim_date and the minutes of dim_time.
CREATE TABLE IF NOT EXISTS ops.digit (
  n integer NOT NULL
);
INSERT INTO ops.digit (n)
SELECT d.n FROM (
  SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
  UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
) d WHERE NOT EXISTS (SELECT 1 FROM ops.digit);
