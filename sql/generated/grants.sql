-- transactional: true
-- Rights on the derived tables: the loader reads and writes them by the load files, and nothing else does. The checker reads what the
-- generated checks compare.
GRANT SELECT, INSERT, DELETE ON core.clinic_superseded TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.dim_clinic_history TO ROLE loader;
GRANT SELECT ON core.clinic_log TO ROLE loader;
GRANT SELECT ON core.dim_clinic_history TO ROLE checker;
GRANT SELECT ON core.clinic_log TO ROLE checker;
GRANT SELECT ON core.clinic_superseded TO ROLE checker;
GRANT SELECT, INSERT, DELETE ON core.patient_superseded TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.dim_patient_history TO ROLE loader;
GRANT SELECT ON core.patient_log TO ROLE loader;
GRANT SELECT ON core.dim_patient_history TO ROLE checker;
GRANT SELECT ON core.patient_log TO ROLE checker;
GRANT SELECT ON core.patient_superseded TO ROLE checker;
GRANT SELECT, INSERT, DELETE ON core.provider_superseded TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.dim_provider_history TO ROLE loader;
GRANT SELECT ON core.provider_log TO ROLE loader;
GRANT SELECT ON core.dim_provider_history TO ROLE checker;
GRANT SELECT ON core.provider_log TO ROLE checker;
GRANT SELECT ON core.provider_superseded TO ROLE checker;
GRANT SELECT, INSERT, UPDATE, DELETE ON core.appointment TO ROLE loader;
GRANT SELECT, INSERT, DELETE ON core.appointment_superseded TO ROLE loader;
GRANT SELECT ON core.appointment_log TO ROLE loader;
GRANT SELECT ON core.appointment TO ROLE checker;
GRANT SELECT ON core.appointment_superseded TO ROLE checker;
