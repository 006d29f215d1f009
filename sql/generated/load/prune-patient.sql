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
    SELECT f.patient_key FROM core.diagnostic_report f
    WHERE f.patient_key IN (SELECT u.member_key FROM ops.unreferenced u WHERE u.entity = 'patient')
  )
  AND patient_key NOT IN (
    SELECT f.patient_key FROM core.diagnostic_report_result f
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
DELETE FROM ops.unreferenced WHERE entity = 'patient';
