-- {Entity}: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_{entity}_history
WHERE is_inferred AND {key} IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = '{entity}')
-- each keeper
  AND {key} NOT IN (
    SELECT f.{keeper} FROM core.{keeper.fact} f
    WHERE f.{keeper} IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = '{entity}')
  )
-- end
;
-- each link
-- Of several sources that name a member by the authority that assigned its id, the least.
UPDATE core.dim_{entity}_history SET source_system = n.source_system
FROM (
  SELECT k.member_key, min(k.source_system) AS source_system FROM (
-- each keeper, UNION ALL
    SELECT f.{keeper} AS member_key, f.source_system FROM core.{keeper.fact} f
    WHERE f.{keeper} IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = '{entity}')
-- end
  ) k GROUP BY k.member_key
) n
WHERE n.member_key = dim_{entity}_history.{key} AND dim_{entity}_history.is_inferred
  AND dim_{entity}_history.source_system <> n.source_system;
-- end
DELETE FROM ops.unreferenced WHERE entity = '{entity}';
