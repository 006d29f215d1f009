-- transactional: true
-- generated: true
ALTER TABLE core.medication_order ADD COLUMN code_version varchar(32);
ALTER TABLE core.observation ADD COLUMN code_version varchar(32);
ALTER TABLE core.prescription_fill ADD COLUMN code_version varchar(32);
ALTER TABLE core.procedure ADD COLUMN code_version varchar(32);
