-- Procedure code: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_procedure_code_history
WHERE is_inferred AND procedure_code_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'procedure_code')
  AND procedure_code_key NOT IN (
    SELECT f.procedure_code_key FROM core.procedure f
    WHERE f.procedure_code_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'procedure_code')
  );
DELETE FROM ops.unreferenced WHERE entity = 'procedure_code';
