-- Pairs of {entity} members that are one person, in both directions, and each with itself: by an identifier that they share, or by a link.
CREATE VIEW core.{entity}_match AS
SELECT m.from_key, m.to_key FROM (
  SELECT s.first_key AS from_key, i.member_key AS to_key
  FROM core.{entity}_shared_identifier s
  JOIN core.{entity}_identifier i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1 AND i.is_valid = 1
  UNION ALL
  SELECT i.member_key, s.first_key
  FROM core.{entity}_shared_identifier s
  JOIN core.{entity}_identifier i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1 AND i.is_valid = 1
  UNION ALL
  SELECT i.member_key, i.member_key
  FROM core.{entity}_shared_identifier s
  JOIN core.{entity}_identifier i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1 AND i.is_valid = 1
  UNION ALL
  SELECT CASE WHEN d.n IN (0, 2) THEN l.{entity}_1_key ELSE l.{entity}_2_key END, CASE WHEN d.n IN (0, 3) THEN l.{entity}_1_key ELSE l.{entity}_2_key END
-- each link
  FROM core.dim_{link}_history l
-- end
  CROSS JOIN ops.digit d
  WHERE d.n < 4 AND l.is_current AND NOT l.is_deleted AND l.{entity}_1_key IS NOT NULL
) m
GROUP BY m.from_key, m.to_key;
