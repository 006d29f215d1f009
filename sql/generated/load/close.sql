-- Last phase of a load: nothing is left over, then the ledger is written, and the watermark goes on. Parameters: :load_id, :key_fingerprint.
-- No fact may keep attributes of a member as it was before a change, whichever load brought the change. A table without
-- a row has nothing to restate.
INSERT INTO ops.guard (touched_are_restated)
SELECT CAST(nullif(t.member_key, t.member_key) AS varchar(64))
FROM ops.touched_member t
JOIN (
  SELECT CAST('adverse_event' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.adverse_event)
  UNION ALL SELECT CAST('appointment' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.appointment)
  UNION ALL SELECT CAST('appointment' AS varchar(64)) AS fact, CAST('clinic' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.appointment)
  UNION ALL SELECT CAST('appointment' AS varchar(64)) AS fact, CAST('provider' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.appointment)
  UNION ALL SELECT CAST('diagnosis' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.diagnosis)
  UNION ALL SELECT CAST('diagnosis' AS varchar(64)) AS fact, CAST('diagnosis_code' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.diagnosis)
  UNION ALL SELECT CAST('diagnostic_report' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.diagnostic_report)
  UNION ALL SELECT CAST('diagnostic_report' AS varchar(64)) AS fact, CAST('observation_code' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.diagnostic_report)
  UNION ALL SELECT CAST('diagnostic_report_result' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.diagnostic_report_result)
  UNION ALL SELECT CAST('encounter' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.encounter)
  UNION ALL SELECT CAST('encounter' AS varchar(64)) AS fact, CAST('provider' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.encounter)
  UNION ALL SELECT CAST('encounter' AS varchar(64)) AS fact, CAST('organization' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.encounter)
  UNION ALL SELECT CAST('encounter' AS varchar(64)) AS fact, CAST('location' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.encounter)
  UNION ALL SELECT CAST('encounter_location' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.encounter_location)
  UNION ALL SELECT CAST('encounter_location' AS varchar(64)) AS fact, CAST('location' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.encounter_location)
  UNION ALL SELECT CAST('medication_order' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.medication_order)
  UNION ALL SELECT CAST('medication_order' AS varchar(64)) AS fact, CAST('provider' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.medication_order)
  UNION ALL SELECT CAST('medication_order' AS varchar(64)) AS fact, CAST('medication' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.medication_order)
  UNION ALL SELECT CAST('medication_order' AS varchar(64)) AS fact, CAST('source_medication' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.medication_order)
  UNION ALL SELECT CAST('observation' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.observation)
  UNION ALL SELECT CAST('observation' AS varchar(64)) AS fact, CAST('observation_code' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.observation)
  UNION ALL SELECT CAST('observation' AS varchar(64)) AS fact, CAST('measurement_unit' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.observation)
  UNION ALL SELECT CAST('prescription_fill' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.prescription_fill)
  UNION ALL SELECT CAST('prescription_fill' AS varchar(64)) AS fact, CAST('medication' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.prescription_fill)
  UNION ALL SELECT CAST('prescription_fill' AS varchar(64)) AS fact, CAST('source_medication' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.prescription_fill)
  UNION ALL SELECT CAST('procedure' AS varchar(64)) AS fact, CAST('patient' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.procedure)
  UNION ALL SELECT CAST('procedure' AS varchar(64)) AS fact, CAST('provider' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.procedure)
  UNION ALL SELECT CAST('procedure' AS varchar(64)) AS fact, CAST('location' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.procedure)
  UNION ALL SELECT CAST('procedure' AS varchar(64)) AS fact, CAST('procedure_code' AS varchar(64)) AS entity WHERE EXISTS (SELECT 1 FROM core.procedure)
) p ON p.entity = t.entity
LEFT JOIN ops.restated r ON r.fact = p.fact AND r.load_id = :load_id
WHERE r.fact IS NULL;
-- No inferred member may stay that no fact names any more.
INSERT INTO ops.guard (unreferenced_are_pruned)
SELECT CAST(nullif(u.member_key, u.member_key) AS varchar(64)) FROM ops.unreferenced u;

-- Objects that are withdrawn or restored stand in the ledger since their rows were read again.
INSERT INTO ops.loaded_object (object, entity, schema_version, row_count, load_id, is_withdrawn)
SELECT b.object, b.entity, b.schema_version, b.row_count, CAST(:load_id AS varchar(32)), false FROM batch_object b
WHERE b.is_withdrawn IS NULL;
INSERT INTO ops.load_ledger (load_id, object_count, row_count, key_fingerprint, recorded_to)
SELECT CAST(:load_id AS varchar(32)), b.objects, b.row_count, CAST(:key_fingerprint AS varchar(64)), c.recorded_to
FROM (
  SELECT count(*) AS objects, coalesce(sum(o.row_count), 0) AS row_count FROM ops.loaded_object o WHERE o.load_id = :load_id
) b
CROSS JOIN (SELECT max(n.recorded_to) AS recorded_to FROM ops.load_count n WHERE n.load_id = :load_id) c;
DELETE FROM ops.touched_member;
DELETE FROM ops.restated;
UPDATE ops.load_lease SET load_id = NULL WHERE load_id = :load_id;
