-- What somebody has to decide about who is who: nothing of it joins two people by itself.
--   entity (varchar): patient or provider.
--   reason (varchar): many holders (more than three ids of one source hold the identifier), contradiction (its holders differ in birth date or gender), long chain (joined over more than 16 steps; its ends stay apart) or likely duplicate (equal birth date, and equal family name or equal postal code and given name).
--   identifier_system (varchar): who assigned the identifier; null where it is about none.
--   key_1 (varchar): durable key of one member; of many likely duplicates, the least of them.
--   key_2 (varchar): durable key of the other.
-- Likely duplicates are listed beside the least key among them, not each beside each: newborns of one day without a name of their own, or a birth date
-- that stands for unknown, would make millions of pairs.
-- Accents are taken off before letters are folded: what lower() makes of them depends on the engine's locale.
WITH folded AS (
  SELECT d.patient_key, d.enterprise_patient_key, d.birth_date, d.zip5,
    lower(translate(d.last_name, 'áàâäãåéèêëíìîïóòôöõøúùûüýñçßÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕØÚÙÛÜÝÑÇ', 'aaaaaaeeeeiiiioooooouuuuyncsaaaaaaeeeeiiiioooooouuuuync')) AS family_name,
    lower(translate(d.first_name, 'áàâäãåéèêëíìîïóòôöõøúùûüýñçßÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕØÚÙÛÜÝÑÇ', 'aaaaaaeeeeiiiioooooouuuuyncsaaaaaaeeeeiiiioooooouuuuync')) AS given_name
  FROM {{ source('core', 'dim_patient') }} d
  WHERE NOT d.is_deleted AND NOT d.is_inferred
), alike AS (
  SELECT f.patient_key, f.enterprise_patient_key, f.family_name, f.given_name, f.zip5,
    min(f.patient_key) OVER (PARTITION BY f.birth_date, f.family_name) AS first_of_name,
    min(f.patient_key) OVER (PARTITION BY f.birth_date, f.zip5, f.given_name) AS first_of_place
  FROM folded f
  WHERE f.birth_date IS NOT NULL
)
SELECT CAST('patient' AS varchar(16)) AS entity, CAST(CASE WHEN s.most_in_source > 3 THEN 'many holders' ELSE 'contradiction' END AS varchar(32)) AS reason,
  CAST(s.identifier_system AS varchar(128)) AS identifier_system, s.first_key AS key_1, i.member_key AS key_2
FROM {{ source('core', 'patient_shared_identifier') }} s
JOIN {{ source('core', 'patient_holder') }} i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
WHERE s.joins = 0 AND i.member_key <> s.first_key
UNION ALL
SELECT CAST('provider' AS varchar(16)), CASE WHEN s.most_in_source > 3 THEN 'many holders' ELSE 'contradiction' END, s.identifier_system, s.first_key, i.member_key
FROM {{ source('core', 'provider_shared_identifier') }} s
JOIN {{ source('core', 'provider_holder') }} i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
WHERE s.joins = 0 AND i.member_key <> s.first_key
UNION ALL
SELECT CAST('patient' AS varchar(16)), CAST('long chain' AS varchar(32)), CAST(NULL AS varchar(128)), m.from_key, m.to_key
FROM {{ source('core', 'patient_match') }} m
JOIN {{ source('core', 'patient_identity') }} a ON a.patient_key = m.from_key
JOIN {{ source('core', 'patient_identity') }} b ON b.patient_key = m.to_key
WHERE a.enterprise_patient_key <> b.enterprise_patient_key AND m.from_key < m.to_key
UNION ALL
SELECT CAST('provider' AS varchar(16)), CAST('long chain' AS varchar(32)), CAST(NULL AS varchar(128)), m.from_key, m.to_key
FROM {{ source('core', 'provider_match') }} m
JOIN {{ source('core', 'provider_identity') }} a ON a.provider_key = m.from_key
JOIN {{ source('core', 'provider_identity') }} b ON b.provider_key = m.to_key
WHERE a.enterprise_provider_key <> b.enterprise_provider_key AND m.from_key < m.to_key
UNION ALL
SELECT CAST('patient' AS varchar(16)), CAST('likely duplicate' AS varchar(32)), CAST(NULL AS varchar(128)), a.first_of_name, a.patient_key
FROM alike a JOIN folded b ON b.patient_key = a.first_of_name
WHERE a.family_name IS NOT NULL AND b.enterprise_patient_key <> a.enterprise_patient_key
UNION ALL
SELECT CAST('patient' AS varchar(16)), CAST('likely duplicate' AS varchar(32)), CAST(NULL AS varchar(128)), a.first_of_place, a.patient_key
FROM alike a JOIN folded b ON b.patient_key = a.first_of_place
WHERE a.zip5 IS NOT NULL AND a.given_name IS NOT NULL AND b.enterprise_patient_key <> a.enterprise_patient_key
  AND coalesce(b.family_name, '') <> coalesce(a.family_name, '')
