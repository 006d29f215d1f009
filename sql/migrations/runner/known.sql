-- Whether a migration ever ran here: 1 or 0.
SELECT count(*) AS known FROM information_schema.tables t WHERE t.table_schema = 'ops' AND t.table_name = 'migration';
