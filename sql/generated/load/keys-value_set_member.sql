-- Value set member: the keys that withdrawn or restored objects name. The load function has made changed_value_set_member and copied these objects into it.
-- Parameter: :load_id. An object that no load has taken stands in the ledger under the name of none, and is withdrawn until it is read.
INSERT INTO ops.guard (object_list_is_whole)
SELECT CAST(nullif(c.n, c.n) AS varchar(64))
FROM (SELECT count(*) AS n FROM changed_value_set_member) c
CROSS JOIN (SELECT coalesce(sum(row_count), 0) AS n FROM batch_object WHERE entity = 'value_set_member') b
WHERE c.n <> b.n;
-- Those of former loads are done with.
DELETE FROM ops.reread_key WHERE entity = 'value_set_member';
INSERT INTO ops.reread_key (load_id, entity, entity_key)
SELECT CAST(:load_id AS varchar(32)), 'value_set_member', c.value_set_member_key FROM changed_value_set_member c GROUP BY c.value_set_member_key;
INSERT INTO ops.loaded_object (object, entity, schema_version, row_count, load_id, is_withdrawn)
SELECT b.object, b.entity, b.schema_version, b.row_count, 'withdrawn', true FROM batch_object b
WHERE b.entity = 'value_set_member' AND NOT EXISTS (SELECT 1 FROM ops.loaded_object o WHERE o.object = b.object);
