-- Patient: inferred members that beaten facts named go again, unless a fact of any kind names them. After all facts of a load.
DELETE FROM core.dim_patient_history
WHERE is_inferred AND patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  AND patient_key NOT IN (
    SELECT f.patient_key FROM core.adverse_event f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  )
  AND patient_key NOT IN (
    SELECT f.patient_key FROM core.appointment f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  )
  AND patient_key NOT IN (
    SELECT f.patient_key FROM core.diagnosis f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  )
  AND patient_key NOT IN (
    SELECT f.patient_key FROM core.encounter f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  )
  AND patient_key NOT IN (
    SELECT f.patient_key FROM core.encounter_location f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  )
  AND patient_key NOT IN (
    SELECT f.patient_key FROM core.medication_order f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  )
  AND patient_key NOT IN (
    SELECT f.patient_key FROM core.observation f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  )
  AND patient_key NOT IN (
    SELECT f.patient_key FROM core.prescription_fill f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  )
  AND patient_key NOT IN (
    SELECT f.patient_key FROM core.procedure f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  );
-- Of several sources that name a member by the authority that assigned its id, the least.
UPDATE core.dim_patient_history SET source_system = n.source_system
FROM (
  SELECT k.member_key, min(k.source_system) AS source_system FROM (
    SELECT f.patient_key AS member_key, f.source_system FROM core.adverse_event f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.appointment f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.diagnosis f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.encounter f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.encounter_location f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.medication_order f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.observation f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.prescription_fill f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.procedure f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  ) k GROUP BY k.member_key
) n
WHERE n.member_key = dim_patient_history.patient_key AND dim_patient_history.is_inferred
  AND dim_patient_history.source_system <> n.source_system;
DELETE FROM ops.unreferenced WHERE entity = 'patient';
