-- Pairs of provider members that are one person, in both directions, and each with itself: by an identifier that they share, or by a link. A link
-- that its first member lists stands while that member's version in effect lists as many.
CREATE VIEW core.provider_match AS
SELECT m.from_key, m.to_key FROM (
  SELECT s.first_key AS from_key, i.member_key AS to_key
  FROM core.provider_shared_identifier s
  JOIN core.provider_holder i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1
  UNION ALL
  SELECT i.member_key, s.first_key
  FROM core.provider_shared_identifier s
  JOIN core.provider_holder i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1
  UNION ALL
  SELECT i.member_key, i.member_key
  FROM core.provider_shared_identifier s
  JOIN core.provider_holder i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1
  UNION ALL
  SELECT CASE WHEN d.n IN (0, 2) THEN l.provider_1_key ELSE l.provider_2_key END, CASE WHEN d.n IN (0, 3) THEN l.provider_1_key ELSE l.provider_2_key END
  FROM core.dim_provider_link_history l
  CROSS JOIN ops.digit d
  WHERE d.n < 4 AND l.is_current AND NOT l.is_deleted AND l.provider_1_key IS NOT NULL
) m
GROUP BY m.from_key, m.to_key;
