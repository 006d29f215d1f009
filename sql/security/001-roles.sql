-- transactional: true
-- Database roles. IAM roles reach them by the tag RedshiftDbRoles; nobody else logs in but the administrator that migrates.
--   owner     owns what migrations make
--   loader    writes core, gold and ops by the load files; reads nothing else
--   exporter  unloads gold
--   reader    reads gold, the marts and the counts of conservation; no core (PHI), no books of the load
CREATE ROLE owner;
CREATE ROLE loader;
CREATE ROLE exporter;
CREATE ROLE reader;
