-- Clinic: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_clinic_history
WHERE is_inferred AND clinic_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'clinic')
  AND clinic_key NOT IN (
    SELECT f.clinic_key FROM core.appointment f
    WHERE f.clinic_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'clinic')
  );
DELETE FROM ops.unreferenced WHERE entity = 'clinic';
