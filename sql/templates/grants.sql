-- transactional: true
-- Rights on the derived tables: the loader reads and writes them by the load files, and nothing else does.
-- each dimension
GRANT SELECT, INSERT, DELETE ON core.{entity}_superseded TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.dim_{entity}_history TO ROLE loader;
-- end
-- each fact
GRANT SELECT, INSERT, DELETE ON core.{entity} TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.{entity}_superseded TO ROLE loader;
-- end
