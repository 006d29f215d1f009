-- transactional: true
-- Rights on the derived tables: the loader reads and writes them by the load files, and nothing else does. The checker reads what the
-- generated checks compare.
-- each dimension
GRANT SELECT, INSERT, DELETE ON core.{entity}_superseded TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.dim_{entity}_history TO ROLE loader;
GRANT SELECT ON core.{entity}_log TO ROLE loader;
-- each link
GRANT SELECT, INSERT, DELETE ON core.{link.of}_identity TO ROLE loader;
GRANT UPDATE ON core.dim_{link.of}_history TO ROLE loader;
GRANT SELECT ON core.{link.of}_match TO ROLE loader;
-- end
-- each holder
GRANT SELECT ON core.{holder}_identifier TO ROLE loader;
GRANT SELECT ON core.{holder}_identifier TO ROLE checker;
-- end
GRANT SELECT ON core.dim_{entity}_history TO ROLE checker;
GRANT SELECT ON core.{entity}_log TO ROLE checker;
GRANT SELECT ON core.{entity}_superseded TO ROLE checker;
-- end
-- each fact
GRANT SELECT, INSERT, UPDATE, DELETE ON core.{entity} TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.{entity}_superseded TO ROLE loader;
GRANT SELECT ON core.{entity}_log TO ROLE loader;
GRANT SELECT ON core.{entity} TO ROLE checker;
GRANT SELECT ON core.{entity}_superseded TO ROLE checker;
-- end
