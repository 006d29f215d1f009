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
DELETE FROM ops.unreferenced WHERE entity = 'provider';
