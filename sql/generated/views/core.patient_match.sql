-- Pairs of patient members that are one person, in both directions, and each with itself: by an identifier that they share, or by a link. A link
-- that its first member lists stands while that member's version in effect lists as many.
CREATE VIEW core.patient_match AS
SELECT m.from_key, m.to_key FROM (
  SELECT s.first_key AS from_key, i.member_key AS to_key
  FROM core.patient_shared_identifier s
  JOIN core.patient_holder i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1
  UNION ALL
  SELECT i.member_key, s.first_key
  FROM core.patient_shared_identifier s
  JOIN core.patient_holder i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1
  UNION ALL
  SELECT i.member_key, i.member_key
  FROM core.patient_shared_identifier s
  JOIN core.patient_holder i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
  WHERE s.joins = 1
  UNION ALL
  SELECT CASE WHEN d.n IN (0, 2) THEN l.patient_1_key ELSE l.patient_2_key END, CASE WHEN d.n IN (0, 3) THEN l.patient_1_key ELSE l.patient_2_key END
  FROM core.dim_patient_link_history l
  LEFT JOIN core.dim_patient_history p ON p.patient_key = l.patient_1_key AND p.is_current
  CROSS JOIN ops.digit d
  WHERE d.n < 4 AND l.is_current AND NOT l.is_deleted AND l.patient_1_key IS NOT NULL
    AND (l.position IS NULL OR l.position <= p.link_count)
) m
GROUP BY m.from_key, m.to_key;
