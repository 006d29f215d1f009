-- The views that are there, whatever the record of views says: a table that was dropped took those that are bound to it along.
SELECT t.table_schema, t.table_name FROM information_schema.tables t WHERE t.table_type = 'VIEW' ORDER BY 1, 2;
