-- Measurement unit: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_measurement_unit_history
WHERE is_inferred AND measurement_unit_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'measurement_unit')
  AND measurement_unit_key NOT IN (
    SELECT f.measurement_unit_key FROM core.observation f
    WHERE f.measurement_unit_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'measurement_unit')
  );
DELETE FROM ops.unreferenced WHERE entity = 'measurement_unit';
