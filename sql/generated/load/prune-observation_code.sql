-- Observation code: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_observation_code_history
WHERE is_inferred AND observation_code_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'observation_code')
  AND observation_code_key NOT IN (
    SELECT f.observation_code_key FROM core.diagnostic_report f
    WHERE f.observation_code_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'observation_code')
  )
  AND observation_code_key NOT IN (
    SELECT f.observation_code_key FROM core.observation f
    WHERE f.observation_code_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'observation_code')
  );
DELETE FROM ops.unreferenced WHERE entity = 'observation_code';
