-- Which codes a value set holds, and on which days: valid_from <= day AND day < valid_to. One row per value set, version and code.
--   value_set_id (varchar): the value set: OID, canonical URL or name.
--   value_set_name (varchar): its name.
--   value_set_version (varchar): the version.
--   code_system (varchar): the code system of the code.
--   code (varchar): the code.
--   display (varchar): its name, as the value set has it.
--   valid_from (date): first day of the version.
--   valid_to (date): the first day on which the version holds no more; 9999-12-31 while none is known.
SELECT v.value_set_id, v.value_set_name, v.value_set_version, m.code_system, m.code, m.display, v.valid_from, v.valid_to
FROM {{ ref('value_set_version') }} v
JOIN {{ source('core', 'dim_value_set_member_history') }} m ON m.value_set_id = v.value_set_id AND m.value_set_version = v.value_set_version
WHERE m.is_current AND NOT m.is_deleted AND m.event_id IS NOT NULL
