-- Who holds which right identifier of a patient: who states it, and who has it for an id, by the authority that assigned it, whether any source
-- describes that one or facts alone name it.
CREATE VIEW core.patient_holder AS
SELECT v.identifier_system, v.identifier_value, v.member_key, v.source_system FROM (
  SELECT i.identifier_system, i.identifier_value, i.member_key, i.source_system FROM core.patient_identifier i WHERE i.is_valid = 1
  UNION ALL
  SELECT h.mrn_system, h.mrn, m.patient_key, m.source_system
  FROM core.dim_patient_history h JOIN core.dim_patient_history m ON m.patient_key = h.mrn_assigned_key
  WHERE h.is_current AND NOT h.is_deleted AND NOT h.is_inferred AND m.is_current AND NOT m.is_deleted
  UNION ALL
  SELECT h.member_id_system, h.member_id, m.patient_key, m.source_system
  FROM core.dim_patient_history h JOIN core.dim_patient_history m ON m.patient_key = h.member_id_assigned_key
  WHERE h.is_current AND NOT h.is_deleted AND NOT h.is_inferred AND m.is_current AND NOT m.is_deleted
) v
GROUP BY v.identifier_system, v.identifier_value, v.member_key, v.source_system;
