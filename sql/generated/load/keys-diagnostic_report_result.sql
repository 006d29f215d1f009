-- Diagnostic report result: the keys that withdrawn or restored objects name. The load function has made changed_diagnostic_report_result and copied these objects into it.
-- Parameter: :load_id. An object that no load has taken stands in the ledger under the name of none, and is withdrawn until it is read.
INSERT INTO ops.guard (object_list_is_whole)
SELECT CAST(nullif(c.n, c.n) AS varchar(64))
FROM (SELECT count(*) AS n FROM changed_diagnostic_report_result) c
CROSS JOIN (SELECT coalesce(sum(row_count), 0) AS n FROM batch_object WHERE entity = 'diagnostic_report_result') b
WHERE c.n <> b.n;
-- Those of former loads are done with.
DELETE FROM ops.reread_key WHERE entity = 'diagnostic_report_result';
INSERT INTO ops.reread_key (load_id, entity, entity_key)
SELECT CAST(:load_id AS varchar(32)), 'diagnostic_report_result', c.diagnostic_report_result_key FROM changed_diagnostic_report_result c GROUP BY c.diagnostic_report_result_key;
INSERT INTO ops.loaded_object (object, entity, schema_version, row_count, load_id, is_withdrawn)
SELECT b.object, b.entity, b.schema_version, b.row_count, 'withdrawn', true FROM batch_object b
WHERE b.entity = 'diagnostic_report_result' AND NOT EXISTS (SELECT 1 FROM ops.loaded_object o WHERE o.object = b.object);
-- Inferred members that the facts of these keys name may be named by nobody afterwards (prune-*.sql).
INSERT INTO ops.unreferenced (entity, member_key)
SELECT 'patient', h.patient_key FROM core.dim_patient_history h
WHERE h.is_inferred AND h.patient_key IN (
  SELECT f.patient_key FROM core.diagnostic_report_result f JOIN changed_diagnostic_report_result c ON c.diagnostic_report_result_key = f.diagnostic_report_result_key
);
