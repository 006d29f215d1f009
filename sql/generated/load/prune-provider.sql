-- Provider: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_provider_history
WHERE is_inferred AND provider_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'provider')
  AND provider_key NOT IN (
    SELECT f.provider_key FROM core.appointment f
    WHERE f.provider_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'provider')
  )
  AND provider_key NOT IN (
    SELECT f.provider_key FROM core.encounter f
    WHERE f.provider_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'provider')
  )
  AND provider_key NOT IN (
    SELECT f.provider_key FROM core.medication_order f
    WHERE f.provider_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'provider')
  )
  AND provider_key NOT IN (
    SELECT f.provider_key FROM core.procedure f
    WHERE f.provider_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'provider')
  );
-- Of several sources that name a member by the authority that assigned its id, the least.
UPDATE core.dim_provider_history SET source_system = n.source_system
FROM (
  SELECT k.member_key, min(k.source_system) AS source_system FROM (
    SELECT f.provider_key AS member_key, f.source_system FROM core.appointment f
    WHERE f.provider_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'provider')
UNION ALL
    SELECT f.provider_key AS member_key, f.source_system FROM core.encounter f
    WHERE f.provider_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'provider')
UNION ALL
    SELECT f.provider_key AS member_key, f.source_system FROM core.medication_order f
    WHERE f.provider_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'provider')
UNION ALL
    SELECT f.provider_key AS member_key, f.source_system FROM core.procedure f
    WHERE f.provider_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'provider')
  ) k GROUP BY k.member_key
) n
WHERE n.member_key = dim_provider_history.provider_key AND dim_provider_history.is_inferred
  AND dim_provider_history.source_system <> n.source_system;
DELETE FROM ops.unreferenced WHERE entity = 'provider';
