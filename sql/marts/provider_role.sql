-- Who works for which organization as what, and where, with the names of whom a role names by id or by another identifier. One row per role.
--   provider_role_key (varchar): the role.
--   source_system (varchar): the source that knows it.
--   provider_role_id (varchar): its identifier there.
--   provider_key (varchar): the provider, as facts name it.
--   provider_name (varchar): name of the provider; null where nobody has described one.
--   npi (varchar): National Provider Identifier.
--   role_code (varchar): code of the role, in the codes of the source.
--   role_display (varchar): the role in the words of the source.
--   specialty_system (varchar): code system of specialty_code.
--   specialty_code (varchar): code of the specialty.
--   specialty_display (varchar): the specialty in the words of the source.
--   organization_key (varchar): the organization.
--   organization_name (varchar): its name.
--   location_key (varchar): the first place of the role.
--   location_name (varchar): its name.
--   is_active (boolean): whether the role is in use, as the source says; null where it does not.
--   starts_on (date): first day of the role.
--   ends_on (date): last day of the role.
WITH named AS (
  SELECT r.provider_role_key, coalesce(p.member_key, r.provider_key) AS provider_key, coalesce(o.member_key, r.organization_key) AS organization_key,
    coalesce(l.member_key, r.location_key) AS location_key
  FROM {{ source('core', 'dim_provider_role') }} r
  LEFT JOIN (SELECT i.named_key, min(i.member_key) AS member_key FROM {{ source('core', 'provider_identifier') }} i GROUP BY i.named_key) p ON p.named_key = r.provider_key
  LEFT JOIN (SELECT i.named_key, min(i.member_key) AS member_key FROM {{ source('core', 'organization_identifier') }} i GROUP BY i.named_key) o ON o.named_key = r.organization_key
  LEFT JOIN (SELECT i.named_key, min(i.member_key) AS member_key FROM {{ source('core', 'location_identifier') }} i GROUP BY i.named_key) l ON l.named_key = r.location_key
)
SELECT r.provider_role_key, r.source_system, r.provider_role_id, n.provider_key, p.full_name AS provider_name, p.npi, r.role_code, r.role_display,
  r.specialty_system, r.specialty_code, r.specialty_display, n.organization_key, o.organization_name, n.location_key, l.location_name,
  r.is_active, r.starts_on, r.ends_on
FROM {{ source('core', 'dim_provider_role') }} r
JOIN named n ON n.provider_role_key = r.provider_role_key
LEFT JOIN {{ source('core', 'dim_provider') }} p ON p.provider_key = n.provider_key
LEFT JOIN {{ source('core', 'dim_organization') }} o ON o.organization_key = n.organization_key
LEFT JOIN {{ source('core', 'dim_location') }} l ON l.location_key = n.location_key
WHERE r.provider_role_id IS NOT NULL AND NOT r.is_deleted
