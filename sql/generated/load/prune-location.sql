-- Location: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_location_history
WHERE is_inferred AND location_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'location')
  AND location_key NOT IN (
    SELECT f.location_key FROM core.encounter f
    WHERE f.location_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'location')
  )
  AND location_key NOT IN (
    SELECT f.location_key FROM core.encounter_location f
    WHERE f.location_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'location')
  )
  AND location_key NOT IN (
    SELECT f.location_key FROM core.procedure f
    WHERE f.location_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'location')
  );
DELETE FROM ops.unreferenced WHERE entity = 'location';
