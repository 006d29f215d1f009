-- read = applied + superseded + duplicate + withdrawn, per entity, over every finished load; each is counted by itself, so that the sum can fail.
-- An event is identified by key, event_id, payload_hash and both times. Applied are the winners: one per key and instant for dimensions,
-- one per key for facts (a tombstone that removes its fact included); superseded are the others in the log. Duplicates are what the
-- loads counted as repeats; what a load that was given up had added is read again, and is none. Until it is, they may be below zero.
-- A load that reads keys again replaces what was counted about them. Withdrawn are the rows of the objects that are marked so.
CREATE VIEW ops.conservation AS
SELECT o.entity, o.row_count AS read, s.applied, s.superseded,
  coalesce(c.repeated, 0) - coalesce(c.given_up, 0) + coalesce(r.moved, 0) AS duplicate, o.withdrawn
FROM (
  SELECT entity, CAST(sum(row_count) AS bigint) AS row_count,
    CAST(sum(CASE WHEN is_withdrawn THEN row_count ELSE 0 END) AS bigint) AS withdrawn
  FROM ops.loaded_object GROUP BY entity
) o LEFT JOIN (
  SELECT n.entity, CAST(sum(CASE WHEN l.load_id IS NOT NULL THEN n.repeated ELSE 0 END) AS bigint) AS repeated,
    CAST(sum(CASE WHEN l.load_id IS NULL THEN n.added ELSE 0 END) AS bigint) AS given_up
  FROM (
    SELECT load_id, entity, max(events_added) AS added, max(events_repeated) AS repeated FROM ops.load_count
    WHERE load_id NOT IN (SELECT load_id FROM ops.reread) GROUP BY load_id, entity
  ) n
  LEFT JOIN ops.load_ledger l ON l.load_id = n.load_id
  GROUP BY n.entity
) c ON c.entity = o.entity
LEFT JOIN (
  SELECT m.entity, CAST(sum(m.moved) AS bigint) AS moved
  FROM (
    SELECT n.entity, n.events_repeated AS moved FROM ops.load_count n WHERE n.load_id IN (SELECT load_id FROM ops.reread)
    UNION ALL
    SELECT b.entity, b.events_before - b.rows_before FROM ops.reread b
  ) m
  GROUP BY m.entity
) r ON r.entity = o.entity
JOIN (
  SELECT CAST('capacity' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT capacity_key, effective_at, count(*) AS events FROM core.capacity_log GROUP BY capacity_key, effective_at) d
UNION ALL
  SELECT CAST('clinic' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT clinic_key, effective_at, count(*) AS events FROM core.clinic_log GROUP BY clinic_key, effective_at) d
UNION ALL
  SELECT CAST('diagnosis_code' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT diagnosis_code_key, effective_at, count(*) AS events FROM core.diagnosis_code_log GROUP BY diagnosis_code_key, effective_at) d
UNION ALL
  SELECT CAST('location' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT location_key, effective_at, count(*) AS events FROM core.location_log GROUP BY location_key, effective_at) d
UNION ALL
  SELECT CAST('measurement_unit' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT measurement_unit_key, effective_at, count(*) AS events FROM core.measurement_unit_log GROUP BY measurement_unit_key, effective_at) d
UNION ALL
  SELECT CAST('medication' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT medication_key, effective_at, count(*) AS events FROM core.medication_log GROUP BY medication_key, effective_at) d
UNION ALL
  SELECT CAST('observation_code' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT observation_code_key, effective_at, count(*) AS events FROM core.observation_code_log GROUP BY observation_code_key, effective_at) d
UNION ALL
  SELECT CAST('organization' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT organization_key, effective_at, count(*) AS events FROM core.organization_log GROUP BY organization_key, effective_at) d
UNION ALL
  SELECT CAST('patient' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT patient_key, effective_at, count(*) AS events FROM core.patient_log GROUP BY patient_key, effective_at) d
UNION ALL
  SELECT CAST('patient_link' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT patient_link_key, effective_at, count(*) AS events FROM core.patient_link_log GROUP BY patient_link_key, effective_at) d
UNION ALL
  SELECT CAST('procedure_code' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT procedure_code_key, effective_at, count(*) AS events FROM core.procedure_code_log GROUP BY procedure_code_key, effective_at) d
UNION ALL
  SELECT CAST('provider' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT provider_key, effective_at, count(*) AS events FROM core.provider_log GROUP BY provider_key, effective_at) d
UNION ALL
  SELECT CAST('provider_link' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT provider_link_key, effective_at, count(*) AS events FROM core.provider_link_log GROUP BY provider_link_key, effective_at) d
UNION ALL
  SELECT CAST('provider_role' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT provider_role_key, effective_at, count(*) AS events FROM core.provider_role_log GROUP BY provider_role_key, effective_at) d
UNION ALL
  SELECT CAST('source_medication' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT source_medication_key, effective_at, count(*) AS events FROM core.source_medication_log GROUP BY source_medication_key, effective_at) d
UNION ALL
  SELECT CAST('value_set_member' AS varchar(64)) AS entity, count(*) AS applied, CAST(coalesce(sum(d.events - 1), 0) AS bigint) AS superseded
  FROM (SELECT value_set_member_key, effective_at, count(*) AS events FROM core.value_set_member_log GROUP BY value_set_member_key, effective_at) d
  UNION ALL
  SELECT CAST('adverse_event' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.adverse_event) f
  CROSS JOIN (SELECT count(*) AS events FROM core.adverse_event_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.adverse_event_key FROM core.adverse_event_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.adverse_event f WHERE f.adverse_event_key = p.adverse_event_key)
      GROUP BY p.adverse_event_key
    ) d
  ) t
  UNION ALL
  SELECT CAST('appointment' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.appointment) f
  CROSS JOIN (SELECT count(*) AS events FROM core.appointment_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.appointment_key FROM core.appointment_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.appointment f WHERE f.appointment_key = p.appointment_key)
      GROUP BY p.appointment_key
    ) d
  ) t
  UNION ALL
  SELECT CAST('diagnosis' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.diagnosis) f
  CROSS JOIN (SELECT count(*) AS events FROM core.diagnosis_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.diagnosis_key FROM core.diagnosis_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.diagnosis f WHERE f.diagnosis_key = p.diagnosis_key)
      GROUP BY p.diagnosis_key
    ) d
  ) t
  UNION ALL
  SELECT CAST('diagnostic_report' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.diagnostic_report) f
  CROSS JOIN (SELECT count(*) AS events FROM core.diagnostic_report_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.diagnostic_report_key FROM core.diagnostic_report_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.diagnostic_report f WHERE f.diagnostic_report_key = p.diagnostic_report_key)
      GROUP BY p.diagnostic_report_key
    ) d
  ) t
  UNION ALL
  SELECT CAST('diagnostic_report_result' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.diagnostic_report_result) f
  CROSS JOIN (SELECT count(*) AS events FROM core.diagnostic_report_result_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.diagnostic_report_result_key FROM core.diagnostic_report_result_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.diagnostic_report_result f WHERE f.diagnostic_report_result_key = p.diagnostic_report_result_key)
      GROUP BY p.diagnostic_report_result_key
    ) d
  ) t
  UNION ALL
  SELECT CAST('encounter' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.encounter) f
  CROSS JOIN (SELECT count(*) AS events FROM core.encounter_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.encounter_key FROM core.encounter_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.encounter f WHERE f.encounter_key = p.encounter_key)
      GROUP BY p.encounter_key
    ) d
  ) t
  UNION ALL
  SELECT CAST('encounter_location' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.encounter_location) f
  CROSS JOIN (SELECT count(*) AS events FROM core.encounter_location_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.encounter_location_key FROM core.encounter_location_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.encounter_location f WHERE f.encounter_location_key = p.encounter_location_key)
      GROUP BY p.encounter_location_key
    ) d
  ) t
  UNION ALL
  SELECT CAST('medication_order' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.medication_order) f
  CROSS JOIN (SELECT count(*) AS events FROM core.medication_order_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.medication_order_key FROM core.medication_order_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.medication_order f WHERE f.medication_order_key = p.medication_order_key)
      GROUP BY p.medication_order_key
    ) d
  ) t
  UNION ALL
  SELECT CAST('observation' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.observation) f
  CROSS JOIN (SELECT count(*) AS events FROM core.observation_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.observation_key FROM core.observation_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.observation f WHERE f.observation_key = p.observation_key)
      GROUP BY p.observation_key
    ) d
  ) t
  UNION ALL
  SELECT CAST('prescription_fill' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.prescription_fill) f
  CROSS JOIN (SELECT count(*) AS events FROM core.prescription_fill_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.prescription_fill_key FROM core.prescription_fill_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.prescription_fill f WHERE f.prescription_fill_key = p.prescription_fill_key)
      GROUP BY p.prescription_fill_key
    ) d
  ) t
  UNION ALL
  SELECT CAST('procedure' AS varchar(64)), f.facts + t.removed, l.events - t.removed
  FROM (SELECT count(*) AS facts FROM core.procedure) f
  CROSS JOIN (SELECT count(*) AS events FROM core.procedure_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.procedure_key FROM core.procedure_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.procedure f WHERE f.procedure_key = p.procedure_key)
      GROUP BY p.procedure_key
    ) d
  ) t
) s ON s.entity = o.entity;
