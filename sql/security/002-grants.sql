-- transactional: true
-- Rights on schemas, on the load's own records, on one big tables and marts. Those on the derived tables: sql/generated/grants.sql.
GRANT ALL ON SCHEMA core TO ROLE owner;
GRANT ALL ON SCHEMA gold_phi TO ROLE owner;
GRANT ALL ON SCHEMA ops TO ROLE owner;
GRANT ALL ON SCHEMA custom TO ROLE owner;
GRANT ALL ON ALL TABLES IN SCHEMA core TO ROLE owner;
GRANT ALL ON ALL TABLES IN SCHEMA gold_phi TO ROLE owner;
GRANT ALL ON ALL TABLES IN SCHEMA ops TO ROLE owner;
GRANT ALL ON SCHEMA documents TO ROLE owner;
GRANT ALL ON ALL TABLES IN SCHEMA documents TO ROLE owner;

GRANT USAGE ON SCHEMA core TO ROLE loader;
GRANT USAGE ON SCHEMA ops TO ROLE loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ops TO ROLE loader;
GRANT SELECT ON core.zone_offset TO ROLE loader;

GRANT USAGE ON SCHEMA gold_phi TO ROLE exporter;
GRANT SELECT ON ALL TABLES IN SCHEMA gold_phi TO ROLE exporter;

-- A reader sees no person: gold_phi is identified, so that only the counts are open until there is a level without identifiers.
GRANT USAGE ON SCHEMA ops TO ROLE reader;
GRANT USAGE ON SCHEMA custom TO ROLE reader;
GRANT SELECT ON ops.conservation TO ROLE reader;

-- The daily check counts rows that violate sql/checks and sql/generated/checks; it sees persons, and takes nothing but numbers out.
GRANT USAGE ON SCHEMA core TO ROLE checker;
GRANT USAGE ON SCHEMA gold_phi TO ROLE checker;
GRANT USAGE ON SCHEMA ops TO ROLE checker;
GRANT SELECT ON core.dim_date TO ROLE checker;
GRANT SELECT ON core.dim_time TO ROLE checker;
GRANT SELECT ON core.zone_offset TO ROLE checker;
GRANT SELECT ON core.dim_appointment_status TO ROLE checker;
GRANT SELECT ON core.fact_appointment TO ROLE checker;
GRANT SELECT ON gold_phi.obt_appointment TO ROLE checker;
GRANT SELECT ON ops.conservation TO ROLE checker;
GRANT SELECT ON ops.load_lease TO ROLE checker;
GRANT SELECT ON ops.load_ledger TO ROLE checker;
GRANT SELECT ON ops.loaded_object TO ROLE checker;
GRANT SELECT ON ops.load_count TO ROLE checker;
GRANT SELECT ON ops.reread TO ROLE checker;
GRANT SELECT ON ops.key_fingerprint TO ROLE checker;
