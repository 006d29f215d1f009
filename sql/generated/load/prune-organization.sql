-- Organization: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_organization_history
WHERE is_inferred AND organization_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'organization')
  AND organization_key NOT IN (
    SELECT f.organization_key FROM core.encounter f
    WHERE f.organization_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'organization')
  );
DELETE FROM ops.unreferenced WHERE entity = 'organization';
