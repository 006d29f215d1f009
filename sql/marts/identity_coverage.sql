-- How many of the people whom a source knows are known by another record too, of any source.
--   entity (varchar): patient or provider.
--   source_system (varchar): the source; null for members whom only an NPI names.
--   members (bigint): its records, those that facts alone name among them.
--   persons (bigint): the persons that these are.
--   unlinked (bigint): records that are a person by themselves, since no identifier and no link joins them to another one.
SELECT c.entity, c.source_system, CAST(count(*) AS bigint) AS members,
  CAST(count(DISTINCT c.person_key) AS bigint) AS persons,
  CAST(sum(CASE WHEN c.of_person = 1 THEN 1 ELSE 0 END) AS bigint) AS unlinked
FROM (
  SELECT CAST('patient' AS varchar(16)) AS entity, p.source_system, p.enterprise_patient_key AS person_key,
    count(*) OVER (PARTITION BY p.enterprise_patient_key) AS of_person
  FROM {{ source('core', 'dim_patient') }} p
  WHERE NOT p.is_deleted AND p.patient_key <> '00000000000000000000000000000000'
  UNION ALL
  SELECT CAST('provider' AS varchar(16)), p.source_system, p.enterprise_provider_key,
    count(*) OVER (PARTITION BY p.enterprise_provider_key)
  FROM {{ source('core', 'dim_provider') }} p
  WHERE NOT p.is_deleted AND p.provider_key <> '00000000000000000000000000000000'
) c
GROUP BY c.entity, c.source_system
