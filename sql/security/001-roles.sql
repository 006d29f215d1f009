-- transactional: true
-- Database roles. IAM roles reach them by the tag RedshiftDbRoles; nobody else logs in but the administrator that migrates.
--   owner     owns what migrations make
--   loader    writes core and ops by the load files; reads nothing else
--   exporter  unloads gold_phi
--   reader    reads the counts of conservation; no core and no gold_phi (PHI), no records of the load
--   checker   reads what sql/checks and sql/generated/checks compare, for the daily check; writes nothing
CREATE ROLE owner;
CREATE ROLE loader;
CREATE ROLE exporter;
CREATE ROLE reader;
CREATE ROLE checker;
