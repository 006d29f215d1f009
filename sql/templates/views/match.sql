-- Pairs of {entity} members that are one person, in both directions, and each with itself: by an identifier that they share, or by a link. A link
-- that its first member lists stands while that member's version in effect lists as many.
CREATE VIEW core.{entity}_match AS
SELECT m.from_key, m.to_key FROM (
  SELECT s.first_key AS from_key, i.member_key AS to_key
  FROM core.{entity}_shared_identifier s
  JOIN core.{entity}_holder i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1
  UNION ALL
  SELECT i.member_key, s.first_key
  FROM core.{entity}_shared_identifier s
  JOIN core.{entity}_holder i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1
  UNION ALL
  SELECT i.member_key, i.member_key
  FROM core.{entity}_shared_identifier s
  JOIN core.{entity}_holder i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1
  UNION ALL
  SELECT CASE WHEN d.n IN (0, 2) THEN l.{entity}_1_key ELSE l.{entity}_2_key END, CASE WHEN d.n IN (0, 3) THEN l.{entity}_1_key ELSE l.{entity}_2_key END
-- each link
  FROM core.dim_{link}_history l
-- end
-- each listed
  LEFT JOIN core.dim_{entity}_history p ON p.{key} = l.{entity}_1_key AND p.is_current
-- end
  CROSS JOIN ops.digit d
  WHERE d.n < 4 AND l.is_current AND NOT l.is_deleted AND l.{entity}_1_key IS NOT NULL
    AND (l.{listed.position} IS NULL OR l.{listed.position} <= p.{listed})
) m
GROUP BY m.from_key, m.to_key;
