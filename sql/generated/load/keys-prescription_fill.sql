-- Prescription fill: the keys that withdrawn or restored objects name. The load function has made changed_prescription_fill and copied these objects into it.
-- Parameter: :load_id. An object that no load has taken stands in the ledger under the name of none, and is withdrawn until it is read.
INSERT INTO ops.guard (object_list_is_whole)
SELECT CAST(nullif(c.n, c.n) AS varchar(64))
FROM (SELECT count(*) AS n FROM changed_prescription_fill) c
CROSS JOIN (SELECT coalesce(sum(row_count), 0) AS n FROM batch_object WHERE entity = 'prescription_fill') b
WHERE c.n <> b.n;
-- Those of former loads are done with.
DELETE FROM ops.reread_key WHERE entity = 'prescription_fill';
INSERT INTO ops.reread_key (load_id, entity, entity_key)
SELECT CAST(:load_id AS varchar(32)), 'prescription_fill', c.prescription_fill_key FROM changed_prescription_fill c GROUP BY c.prescription_fill_key;
INSERT INTO ops.loaded_object (object, entity, schema_version, row_count, load_id, is_withdrawn)
SELECT b.object, b.entity, b.schema_version, b.row_count, 'withdrawn', true FROM batch_object b
WHERE b.entity = 'prescription_fill' AND NOT EXISTS (SELECT 1 FROM ops.loaded_object o WHERE o.object = b.object);
-- Inferred members that the facts of these keys name may be named by nobody afterwards (prune-*.sql).
INSERT INTO ops.unreferenced (entity, member_key)
SELECT 'patient', h.patient_key FROM core.dim_patient_history h
WHERE h.is_inferred AND h.patient_key IN (
  SELECT f.patient_key FROM core.prescription_fill f JOIN changed_prescription_fill c ON c.prescription_fill_key = f.prescription_fill_key
)
UNION ALL
SELECT 'medication', h.medication_key FROM core.dim_medication_history h
WHERE h.is_inferred AND h.medication_key IN (
  SELECT f.medication_key FROM core.prescription_fill f JOIN changed_prescription_fill c ON c.prescription_fill_key = f.prescription_fill_key
)
UNION ALL
SELECT 'source_medication', h.source_medication_key FROM core.dim_source_medication_history h
WHERE h.is_inferred AND h.source_medication_key IN (
  SELECT f.source_medication_key FROM core.prescription_fill f JOIN changed_prescription_fill c ON c.prescription_fill_key = f.prescription_fill_key
);
