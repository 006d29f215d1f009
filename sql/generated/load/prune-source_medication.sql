-- Source medication: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_source_medication_history
WHERE is_inferred AND source_medication_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'source_medication')
  AND source_medication_key NOT IN (
    SELECT f.source_medication_key FROM core.medication_order f
    WHERE f.source_medication_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'source_medication')
  )
  AND source_medication_key NOT IN (
    SELECT f.source_medication_key FROM core.prescription_fill f
    WHERE f.source_medication_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'source_medication')
  );
DELETE FROM ops.unreferenced WHERE entity = 'source_medication';
