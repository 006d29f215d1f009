-- Medication: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_medication_history
WHERE is_inferred AND medication_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'medication')
  AND medication_key NOT IN (
    SELECT f.medication_key FROM core.medication_order f
    WHERE f.medication_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'medication')
  )
  AND medication_key NOT IN (
    SELECT f.medication_key FROM core.prescription_fill f
    WHERE f.medication_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'medication')
  );
DELETE FROM ops.unreferenced WHERE entity = 'medication';
