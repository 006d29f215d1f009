-- Provider: which members are one person, made anew from all identifiers and links, so that it holds in any order of arrival. The key of a
-- person is the least of the group. Parameter: :load_id.
-- Each pass doubles the reach: members are joined over at most 16 steps. Where a chain is longer, its ends stay apart (gold_phi.identity_review).
CREATE TEMP TABLE provider_reach_1 AS
SELECT m.from_key, m.to_key FROM core.provider_match m;
CREATE TEMP TABLE provider_reach_2 AS
SELECT DISTINCT a.from_key, b.to_key FROM provider_reach_1 a JOIN provider_reach_1 b ON b.from_key = a.to_key;
CREATE TEMP TABLE provider_reach_4 AS
SELECT DISTINCT a.from_key, b.to_key FROM provider_reach_2 a JOIN provider_reach_2 b ON b.from_key = a.to_key;
CREATE TEMP TABLE provider_reach_8 AS
SELECT DISTINCT a.from_key, b.to_key FROM provider_reach_4 a JOIN provider_reach_4 b ON b.from_key = a.to_key;
CREATE TEMP TABLE provider_one AS
SELECT a.from_key AS provider_key, min(b.to_key) AS enterprise_key
FROM provider_reach_8 a JOIN provider_reach_8 b ON b.from_key = a.to_key
GROUP BY a.from_key;
DELETE FROM core.provider_identity
WHERE provider_key IN (
  SELECT i.provider_key FROM core.provider_identity i
  LEFT JOIN provider_one p ON p.provider_key = i.provider_key AND p.enterprise_key = i.enterprise_provider_key
  WHERE p.provider_key IS NULL
);
INSERT INTO core.provider_identity (provider_key, enterprise_provider_key, load_id)
SELECT p.provider_key, p.enterprise_key, CAST(:load_id AS varchar(32))
FROM provider_one p
WHERE p.provider_key NOT IN (SELECT i.provider_key FROM core.provider_identity i);
-- Facts of several sources may name a member whom nobody has described, by the authority that assigned its id. It is of the least of them.
UPDATE core.dim_provider_history SET source_system = n.source_system
FROM (
  SELECT k.member_key, min(k.source_system) AS source_system FROM (
    SELECT f.provider_key AS member_key, f.source_system FROM core.appointment f
    WHERE f.provider_key IN (SELECT h.provider_key FROM core.dim_provider_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.provider_key AS member_key, f.source_system FROM core.encounter f
    WHERE f.provider_key IN (SELECT h.provider_key FROM core.dim_provider_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.provider_key AS member_key, f.source_system FROM core.medication_order f
    WHERE f.provider_key IN (SELECT h.provider_key FROM core.dim_provider_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.provider_key AS member_key, f.source_system FROM core.procedure f
    WHERE f.provider_key IN (SELECT h.provider_key FROM core.dim_provider_history h WHERE h.is_inferred)
  ) k GROUP BY k.member_key
) n
WHERE n.member_key = dim_provider_history.provider_key AND dim_provider_history.is_inferred
  AND dim_provider_history.source_system <> n.source_system;
