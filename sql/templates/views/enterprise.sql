-- One row per {entity} as an enterprise knows them: of all members that are one person, what the one says whose version is latest in effect.
CREATE VIEW core.enterprise_{entity} AS
SELECT v.enterprise_{key}, v.members, v.{key} AS latest_{key}, {v.naturals}, {v.attributes}, v.is_inferred, v.is_deleted
FROM (
  SELECT d.enterprise_{key}, d.{key}, {d.naturals}, {d.attributes}, d.is_inferred, d.is_deleted,
    count(*) OVER (PARTITION BY d.enterprise_{key}) AS members,
    ROW_NUMBER() OVER (PARTITION BY d.enterprise_{key}
      ORDER BY CASE WHEN d.is_inferred THEN 1 WHEN d.is_deleted THEN 1 ELSE 0 END, d.valid_from DESC, d.recorded_at DESC, d.{key}) AS place
  FROM core.dim_{entity} d
  WHERE d.{key} <> '00000000000000000000000000000000'
) v
WHERE v.place = 1;
