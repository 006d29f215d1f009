-- transactional: true
-- Rights on schemas, on the load's own records, on one big tables and marts. Those on the derived tables: sql/generated/grants.sql.
GRANT ALL ON SCHEMA core TO ROLE owner;
GRANT ALL ON SCHEMA gold_phi TO ROLE owner;
GRANT ALL ON SCHEMA ops TO ROLE owner;
GRANT ALL ON SCHEMA custom TO ROLE owner;
GRANT ALL ON ALL TABLES IN SCHEMA core TO ROLE owner;
GRANT ALL ON ALL TABLES IN SCHEMA gold_phi TO ROLE owner;
GRANT ALL ON ALL TABLES IN SCHEMA ops TO ROLE owner;

GRANT USAGE ON SCHEMA core TO ROLE loader;
GRANT USAGE ON SCHEMA ops TO ROLE loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ops TO ROLE loader;

GRANT USAGE ON SCHEMA gold_phi TO ROLE exporter;
GRANT SELECT ON ALL TABLES IN SCHEMA gold_phi TO ROLE exporter;

-- A reader sees no person: gold_phi is identified, so that only the counts are open until there is a level without identifiers.
GRANT USAGE ON SCHEMA ops TO ROLE reader;
GRANT USAGE ON SCHEMA custom TO ROLE reader;
GRANT SELECT ON ops.conservation TO ROLE reader;
