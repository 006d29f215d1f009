-- {Entity}: facts that name a member by an identifier are named anew, where its holder came, is another one, or is gone. Parameter: :load_id.
-- Before facts are restated, which take the attributes of the members that are noted here as touched.
-- each identified
CREATE TEMP TABLE {entity}_{identified.role}_renamed AS
SELECT f.{entity}_key, f.source_system, f.{identified} AS held_key, coalesce(i.member_key, f.{identified.named}) AS member_key
FROM core.{entity} f
LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.{identified.entity}_identifier v GROUP BY v.named_key
) i ON i.named_key = f.{identified.named}
WHERE f.{identified} <> coalesce(i.member_key, f.{identified.named});
-- Who is named no longer may be an inferred member that goes (prune-{identified.entity}.sql); who is named now may have to be inferred.
INSERT INTO ops.unreferenced (entity, member_key)
SELECT '{identified.entity}', h.{identified.key} FROM core.dim_{identified.entity}_history h
WHERE h.is_inferred AND h.{identified.key} IN (SELECT r.held_key FROM {entity}_{identified.role}_renamed r);
INSERT INTO core.dim_{identified.entity}_history ({identified.key}, source_system, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT r.member_key, min(r.source_system), timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM {entity}_{identified.role}_renamed r
WHERE r.member_key NOT IN (SELECT h.{identified.key} FROM core.dim_{identified.entity}_history h)
GROUP BY r.member_key;
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT CAST(:load_id AS varchar(32)), '{identified.entity}', r.member_key, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00'
FROM {entity}_{identified.role}_renamed r GROUP BY r.member_key;
UPDATE core.{entity} SET {identified} = r.member_key
FROM {entity}_{identified.role}_renamed r WHERE r.{entity}_key = {entity}.{entity}_key;
-- end
