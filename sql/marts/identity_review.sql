-- What somebody has to decide about who is who: nothing of it joins two people by itself.
--   entity (varchar): patient or provider.
--   reason (varchar): many holders (more than three ids of one source hold the identifier), contradiction (its holders differ in birth date or gender), long chain (joined over more than 16 steps; its ends stay apart) or likely duplicate (equal birth date and family name, or equal postal code, given name and family name).
--   identifier_system (varchar): who assigned the identifier; null where it is about none.
--   key_1 (varchar): durable key of one member.
--   key_2 (varchar): durable key of the other.
-- Accents are taken off before letters are folded: what lower() makes of them depends on the engine's locale.
WITH folded AS (
  SELECT d.patient_key, d.enterprise_patient_key, d.birth_date, d.zip5,
    lower(translate(d.last_name, 'áàâäãåéèêëíìîïóòôöõøúùûüýñçßÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕØÚÙÛÜÝÑÇ', 'aaaaaaeeeeiiiioooooouuuuyncsaaaaaaeeeeiiiioooooouuuuync')) AS family_name,
    lower(translate(d.first_name, 'áàâäãåéèêëíìîïóòôöõøúùûüýñçßÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕØÚÙÛÜÝÑÇ', 'aaaaaaeeeeiiiioooooouuuuyncsaaaaaaeeeeiiiioooooouuuuync')) AS given_name
  FROM {{ source('core', 'dim_patient') }} d
  WHERE NOT d.is_deleted AND NOT d.is_inferred
)
SELECT CAST('patient' AS varchar(16)) AS entity, CAST(CASE WHEN s.most_in_source > 3 THEN 'many holders' ELSE 'contradiction' END AS varchar(32)) AS reason,
  CAST(s.identifier_system AS varchar(128)) AS identifier_system, s.first_key AS key_1, i.member_key AS key_2
FROM {{ source('core', 'patient_shared_identifier') }} s
JOIN {{ source('core', 'patient_identifier') }} i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
WHERE s.joins = 0 AND i.member_key <> s.first_key
UNION ALL
SELECT CAST('provider' AS varchar(16)), CASE WHEN s.most_in_source > 3 THEN 'many holders' ELSE 'contradiction' END, s.identifier_system, s.first_key, i.member_key
FROM {{ source('core', 'provider_shared_identifier') }} s
JOIN {{ source('core', 'provider_identifier') }} i ON i.identifier_system = s.identifier_system AND i.identifier_value = s.identifier_value
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
SELECT CAST('patient' AS varchar(16)), CAST('likely duplicate' AS varchar(32)), CAST(NULL AS varchar(128)), a.patient_key, b.patient_key
FROM folded a JOIN folded b ON b.birth_date = a.birth_date AND b.family_name = a.family_name AND b.patient_key > a.patient_key
WHERE b.enterprise_patient_key <> a.enterprise_patient_key
UNION ALL
SELECT CAST('patient' AS varchar(16)), CAST('likely duplicate' AS varchar(32)), CAST(NULL AS varchar(128)), a.patient_key, b.patient_key
FROM folded a JOIN folded b ON b.zip5 = a.zip5 AND b.given_name = a.given_name AND b.family_name = a.family_name AND b.patient_key > a.patient_key
WHERE b.enterprise_patient_key <> a.enterprise_patient_key AND (a.birth_date IS NULL OR b.birth_date IS NULL OR a.birth_date <> b.birth_date)
