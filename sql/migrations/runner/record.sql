-- Notes what ran, once. Parameters: :name, :sha256.
INSERT INTO ops.migration (name, sha256)
SELECT CAST(:name AS varchar(128)), CAST(:sha256 AS varchar(64))
WHERE NOT EXISTS (SELECT 1 FROM ops.migration m WHERE m.name = CAST(:name AS varchar(128)));
