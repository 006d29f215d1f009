-- Diagnostic report result: facts that name a member by an identifier are named anew, where its holder came, is another one, or is gone. Parameter: :load_id.
-- Before facts are restated, which take the attributes of the members that are noted here as touched.
CREATE TEMP TABLE diagnostic_report_result_patient_renamed AS
SELECT f.diagnostic_report_result_key, f.source_system, f.patient_key AS held_key, coalesce(i.member_key, f.patient_named_key) AS member_key
FROM core.diagnostic_report_result f
LEFT JOIN (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v GROUP BY v.named_key
) i ON i.named_key = f.patient_named_key
WHERE f.patient_key <> coalesce(i.member_key, f.patient_named_key);
-- Who is named no longer may be an inferred member that goes (prune-patient.sql); who is named now may have to be inferred.
INSERT INTO ops.unreferenced (entity, member_key)
SELECT 'patient', h.patient_key FROM core.dim_patient_history h
WHERE h.is_inferred AND h.patient_key IN (SELECT r.held_key FROM diagnostic_report_result_patient_renamed r);
INSERT INTO core.dim_patient_history (patient_key, source_system, valid_from, valid_to, is_current, is_inferred, is_deleted, load_id)
SELECT r.member_key, min(r.source_system), timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, true, false, CAST(:load_id AS varchar(32))
FROM diagnostic_report_result_patient_renamed r
WHERE r.member_key NOT IN (SELECT h.patient_key FROM core.dim_patient_history h)
GROUP BY r.member_key;
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT CAST(:load_id AS varchar(32)), 'patient', r.member_key, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00'
FROM diagnostic_report_result_patient_renamed r GROUP BY r.member_key;
UPDATE core.diagnostic_report_result SET patient_key = r.member_key
FROM diagnostic_report_result_patient_renamed r WHERE r.diagnostic_report_result_key = diagnostic_report_result.diagnostic_report_result_key;
