-- transactional: true
GRANT ALL ON SCHEMA core TO ROLE owner;
GRANT ALL ON SCHEMA gold TO ROLE owner;
GRANT ALL ON SCHEMA ops TO ROLE owner;
GRANT ALL ON ALL TABLES IN SCHEMA core TO ROLE owner;
GRANT ALL ON ALL TABLES IN SCHEMA gold TO ROLE owner;
GRANT ALL ON ALL TABLES IN SCHEMA ops TO ROLE owner;

GRANT USAGE ON SCHEMA core TO ROLE loader;
GRANT USAGE ON SCHEMA gold TO ROLE loader;
GRANT USAGE ON SCHEMA ops TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.clinic_superseded TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.provider_superseded TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.patient_superseded TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.dim_clinic_history TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.dim_provider_history TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.dim_patient_history TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.fact_appointment TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.appointment_superseded TO ROLE loader;
GRANT SELECT ON core.dim_date TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON gold.obt_appointment TO ROLE loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ops TO ROLE loader;

GRANT USAGE ON SCHEMA gold TO ROLE exporter;
GRANT SELECT ON ALL TABLES IN SCHEMA gold TO ROLE exporter;

GRANT USAGE ON SCHEMA gold TO ROLE reader;
GRANT USAGE ON SCHEMA ops TO ROLE reader;
GRANT SELECT ON ALL TABLES IN SCHEMA gold TO ROLE reader;
GRANT SELECT ON ops.conservation TO ROLE reader;
