-- Which view reads what. A late-binding view is bound to nothing and does not stand here.
SELECT DISTINCT u.view_schema, u.view_name, u.table_schema, u.table_name FROM information_schema.view_table_usage u ORDER BY 1, 2, 3, 4;
