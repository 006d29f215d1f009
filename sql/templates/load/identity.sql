-- {Entity}: which members are one person, made anew from all identifiers and links, so that it holds in any order of arrival. The key of a
-- person is the least of the group. Parameter: :load_id.
-- Each pass doubles the reach: members are joined over at most 16 steps. Where a chain is longer, its ends stay apart (gold_phi.identity_review).
CREATE TEMP TABLE {entity}_reach_1 AS
SELECT m.from_key, m.to_key FROM core.{entity}_match m;
CREATE TEMP TABLE {entity}_reach_2 AS
SELECT DISTINCT a.from_key, b.to_key FROM {entity}_reach_1 a JOIN {entity}_reach_1 b ON b.from_key = a.to_key;
CREATE TEMP TABLE {entity}_reach_4 AS
SELECT DISTINCT a.from_key, b.to_key FROM {entity}_reach_2 a JOIN {entity}_reach_2 b ON b.from_key = a.to_key;
CREATE TEMP TABLE {entity}_reach_8 AS
SELECT DISTINCT a.from_key, b.to_key FROM {entity}_reach_4 a JOIN {entity}_reach_4 b ON b.from_key = a.to_key;
CREATE TEMP TABLE {entity}_one AS
SELECT a.from_key AS {key}, min(b.to_key) AS enterprise_key
FROM {entity}_reach_8 a JOIN {entity}_reach_8 b ON b.from_key = a.to_key
GROUP BY a.from_key;
DELETE FROM core.{entity}_identity
WHERE {key} IN (
  SELECT i.{key} FROM core.{entity}_identity i
  LEFT JOIN {entity}_one p ON p.{key} = i.{key} AND p.enterprise_key = i.enterprise_{key}
  WHERE p.{key} IS NULL
);
INSERT INTO core.{entity}_identity ({key}, enterprise_{key}, load_id)
SELECT p.{key}, p.enterprise_key, CAST(:load_id AS varchar(32))
FROM {entity}_one p
WHERE p.{key} NOT IN (SELECT i.{key} FROM core.{entity}_identity i);
-- Facts of several sources may name a member whom nobody has described, by the authority that assigned its id. It is of the least of them.
UPDATE core.dim_{entity}_history SET source_system = n.source_system
FROM (
  SELECT k.member_key, min(k.source_system) AS source_system FROM (
-- each keeper, UNION ALL
    SELECT f.{keeper} AS member_key, f.source_system FROM core.{keeper.fact} f
    WHERE f.{keeper} IN (SELECT h.{key} FROM core.dim_{entity}_history h WHERE h.is_inferred)
-- end
  ) k GROUP BY k.member_key
) n
WHERE n.member_key = dim_{entity}_history.{key} AND dim_{entity}_history.is_inferred
  AND dim_{entity}_history.source_system <> n.source_system;
