-- {Entity}: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Facts that this load has just written are among them when they name such a member: a load that was given up and
-- selected again bears the same id, so that the id does not tell which facts know the change.
CREATE TEMP TABLE {entity}_restated AS
SELECT {f.owns}, f.load_id
FROM core.{entity} f
JOIN (
-- each reference, UNION
  SELECT f.{entity}_key FROM core.{entity} f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = '{reference.entity}' GROUP BY t.member_key
  ) t ON t.member_key = f.{reference}
  WHERE t.changed_from <= f.{asOf} AND f.{asOf} < t.changed_to
-- end
) r ON r.{entity}_key = f.{entity}_key;
DELETE FROM core.{entity} WHERE {entity}_key IN (SELECT r.{entity}_key FROM {entity}_restated r);
INSERT INTO core.{entity} ({columns}, load_id)
SELECT {f.owns},
  {attribute.value},
  CASE WHEN
    {reference.role}.{reference.key} IS NULL  -- each OR
  THEN NULL ELSE f.load_id END
FROM {entity}_restated f
-- each reference
LEFT JOIN core.dim_{reference.entity}_history {reference.role} ON {reference.role}.{reference.key} = f.{reference}
  AND {reference.role}.valid_from <= f.{asOf} AND f.{asOf} < {reference.role}.valid_to
-- end
;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.{entity} g WHERE g.{entity}_key IN (SELECT r.{entity}_key FROM {entity}_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM {entity}_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT '{entity}', CAST(:load_id AS varchar(32));
