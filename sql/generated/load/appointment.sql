-- Appointment: events in stage_appointment → core.appointment (one row per key, the winner) and core.appointment_superseded (the rest
-- of the log). Parameter: :load_id. The load function has made stage_appointment and copied the objects into it. Only keys with
-- more than one event or with a tombstone need a decision; all others go straight through.
-- Members that are named by another identifier (none, where the event names them by their own): who holds it now. Where nobody does, the
-- key stays that of the identifier, and is named anew when the holder comes (rename-appointment.sql).
-- What the log already holds about the keys of this load. known: 1 stands as the fact, 2 stands beside.
CREATE TEMP TABLE appointment_prior AS
SELECT f.appointment_key, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.dq_flags, f.source_system, f.load_id,
  f.patient_key, f.clinic_key, f.provider_key,
  f.status_code,
  f.created_at,
  f.scheduled_start_at,
  f.arrived_at,
  f.actual_start_at,
  f.completed_at,
  f.cancelled_at,
  CAST('upsert' AS varchar(8)) AS op, 1 AS known, f.is_tied AS held_tied
FROM core.appointment f
WHERE f.appointment_key IN (SELECT s.appointment_key FROM stage_appointment s)
UNION ALL
SELECT p.appointment_key, p.event_id, p.payload_hash, p.effective_at, p.recorded_at, p.source_order, p.dq_flags, p.source_system, p.load_id,
  CAST(NULL AS varchar(32)) AS patient_key,
  CAST(NULL AS varchar(32)) AS clinic_key,
  CAST(NULL AS varchar(32)) AS provider_key,
  p.status_code,
  p.created_at,
  p.scheduled_start_at,
  p.arrived_at,
  p.actual_start_at,
  p.completed_at,
  p.cancelled_at,
  p.op, 2, CAST(NULL AS boolean)
FROM core.appointment_superseded p
WHERE p.appointment_key IN (SELECT s.appointment_key FROM stage_appointment s);

-- Every event about the keys that need a decision, each once, and its place. Place 1 wins: what is latest in effect, of that the latest knowledge, then the
-- greatest order of its source, then the state that is furthest on; event_id and payload_hash only make the order total. A repeat has the
-- same event, payload and times; an event_id used again with another payload is an event of its own. Of all copies the greatest order
-- holds, and of their flags the greatest text: an event in the log that has less is raised (is_raised), and written again as the load
-- brings it.
-- is_tied: times and order are those of another event that says something else. copies: how often this load brings the event. known: 0
-- new, else as above. record_source, record_position: of the first copy of a new event; is_twofold: of two copies, as where a batch was
-- ingested again.
CREATE TEMP TABLE appointment_decided AS
WITH contested AS (
  SELECT s.appointment_key FROM stage_appointment s GROUP BY s.appointment_key HAVING count(*) > 1
  UNION
  SELECT s.appointment_key FROM stage_appointment s WHERE s.op = 'delete'
  UNION
  SELECT p.appointment_key FROM appointment_prior p
), every AS (
  SELECT s.appointment_key, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, s.dq_flags, s.source_system,
    CAST(NULL AS varchar(32)) AS load_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.status_code END AS status_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.created_at END AS created_at,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.scheduled_start_at END AS scheduled_start_at,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.arrived_at END AS arrived_at,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.actual_start_at END AS actual_start_at,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.completed_at END AS completed_at,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.cancelled_at END AS cancelled_at,
    s.op, s.record_source, s.record_position, 0 AS known, CAST(NULL AS boolean) AS held_tied
  FROM stage_appointment s WHERE s.appointment_key IN (SELECT c.appointment_key FROM contested c)
  UNION ALL
  SELECT p.appointment_key, p.event_id, p.payload_hash, p.effective_at, p.recorded_at, p.source_order, p.dq_flags, p.source_system, p.load_id,
    p.status_code,
    p.created_at,
    p.scheduled_start_at,
    p.arrived_at,
    p.actual_start_at,
    p.completed_at,
    p.cancelled_at,
    p.op, CAST(NULL AS varchar(512)), CAST(NULL AS varchar(64)), p.known, p.held_tied
  FROM appointment_prior p
), counted AS (
  SELECT v.*,
    CASE
      WHEN v.op = 'delete' THEN 7
      WHEN v.status_code IN ('entered-in-error') THEN 7
      WHEN v.status_code IN ('fulfilled', 'noshow', 'cancelled') THEN 6
      WHEN v.status_code IN ('checked-in') THEN 5
      WHEN v.status_code IN ('arrived') THEN 4
      WHEN v.status_code IN ('booked') THEN 3
      WHEN v.status_code IN ('waitlist', 'pending') THEN 2
      WHEN v.status_code IN ('proposed') THEN 1
      ELSE 0 END AS state_rank,
    ROW_NUMBER() OVER (PARTITION BY v.appointment_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at
      ORDER BY v.known DESC, v.op, v.record_source, v.record_position) AS copy_number,
    CASE WHEN v.record_source = LEAD(v.record_source) OVER (PARTITION BY v.appointment_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at
      ORDER BY v.known DESC, v.op, v.record_source, v.record_position)
      AND v.record_position = LEAD(v.record_position) OVER (PARTITION BY v.appointment_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at
      ORDER BY v.known DESC, v.op, v.record_source, v.record_position) THEN 1 ELSE 0 END AS is_twofold,
    sum(CASE WHEN v.known = 0 THEN 1 ELSE 0 END) OVER (PARTITION BY v.appointment_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at) AS copies,
    max(v.source_order) OVER (PARTITION BY v.appointment_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at) AS top_order,
    max(v.dq_flags) OVER (PARTITION BY v.appointment_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at) AS all_flags
  FROM every v
)
SELECT c.appointment_key, c.event_id, c.payload_hash, c.effective_at, c.recorded_at, c.top_order AS source_order, c.all_flags AS dq_flags,
  c.source_system, c.load_id,
  c.status_code,
  c.created_at,
  c.scheduled_start_at,
  c.arrived_at,
  c.actual_start_at,
  c.completed_at,
  c.cancelled_at,
  c.op, c.record_source, c.record_position, c.is_twofold, c.known, c.copies, c.held_tied,
  CASE WHEN min(c.payload_hash) OVER (PARTITION BY c.appointment_key, c.effective_at, c.recorded_at, c.top_order)
    < max(c.payload_hash) OVER (PARTITION BY c.appointment_key, c.effective_at, c.recorded_at, c.top_order) THEN true ELSE false END AS is_tied,
  CASE WHEN c.known > 0 AND (c.source_order < c.top_order OR coalesce(c.dq_flags, '') <> coalesce(c.all_flags, '')) THEN 1 ELSE 0 END AS is_raised,
  ROW_NUMBER() OVER (PARTITION BY c.appointment_key ORDER BY c.effective_at DESC, c.recorded_at DESC, c.top_order DESC, c.state_rank DESC,
    c.event_id DESC, c.payload_hash DESC) AS place
FROM counted c
WHERE c.copy_number = 1;

-- What there must be at the end, and what the load brings. Facts: those before, less the beaten and the raised, and the winners: of the keys without a
-- rival each event (what is staged, less what decided has counted), of the others the one in place 1. An event that an earlier attempt
-- of this very load has written is none of the repeats.
CREATE TEMP TABLE appointment_expected AS
SELECT f.n + s.n - d.rivals + d.winners - d.beaten AS facts, f.n + p.n + s.n - d.rivals + d.fresh AS log_rows,
  s.n - d.rivals + d.fresh + d.own AS added, d.repeated
FROM (SELECT count(*) AS n FROM core.appointment) f
CROSS JOIN (SELECT count(*) AS n FROM core.appointment_superseded) p
CROSS JOIN (SELECT count(*) AS n FROM stage_appointment) s
CROSS JOIN (
  SELECT coalesce(sum(q.copies), 0) AS rivals,
    coalesce(sum(CASE WHEN q.known = 0 THEN 1 ELSE 0 END), 0) AS fresh,
    coalesce(sum(CASE WHEN (q.known = 0 OR q.is_raised = 1) AND q.place = 1 AND q.op = 'upsert' THEN 1 ELSE 0 END), 0) AS winners,
    coalesce(sum(CASE WHEN q.known = 1 AND (q.place > 1 OR q.is_raised = 1) THEN 1 ELSE 0 END), 0) AS beaten,
    coalesce(sum(CASE WHEN q.known > 0 AND q.copies > 0 AND q.load_id = l.load_id THEN 1 ELSE 0 END), 0) AS own,
    coalesce(sum(CASE WHEN q.copies = 0 THEN 0 WHEN q.known = 0 OR q.load_id = l.load_id THEN q.copies - 1 ELSE q.copies END), 0) AS repeated
  FROM appointment_decided q CROSS JOIN ops.load_lease l
) d;

-- Facts that are beaten leave the fact and stay in the log, beside new events that do not win. What is raised there is written again, or
-- wins now.
DELETE FROM core.appointment_superseded
WHERE EXISTS (
  SELECT 1 FROM appointment_decided d
  WHERE d.known = 2 AND d.is_raised = 1 AND d.appointment_key = appointment_superseded.appointment_key
    AND d.event_id = appointment_superseded.event_id AND d.payload_hash = appointment_superseded.payload_hash
    AND d.effective_at = appointment_superseded.effective_at AND d.recorded_at = appointment_superseded.recorded_at
);
INSERT INTO core.appointment_superseded (appointment_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order,
  status_code,
  created_at,
  scheduled_start_at,
  arrived_at,
  actual_start_at,
  completed_at,
  cancelled_at,
  dq_flags, load_id)
SELECT d.appointment_key, d.event_id, d.payload_hash, d.op, d.source_system, d.effective_at, d.recorded_at, d.source_order,
  d.status_code,
  d.created_at,
  d.scheduled_start_at,
  d.arrived_at,
  d.actual_start_at,
  d.completed_at,
  d.cancelled_at,
  d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM appointment_decided d
WHERE (d.known = 1 AND d.place > 1) OR ((d.known = 0 OR (d.known = 2 AND d.is_raised = 1)) AND (d.place > 1 OR d.op = 'delete'));

-- Inferred members that a beaten fact named may be named by nobody now. They are looked at after all facts of the load (prune-*.sql),
-- so that the members of the result do not depend on the order of loads.
INSERT INTO ops.unreferenced (entity, member_key)
SELECT 'patient', h.patient_key FROM core.dim_patient_history h
WHERE h.is_inferred AND h.patient_key IN (
  SELECT p.patient_key FROM appointment_prior p JOIN appointment_decided d ON d.appointment_key = p.appointment_key
  WHERE p.known = 1 AND d.known = 1 AND d.place > 1
)
UNION ALL
SELECT 'clinic', h.clinic_key FROM core.dim_clinic_history h
WHERE h.is_inferred AND h.clinic_key IN (
  SELECT p.clinic_key FROM appointment_prior p JOIN appointment_decided d ON d.appointment_key = p.appointment_key
  WHERE p.known = 1 AND d.known = 1 AND d.place > 1
)
UNION ALL
SELECT 'provider', h.provider_key FROM core.dim_provider_history h
WHERE h.is_inferred AND h.provider_key IN (
  SELECT p.provider_key FROM appointment_prior p JOIN appointment_decided d ON d.appointment_key = p.appointment_key
  WHERE p.known = 1 AND d.known = 1 AND d.place > 1
);

-- Inferred members: named by an event that becomes a fact, described by nobody yet. They carry the natural key and hold always.
INSERT INTO core.dim_patient_history (patient_key, source_system, patient_id, valid_from, valid_to,
  is_current, is_inferred, is_deleted, load_id)
SELECT s.patient_key, min(s.source_system), s.patient_id, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00',
  true, true, false, CAST(:load_id AS varchar(32))
FROM (
  SELECT n.* FROM stage_appointment n
  WHERE NOT EXISTS (SELECT 1 FROM core.dim_patient_history h WHERE h.patient_key = n.patient_key)
) s
LEFT JOIN (SELECT g.appointment_key FROM appointment_decided g GROUP BY g.appointment_key) c ON c.appointment_key = s.appointment_key
LEFT JOIN appointment_decided d ON d.appointment_key = s.appointment_key AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash
  AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at AND (d.known = 0 OR d.is_raised = 1) AND d.place = 1 AND d.op = 'upsert'
WHERE c.appointment_key IS NULL OR d.appointment_key IS NOT NULL
GROUP BY s.patient_key, s.patient_id;
INSERT INTO core.dim_clinic_history (clinic_key, source_system, clinic_id, valid_from, valid_to,
  is_current, is_inferred, is_deleted, load_id)
SELECT s.clinic_key, s.source_system, s.clinic_id, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00',
  true, true, false, CAST(:load_id AS varchar(32))
FROM (
  SELECT n.* FROM stage_appointment n
  WHERE NOT EXISTS (SELECT 1 FROM core.dim_clinic_history h WHERE h.clinic_key = n.clinic_key)
) s
LEFT JOIN (SELECT g.appointment_key FROM appointment_decided g GROUP BY g.appointment_key) c ON c.appointment_key = s.appointment_key
LEFT JOIN appointment_decided d ON d.appointment_key = s.appointment_key AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash
  AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at AND (d.known = 0 OR d.is_raised = 1) AND d.place = 1 AND d.op = 'upsert'
WHERE c.appointment_key IS NULL OR d.appointment_key IS NOT NULL
GROUP BY s.clinic_key, s.source_system, s.clinic_id;
INSERT INTO core.dim_provider_history (provider_key, source_system, provider_id, npi, valid_from, valid_to,
  is_current, is_inferred, is_deleted, load_id)
SELECT s.provider_key, min(CASE WHEN s.provider_id IS NOT NULL THEN s.source_system END), s.provider_id, CASE WHEN s.provider_id IS NULL THEN s.provider_npi END, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00',
  true, true, false, CAST(:load_id AS varchar(32))
FROM (
  SELECT n.* FROM stage_appointment n
  WHERE NOT EXISTS (SELECT 1 FROM core.dim_provider_history h WHERE h.provider_key = n.provider_key)
) s
LEFT JOIN (SELECT g.appointment_key FROM appointment_decided g GROUP BY g.appointment_key) c ON c.appointment_key = s.appointment_key
LEFT JOIN appointment_decided d ON d.appointment_key = s.appointment_key AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash
  AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at AND (d.known = 0 OR d.is_raised = 1) AND d.place = 1 AND d.op = 'upsert'
WHERE c.appointment_key IS NULL OR d.appointment_key IS NOT NULL
GROUP BY s.provider_key, s.provider_id, CASE WHEN s.provider_id IS NULL THEN s.provider_npi END;

DELETE FROM core.appointment
WHERE appointment_key IN (SELECT d.appointment_key FROM appointment_decided d WHERE d.known = 1 AND (d.place > 1 OR d.is_raised = 1));

-- Of the facts that stay: whether the state or a hash had to decide.
UPDATE core.appointment SET is_tied = d.is_tied
FROM appointment_decided d
WHERE d.known = 1 AND d.place = 1 AND d.held_tied <> d.is_tied AND d.appointment_key = appointment.appointment_key;

-- The stage is read once for nearly all rows: those of keys without a rival, and the first copy of each new event that wins. What is
-- raised, and what has two copies in one place, takes the first of its copies by a number.
-- Offsets of zones are cut into pieces of a year: few of them meet each time. Dates outside the calendar resolve to its unknown date -1.
-- Measures and attributes: sql/measures/appointment.sql.
-- Members are taken as they were at scheduled_start_at. Outer joins keep the order of the joins as written: an as-of condition
-- makes planners guess far too few rows. A fact whose member is missing would come out with load_id NULL, which the table refuses.
INSERT INTO core.appointment (appointment_key, appointment_id, source_system, patient_key, clinic_key, provider_key, encounter_key,
  encounter_is_known, scheduled_date_key, created_date_key, actual_date_key, scheduled_tz_offset_min, created_tz_offset_min,
  actual_tz_offset_min, scheduled_time_key, actual_time_key, appointment_type, status_code, created_at, scheduled_start_at,
  scheduled_precision, planned_duration_min, arrived_at, actual_start_at, completed_at, cancelled_at, reminder_count, encounter_id,
  slot_id, referral_id, priority_code, modality_code, channel_code, hospital_name, cancel_reason_code, start_delay_min,
  lateness_min, patient_late_min, in_clinic_wait_min, lead_time_days, actual_duration_min, is_attended, is_no_show, is_cancelled,
  is_unresolved, is_delayed, is_in_no_show_denominator, dq_flags, event_id, payload_hash, effective_at, recorded_at, source_order,
  is_tied, scheduled_date, created_date, actual_date, scheduled_month, clinic_id, clinic_name, clinic_city, clinic_state,
  clinic_timezone, patient_id, patient_first_name, patient_last_name, patient_gender, patient_dob, patient_age_at_appt,
  patient_age_band, patient_zip5, patient_state, primary_payer_id, provider_npi, provider_name, provider_specialty,
  state_flags, load_id)
SELECT f.appointment_key, f.appointment_id, f.source_system, f.patient_key, f.clinic_key, f.provider_key, f.encounter_key,
  f.encounter_is_known, f.scheduled_date_key, f.created_date_key, f.actual_date_key, f.scheduled_tz_offset_min,
  f.created_tz_offset_min, f.actual_tz_offset_min, f.scheduled_time_key, f.actual_time_key, f.appointment_type, f.status_code,
  f.created_at, f.scheduled_start_at, f.scheduled_precision, f.planned_duration_min, f.arrived_at, f.actual_start_at,
  f.completed_at, f.cancelled_at, f.reminder_count, f.encounter_id, f.slot_id, f.referral_id, f.priority_code, f.modality_code,
  f.channel_code, f.hospital_name, f.cancel_reason_code, f.start_delay_min, f.lateness_min, f.patient_late_min,
  f.in_clinic_wait_min, f.lead_time_days, f.actual_duration_min, f.is_attended, f.is_no_show, f.is_cancelled, f.is_unresolved,
  f.is_delayed, f.is_in_no_show_denominator, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order,
  f.is_tied, f.scheduled_date, f.created_date, f.actual_date,
  CAST(substring(CAST(f.scheduled_date AS varchar(10)), 1, 7)
    AS varchar(7)),
  clinic.clinic_id,
  clinic.clinic_name,
  clinic.city,
  clinic.state,
  clinic.timezone,
  patient.patient_id,
  patient.first_name,
  patient.last_name,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date IS NOT NULL THEN CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.scheduled_date >= patient.birth_date THEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END
    WHEN patient.reported_age_years + (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
    - CAST(extract(year FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 10000 + extract(month FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 100 + extract(day FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) AS integer)) / 10000 < 0 THEN 0
    ELSE patient.reported_age_years + (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
    - CAST(extract(year FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 10000 + extract(month FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 100 + extract(day FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) AS integer)) / 10000 END
    AS integer),
  CAST(CASE WHEN patient.birth_date_precision IN ('year', 'month') THEN CASE WHEN f.scheduled_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.scheduled_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END END
    AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.primary_payer_id,
  provider.npi,
  provider.full_name,
  provider.specialty,
  CASE WHEN f.created_date > f.scheduled_date OR f.is_other_offset = 1 OR patient.is_inferred OR clinic.is_inferred OR provider.is_inferred
    THEN CAST(substring(CASE WHEN f.created_date > f.scheduled_date THEN ' DQ-APT-03' ELSE '' END
    || CASE WHEN f.is_other_offset = 1 THEN ' DQ-APT-14' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END
    || CASE WHEN clinic.is_inferred THEN ' DQ-ID-06' ELSE '' END
    || CASE WHEN provider.is_inferred THEN ' DQ-ID-12' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR clinic.clinic_key IS NULL
    OR provider.provider_key IS NULL
  THEN NULL ELSE f.brought_by END
FROM (
  SELECT e.appointment_key, e.appointment_id, e.source_system,
    e.patient_key, e.clinic_key, e.provider_key,
    e.encounter_key,
    CAST(0 AS smallint) AS encounter_is_known,
    CASE WHEN e.scheduled_date BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.scheduled_date) * 10000 + extract(month FROM e.scheduled_date) * 100
        + extract(day FROM e.scheduled_date) AS integer)
      WHEN e.scheduled_date IS NOT NULL THEN -1 END AS scheduled_date_key,
    e.scheduled_date,
    CASE WHEN e.created_date BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.created_date) * 10000 + extract(month FROM e.created_date) * 100
        + extract(day FROM e.created_date) AS integer)
      WHEN e.created_date IS NOT NULL THEN -1 END AS created_date_key,
    e.created_date,
    CASE WHEN e.actual_date BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.actual_date) * 10000 + extract(month FROM e.actual_date) * 100
        + extract(day FROM e.actual_date) AS integer)
      WHEN e.actual_date IS NOT NULL THEN -1 END AS actual_date_key,
    e.actual_date,
    e.scheduled_tz_offset_min,
    e.created_tz_offset_min,
    e.actual_tz_offset_min,
    e.scheduled_time_key,
    e.actual_time_key,
    e.status_code,
    e.created_at,
    e.scheduled_start_at,
    e.scheduled_precision,
    e.planned_duration_min,
    e.arrived_at,
    e.actual_start_at,
    e.completed_at,
    e.cancelled_at,
    e.reminder_count,
    e.encounter_id,
    e.slot_id,
    e.referral_id,
    e.priority_code,
    e.modality_code,
    e.channel_code,
    e.hospital_name,
    e.cancel_reason_code,
    e.appointment_type_code AS appointment_type,
    CAST(floor((e.actual_second - e.scheduled_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100
    AS double precision) AS start_delay_min,
    CAST(CASE WHEN e.actual_second > e.scheduled_second
    THEN floor((e.actual_second - e.scheduled_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100
    WHEN e.actual_second <= e.scheduled_second THEN 0 END
    AS double precision) AS lateness_min,
    CAST(floor((e.arrived_second - e.scheduled_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100
    AS double precision) AS patient_late_min,
    CAST(CASE WHEN e.arrived_second > e.scheduled_second
    THEN floor((e.actual_second - e.arrived_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100
    WHEN e.arrived_second <= e.scheduled_second
    THEN floor((e.actual_second - e.scheduled_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100 END
    AS double precision) AS in_clinic_wait_min,
    CAST(CASE WHEN e.status_code <> 'entered-in-error' THEN e.scheduled_date - e.created_date END AS integer) AS lead_time_days,
    CAST(floor((e.completed_second - e.actual_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100
    AS double precision) AS actual_duration_min,
    CAST(CASE WHEN e.status_code = 'fulfilled' THEN 1 ELSE 0 END AS smallint) AS is_attended,
    CAST(CASE WHEN e.status_code = 'noshow' THEN 1 ELSE 0 END AS smallint) AS is_no_show,
    CAST(CASE WHEN e.status_code = 'cancelled' THEN 1 ELSE 0 END AS smallint) AS is_cancelled,
    CAST(CASE WHEN e.status_code IN ('proposed', 'pending', 'booked', 'waitlist') AND e.recorded_at > e.scheduled_end THEN 1 ELSE 0 END
    AS smallint) AS is_unresolved,
    CAST(CASE WHEN e.actual_second - e.scheduled_second > 600 THEN 1 WHEN e.actual_second - e.scheduled_second <= 600 THEN 0 END
    AS smallint) AS is_delayed,
    CAST(CASE WHEN e.status_code IN ('fulfilled', 'noshow') THEN 1 ELSE 0 END
    AS smallint) AS is_in_no_show_denominator,
    e.is_other_offset,
    e.scheduled_start_at_local,
    e.created_at_local,
    e.actual_start_at_local,
    e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied, e.brought_by
  FROM (
    SELECT
      CASE WHEN e.scheduled_precision = 'day' OR e.status_code = 'entered-in-error' THEN NULL ELSE CAST(CAST(e.scheduled_start_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.scheduled_start_at) AS integer) * 3600
    + CAST(extract(minute FROM e.scheduled_start_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.scheduled_start_at)) AS integer) END
    AS scheduled_second,
      CASE WHEN e.status_code = 'entered-in-error' THEN NULL ELSE CAST(CAST(e.actual_start_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.actual_start_at) AS integer) * 3600
    + CAST(extract(minute FROM e.actual_start_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.actual_start_at)) AS integer) END AS actual_second,
      CAST(CAST(e.arrived_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.arrived_at) AS integer) * 3600
    + CAST(extract(minute FROM e.arrived_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.arrived_at)) AS integer) AS arrived_second,
      CAST(CAST(e.completed_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.completed_at) AS integer) * 3600
    + CAST(extract(minute FROM e.completed_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.completed_at)) AS integer) AS completed_second,
      CASE WHEN e.scheduled_precision = 'day' THEN e.scheduled_start_at + interval '1 day' ELSE e.scheduled_start_at END AS scheduled_end,
      CAST(e.scheduled_start_at_local AS date) AS scheduled_date,
      CASE WHEN e.scheduled_precision = 'day' THEN NULL ELSE CAST(extract(hour FROM e.scheduled_start_at_local) * 100 + extract(minute FROM e.scheduled_start_at_local) AS integer) END AS scheduled_time_key,
      CAST(e.created_at_local AS date) AS created_date,
      CAST(e.actual_start_at_local AS date) AS actual_date,
      CAST(extract(hour FROM e.actual_start_at_local) * 100 + extract(minute FROM e.actual_start_at_local) AS integer) AS actual_time_key,
      e.*
    FROM (
      SELECT
        s.scheduled_start_at + coalesce(CASE WHEN s.scheduled_precision = 'day' THEN NULL ELSE zone_scheduled_start_at.offset_min END, s.scheduled_tz_offset_min, 0) * interval '1 minute' AS scheduled_start_at_local,
        s.created_at + coalesce(zone_created_at.offset_min, s.created_tz_offset_min, 0) * interval '1 minute' AS created_at_local,
        s.actual_start_at + coalesce(zone_actual_start_at.offset_min, s.actual_tz_offset_min, 0) * interval '1 minute' AS actual_start_at_local,
        CASE WHEN s.scheduled_precision = 'day' THEN 0 WHEN zone_scheduled_start_at.offset_min <> s.scheduled_tz_offset_min THEN 1 ELSE 0 END AS is_other_offset,
        s.*
      FROM (
        SELECT s.event_id, s.source_system, s.effective_at, s.recorded_at, s.payload_hash, s.appointment_key, s.patient_key,
          s.clinic_key, s.provider_key, s.encounter_key, s.appointment_id, s.patient_id, s.clinic_id, s.provider_npi,
          s.appointment_type_code, s.status_code, s.created_at, s.scheduled_start_at, s.scheduled_precision, s.planned_duration_min,
          s.arrived_at, s.actual_start_at, s.completed_at, s.cancelled_at, s.reminder_count, s.provider_id, s.encounter_id,
          s.slot_id, s.referral_id, s.priority_code, s.modality_code, s.channel_code, s.hospital_name, s.cancel_reason_code,
          s.scheduled_tz_offset_min, s.created_tz_offset_min,
          s.actual_tz_offset_min, CASE WHEN d.appointment_key IS NULL THEN s.source_order ELSE d.source_order END AS source_order,
          CASE WHEN d.appointment_key IS NULL THEN s.dq_flags ELSE d.dq_flags END AS dq_flags, coalesce(d.is_tied, false) AS is_tied,
          CAST(:load_id AS varchar(32)) AS brought_by
        FROM stage_appointment s
        LEFT JOIN appointment_decided d ON d.appointment_key = s.appointment_key AND d.place = 1
        WHERE d.appointment_key IS NULL OR (d.known = 0 AND d.op = 'upsert' AND d.is_twofold = 0
          AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at
          AND d.record_source = s.record_source AND d.record_position = s.record_position)
        UNION ALL
        SELECT w.event_id, w.source_system, w.effective_at, w.recorded_at, w.payload_hash, w.appointment_key, w.patient_key,
          w.clinic_key, w.provider_key, w.encounter_key, w.appointment_id, w.patient_id, w.clinic_id, w.provider_npi,
          w.appointment_type_code, w.status_code, w.created_at, w.scheduled_start_at, w.scheduled_precision, w.planned_duration_min,
          w.arrived_at, w.actual_start_at, w.completed_at, w.cancelled_at, w.reminder_count, w.provider_id, w.encounter_id,
          w.slot_id, w.referral_id, w.priority_code, w.modality_code, w.channel_code, w.hospital_name, w.cancel_reason_code,
          w.scheduled_tz_offset_min, w.created_tz_offset_min,
          w.actual_tz_offset_min, w.source_order, w.dq_flags, w.is_tied, w.brought_by
        FROM (
          SELECT s.event_id, s.source_system, s.effective_at, s.recorded_at, s.payload_hash, s.appointment_key, s.patient_key,
            s.clinic_key, s.provider_key, s.encounter_key, s.appointment_id, s.patient_id, s.clinic_id, s.provider_npi,
            s.appointment_type_code, s.status_code, s.created_at, s.scheduled_start_at, s.scheduled_precision,
            s.planned_duration_min, s.arrived_at, s.actual_start_at, s.completed_at, s.cancelled_at, s.reminder_count,
            s.provider_id, s.encounter_id, s.slot_id, s.referral_id, s.priority_code, s.modality_code, s.channel_code,
            s.hospital_name, s.cancel_reason_code, s.scheduled_tz_offset_min, s.created_tz_offset_min,
            s.actual_tz_offset_min, d.source_order, d.dq_flags, d.is_tied, coalesce(d.load_id, CAST(:load_id AS varchar(32))) AS brought_by, ROW_NUMBER() OVER (PARTITION BY s.appointment_key ORDER BY s.record_source, s.record_position) AS copy_number
          FROM stage_appointment s
          JOIN appointment_decided d ON d.appointment_key = s.appointment_key AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash
            AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at
          WHERE (d.is_raised = 1 OR (d.known = 0 AND d.is_twofold = 1)) AND d.place = 1 AND d.op = 'upsert' AND s.op = 'upsert'
        ) w
        WHERE w.copy_number = 1
      ) s
      LEFT JOIN core.dim_clinic_history z ON z.clinic_key = s.clinic_key
        AND z.valid_from <= s.scheduled_start_at AND s.scheduled_start_at < z.valid_to
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.timezone FROM core.dim_clinic_history h)
      ) zone_scheduled_start_at ON zone_scheduled_start_at.zone = z.timezone
        AND zone_scheduled_start_at.utc_year = CAST(extract(year FROM s.scheduled_start_at) AS integer)
        AND zone_scheduled_start_at.from_utc <= s.scheduled_start_at AND s.scheduled_start_at < zone_scheduled_start_at.to_utc
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.timezone FROM core.dim_clinic_history h)
      ) zone_created_at ON zone_created_at.zone = z.timezone
        AND zone_created_at.utc_year = CAST(extract(year FROM s.created_at) AS integer)
        AND zone_created_at.from_utc <= s.created_at AND s.created_at < zone_created_at.to_utc
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.timezone FROM core.dim_clinic_history h)
      ) zone_actual_start_at ON zone_actual_start_at.zone = z.timezone
        AND zone_actual_start_at.utc_year = CAST(extract(year FROM s.actual_start_at) AS integer)
        AND zone_actual_start_at.from_utc <= s.actual_start_at AND s.actual_start_at < zone_actual_start_at.to_utc
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < patient.valid_to
LEFT JOIN core.dim_clinic_history clinic ON clinic.clinic_key = f.clinic_key
  AND clinic.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < clinic.valid_to
LEFT JOIN core.dim_provider_history provider ON provider.provider_key = f.provider_key
  AND provider.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < provider.valid_to;

-- Exactly the decided rows were written: an as-of join that met two versions of a member would have doubled a fact. A guard raises by
-- inserting NULL, which nullif(x, x) is, into a column that is NOT NULL.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (SELECT count(*) AS n FROM core.appointment) f CROSS JOIN appointment_expected x
WHERE f.n <> x.facts;

-- What this load did, in events. The counts cannot be written, since none may be NULL, unless the stage holds the rows that the objects
-- list (what is read again is held to the ledger: reread-*.sql), with possible instants (a reader that takes the unit of a column for another
-- one raises nothing), and the log holds what it must.
INSERT INTO ops.load_count (load_id, entity, rows_read, events_added, events_repeated, recorded_to)
SELECT CAST(:load_id AS varchar(32)), 'appointment', CASE WHEN s.n = b.listed OR b.rereads > 0 THEN s.n END, CASE WHEN f.n + p.n = x.log_rows THEN x.added END,
  x.repeated, s.recorded_to
FROM appointment_expected x
CROSS JOIN (
  SELECT count(CASE WHEN e.effective_at >= timestamp '1900-01-01 00:00:00' AND e.effective_at < timestamp '2201-01-01 00:00:00'
    AND e.recorded_at >= timestamp '1900-01-01 00:00:00' AND e.recorded_at < timestamp '2201-01-01 00:00:00' THEN 1 END) AS n,
    max(e.recorded_at) AS recorded_to
  FROM stage_appointment e
) s
CROSS JOIN (
  SELECT coalesce(sum(row_count), 0) AS listed, count(is_withdrawn) AS rereads FROM batch_object WHERE entity = 'appointment'
) b
CROSS JOIN (SELECT count(*) AS n FROM core.appointment) f
CROSS JOIN (SELECT count(*) AS n FROM core.appointment_superseded) p;
