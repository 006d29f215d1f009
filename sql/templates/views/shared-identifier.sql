-- Identifiers that several {entity} members hold. joins: 1 where they are one person for it; 0 where more than three members of one source hold it, or
-- its holders contradict each other: then it is nobody's, and somebody has to look.
CREATE VIEW core.{entity}_shared_identifier AS
SELECT s.identifier_system, s.identifier_value, s.first_key, s.members, s.most_in_source, s.contradictions,
  CASE WHEN s.most_in_source <= 3 AND s.contradictions = 0 THEN 1 ELSE 0 END AS joins
FROM (
  SELECT v.identifier_system, v.identifier_value, min(v.member_key) AS first_key, count(*) AS members, max(v.in_source) AS most_in_source,
    CAST(0
      + CASE WHEN count(DISTINCT h.{agree}) > 1 THEN 1 ELSE 0 END
    AS integer) AS contradictions
  FROM (
    SELECT x.identifier_system, x.identifier_value, x.member_key,
      count(*) OVER (PARTITION BY x.identifier_system, x.identifier_value, x.source_system) AS in_source
    FROM core.{entity}_holder x
  ) v
  JOIN core.dim_{entity}_history h ON h.{key} = v.member_key AND h.is_current
  GROUP BY v.identifier_system, v.identifier_value
  HAVING count(*) > 1
) s;
