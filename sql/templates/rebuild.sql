-- Empties the derived tables, for a rebuild from silver. DELETE and not TRUNCATE, which Redshift commits at once: all of it is undone where
-- a load holds the lease.
-- each dimension
DELETE FROM core.{entity}_superseded;
DELETE FROM core.dim_{entity}_history;
-- end
-- each fact
DELETE FROM core.{entity};
DELETE FROM core.{entity}_superseded;
-- end
