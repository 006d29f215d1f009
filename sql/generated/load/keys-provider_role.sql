-- Provider role: the keys that withdrawn or restored objects name. The load function has made changed_provider_role and copied these objects into it.
-- Parameter: :load_id. An object that no load has taken stands in the ledger under the name of none, and is withdrawn until it is read.
INSERT INTO ops.guard (object_list_is_whole)
SELECT CAST(nullif(c.n, c.n) AS varchar(64))
FROM (SELECT count(*) AS n FROM changed_provider_role) c
CROSS JOIN (SELECT coalesce(sum(row_count), 0) AS n FROM batch_object WHERE entity = 'provider_role') b
WHERE c.n <> b.n;
-- Those of former loads are done with.
DELETE FROM ops.reread_key WHERE entity = 'provider_role';
INSERT INTO ops.reread_key (load_id, entity, entity_key)
SELECT CAST(:load_id AS varchar(32)), 'provider_role', c.provider_role_key FROM changed_provider_role c GROUP BY c.provider_role_key;
INSERT INTO ops.loaded_object (object, entity, schema_version, row_count, load_id, is_withdrawn)
SELECT b.object, b.entity, b.schema_version, b.row_count, 'withdrawn', true FROM batch_object b
WHERE b.entity = 'provider_role' AND NOT EXISTS (SELECT 1 FROM ops.loaded_object o WHERE o.object = b.object);
