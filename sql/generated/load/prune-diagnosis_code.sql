-- Diagnosis code: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_diagnosis_code_history
WHERE is_inferred AND diagnosis_code_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'diagnosis_code')
  AND diagnosis_code_key NOT IN (
    SELECT f.diagnosis_code_key FROM core.diagnosis f
    WHERE f.diagnosis_code_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'diagnosis_code')
  );
DELETE FROM ops.unreferenced WHERE entity = 'diagnosis_code';
