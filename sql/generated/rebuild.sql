-- Empties the derived tables, for a rebuild from silver. DELETE and not TRUNCATE, which Redshift commits at once: all of it is undone where
-- a load holds the lease.
DELETE FROM core.clinic_superseded;
DELETE FROM core.dim_clinic_history;
DELETE FROM core.patient_superseded;
DELETE FROM core.dim_patient_history;
DELETE FROM core.provider_superseded;
DELETE FROM core.dim_provider_history;
DELETE FROM core.appointment;
DELETE FROM core.appointment_superseded;
