-- read = applied + superseded + duplicate, per entity, over every finished load. An event is identified by key, event_id, payload_hash
-- and both times; applied are the winners: one per key and instant for dimensions, one per key for facts (a tombstone that removes its
-- fact included).
CREATE VIEW ops.conservation AS
SELECT o.entity, o.row_count AS read, s.applied, s.events - s.applied AS superseded, o.row_count - s.events AS duplicate
FROM (
  SELECT entity, CAST(sum(row_count) AS bigint) AS row_count FROM ops.loaded_object GROUP BY entity
) o JOIN (
  SELECT CAST('clinic' AS varchar(64)) AS entity, l.events, w.applied
  FROM (SELECT count(*) AS events FROM core.clinic_log) l
  CROSS JOIN (
    SELECT count(*) AS applied FROM (SELECT clinic_key, effective_at FROM core.clinic_log GROUP BY clinic_key, effective_at) d
  ) w
UNION ALL
  SELECT CAST('patient' AS varchar(64)) AS entity, l.events, w.applied
  FROM (SELECT count(*) AS events FROM core.patient_log) l
  CROSS JOIN (
    SELECT count(*) AS applied FROM (SELECT patient_key, effective_at FROM core.patient_log GROUP BY patient_key, effective_at) d
  ) w
UNION ALL
  SELECT CAST('provider' AS varchar(64)) AS entity, l.events, w.applied
  FROM (SELECT count(*) AS events FROM core.provider_log) l
  CROSS JOIN (
    SELECT count(*) AS applied FROM (SELECT provider_key, effective_at FROM core.provider_log GROUP BY provider_key, effective_at) d
  ) w
  UNION ALL
  SELECT CAST('appointment' AS varchar(64)), f.facts + l.events, f.facts + t.removed
  FROM (SELECT count(*) AS facts FROM core.appointment) f
  CROSS JOIN (SELECT count(*) AS events FROM core.appointment_superseded) l
  CROSS JOIN (
    SELECT count(*) AS removed FROM (
      SELECT p.appointment_key FROM core.appointment_superseded p
      WHERE p.op = 'delete' AND NOT EXISTS (SELECT 1 FROM core.appointment f WHERE f.appointment_key = p.appointment_key)
      GROUP BY p.appointment_key
    ) d
  ) t
) s ON s.entity = o.entity;
