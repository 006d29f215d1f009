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
DELETE FROM ops.unreferenced WHERE entity = '{entity}';
