-- Diagnostic report: events in stage_diagnostic_report → core.diagnostic_report (one row per key, the winner) and core.diagnostic_report_superseded (the rest
-- of the log). Parameter: :load_id. The load function has made stage_diagnostic_report and copied the objects into it. Only keys with
-- more than one event or with a tombstone need a decision; all others go straight through.
-- Members that are named by another identifier (none, where the event names them by their own): who holds it now. Where nobody does, the
-- key stays that of the identifier, and is named anew when the holder comes (rename-diagnostic_report.sql).
UPDATE stage_diagnostic_report SET patient_key = i.member_key
FROM (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.patient_identifier v
  WHERE v.named_key IN (SELECT s.patient_named_key FROM stage_diagnostic_report s) GROUP BY v.named_key
) i
WHERE i.named_key = stage_diagnostic_report.patient_named_key;
-- What the log already holds about the keys of this load. known: 1 stands as the fact, 2 stands beside.
CREATE TEMP TABLE diagnostic_report_prior AS
SELECT f.diagnostic_report_key, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.dq_flags, f.source_system, f.load_id,
  f.patient_key, f.observation_code_key,
  CAST('upsert' AS varchar(8)) AS op, 1 AS known, f.is_tied AS held_tied
FROM core.diagnostic_report f
WHERE f.diagnostic_report_key IN (SELECT s.diagnostic_report_key FROM stage_diagnostic_report s)
UNION ALL
SELECT p.diagnostic_report_key, p.event_id, p.payload_hash, p.effective_at, p.recorded_at, p.source_order, p.dq_flags, p.source_system, p.load_id,
  CAST(NULL AS varchar(32)) AS patient_key,
  CAST(NULL AS varchar(32)) AS observation_code_key,
  p.op, 2, CAST(NULL AS boolean)
FROM core.diagnostic_report_superseded p
WHERE p.diagnostic_report_key IN (SELECT s.diagnostic_report_key FROM stage_diagnostic_report s);

-- Every event about the keys that need a decision, each once, and its place. Place 1 wins: what is latest in effect, of that the latest knowledge, then the
-- greatest order of its source, then the state that is furthest on; event_id and payload_hash only make the order total. A repeat has the
-- same event, payload and times; an event_id used again with another payload is an event of its own. Of all copies the greatest order
-- holds, and of their flags the greatest text: an event in the log that has less is raised (is_raised), and written again as the load
-- brings it.
-- is_tied: times and order are those of another event that says something else. copies: how often this load brings the event. known: 0
-- new, else as above. record_source, record_position: of the first copy of a new event; is_twofold: of two copies, as where a batch was
-- ingested again.
CREATE TEMP TABLE diagnostic_report_decided AS
WITH contested AS (
  SELECT s.diagnostic_report_key FROM stage_diagnostic_report s GROUP BY s.diagnostic_report_key HAVING count(*) > 1
  UNION
  SELECT s.diagnostic_report_key FROM stage_diagnostic_report s WHERE s.op = 'delete'
  UNION
  SELECT p.diagnostic_report_key FROM diagnostic_report_prior p
), every AS (
  SELECT s.diagnostic_report_key, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, s.dq_flags, s.source_system,
    CAST(NULL AS varchar(32)) AS load_id,
    s.op, s.record_source, s.record_position, 0 AS known, CAST(NULL AS boolean) AS held_tied
  FROM stage_diagnostic_report s WHERE s.diagnostic_report_key IN (SELECT c.diagnostic_report_key FROM contested c)
  UNION ALL
  SELECT p.diagnostic_report_key, p.event_id, p.payload_hash, p.effective_at, p.recorded_at, p.source_order, p.dq_flags, p.source_system, p.load_id,
    p.op, CAST(NULL AS varchar(512)), CAST(NULL AS varchar(64)), p.known, p.held_tied
  FROM diagnostic_report_prior p
), counted AS (
  SELECT v.*,
    CAST(0 AS integer) AS state_rank,
    ROW_NUMBER() OVER (PARTITION BY v.diagnostic_report_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at
      ORDER BY v.known DESC, v.op, v.record_source, v.record_position) AS copy_number,
    CASE WHEN v.record_source = LEAD(v.record_source) OVER (PARTITION BY v.diagnostic_report_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at
      ORDER BY v.known DESC, v.op, v.record_source, v.record_position)
      AND v.record_position = LEAD(v.record_position) OVER (PARTITION BY v.diagnostic_report_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at
      ORDER BY v.known DESC, v.op, v.record_source, v.record_position) THEN 1 ELSE 0 END AS is_twofold,
    sum(CASE WHEN v.known = 0 THEN 1 ELSE 0 END) OVER (PARTITION BY v.diagnostic_report_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at) AS copies,
    max(v.source_order) OVER (PARTITION BY v.diagnostic_report_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at) AS top_order,
    max(v.dq_flags) OVER (PARTITION BY v.diagnostic_report_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at) AS all_flags
  FROM every v
)
SELECT c.diagnostic_report_key, c.event_id, c.payload_hash, c.effective_at, c.recorded_at, c.top_order AS source_order, c.all_flags AS dq_flags,
  c.source_system, c.load_id,
  c.op, c.record_source, c.record_position, c.is_twofold, c.known, c.copies, c.held_tied,
  CASE WHEN min(c.payload_hash) OVER (PARTITION BY c.diagnostic_report_key, c.effective_at, c.recorded_at, c.top_order)
    < max(c.payload_hash) OVER (PARTITION BY c.diagnostic_report_key, c.effective_at, c.recorded_at, c.top_order) THEN true ELSE false END AS is_tied,
  CASE WHEN c.known > 0 AND (c.source_order < c.top_order OR coalesce(c.dq_flags, '') <> coalesce(c.all_flags, '')) THEN 1 ELSE 0 END AS is_raised,
  ROW_NUMBER() OVER (PARTITION BY c.diagnostic_report_key ORDER BY c.effective_at DESC, c.recorded_at DESC, c.top_order DESC, c.state_rank DESC,
    c.event_id DESC, c.payload_hash DESC) AS place
FROM counted c
WHERE c.copy_number = 1;

-- What there must be at the end, and what the load brings. Facts: those before, less the beaten and the raised, and the winners: of the keys without a
-- rival each event (what is staged, less what decided has counted), of the others the one in place 1. An event that an earlier attempt
-- of this very load has written is none of the repeats.
CREATE TEMP TABLE diagnostic_report_expected AS
SELECT f.n + s.n - d.rivals + d.winners - d.beaten AS facts, f.n + p.n + s.n - d.rivals + d.fresh AS log_rows,
  s.n - d.rivals + d.fresh + d.own AS added, d.repeated
FROM (SELECT count(*) AS n FROM core.diagnostic_report) f
CROSS JOIN (SELECT count(*) AS n FROM core.diagnostic_report_superseded) p
CROSS JOIN (SELECT count(*) AS n FROM stage_diagnostic_report) s
CROSS JOIN (
  SELECT coalesce(sum(q.copies), 0) AS rivals,
    coalesce(sum(CASE WHEN q.known = 0 THEN 1 ELSE 0 END), 0) AS fresh,
    coalesce(sum(CASE WHEN (q.known = 0 OR q.is_raised = 1) AND q.place = 1 AND q.op = 'upsert' THEN 1 ELSE 0 END), 0) AS winners,
    coalesce(sum(CASE WHEN q.known = 1 AND (q.place > 1 OR q.is_raised = 1) THEN 1 ELSE 0 END), 0) AS beaten,
    coalesce(sum(CASE WHEN q.known > 0 AND q.copies > 0 AND q.load_id = l.load_id THEN 1 ELSE 0 END), 0) AS own,
    coalesce(sum(CASE WHEN q.copies = 0 THEN 0 WHEN q.known = 0 OR q.load_id = l.load_id THEN q.copies - 1 ELSE q.copies END), 0) AS repeated
  FROM diagnostic_report_decided q CROSS JOIN ops.load_lease l
) d;

-- Facts that are beaten leave the fact and stay in the log, beside new events that do not win. What is raised there is written again, or
-- wins now.
DELETE FROM core.diagnostic_report_superseded
WHERE EXISTS (
  SELECT 1 FROM diagnostic_report_decided d
  WHERE d.known = 2 AND d.is_raised = 1 AND d.diagnostic_report_key = diagnostic_report_superseded.diagnostic_report_key
    AND d.event_id = diagnostic_report_superseded.event_id AND d.payload_hash = diagnostic_report_superseded.payload_hash
    AND d.effective_at = diagnostic_report_superseded.effective_at AND d.recorded_at = diagnostic_report_superseded.recorded_at
);
INSERT INTO core.diagnostic_report_superseded (diagnostic_report_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order,
  dq_flags, load_id)
SELECT d.diagnostic_report_key, d.event_id, d.payload_hash, d.op, d.source_system, d.effective_at, d.recorded_at, d.source_order,
  d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM diagnostic_report_decided d
WHERE (d.known = 1 AND d.place > 1) OR ((d.known = 0 OR (d.known = 2 AND d.is_raised = 1)) AND (d.place > 1 OR d.op = 'delete'));

-- Inferred members that a beaten fact named may be named by nobody now. They are looked at after all facts of the load (prune-*.sql),
-- so that the members of the result do not depend on the order of loads.
INSERT INTO ops.unreferenced (entity, member_key)
SELECT 'patient', h.patient_key FROM core.dim_patient_history h
WHERE h.is_inferred AND h.patient_key IN (
  SELECT p.patient_key FROM diagnostic_report_prior p JOIN diagnostic_report_decided d ON d.diagnostic_report_key = p.diagnostic_report_key
  WHERE p.known = 1 AND d.known = 1 AND d.place > 1
)
UNION ALL
SELECT 'observation_code', h.observation_code_key FROM core.dim_observation_code_history h
WHERE h.is_inferred AND h.observation_code_key IN (
  SELECT p.observation_code_key FROM diagnostic_report_prior p JOIN diagnostic_report_decided d ON d.diagnostic_report_key = p.diagnostic_report_key
  WHERE p.known = 1 AND d.known = 1 AND d.place > 1
);

-- Inferred members: named by an event that becomes a fact, described by nobody yet. They carry the natural key and hold always.
INSERT INTO core.dim_patient_history (patient_key, source_system, patient_id, valid_from, valid_to,
  is_current, is_inferred, is_deleted, load_id)
SELECT s.patient_key, min(s.source_system), s.patient_id, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00',
  true, true, false, CAST(:load_id AS varchar(32))
FROM (
  SELECT n.* FROM stage_diagnostic_report n
  WHERE NOT EXISTS (SELECT 1 FROM core.dim_patient_history h WHERE h.patient_key = n.patient_key)
) s
LEFT JOIN (SELECT g.diagnostic_report_key FROM diagnostic_report_decided g GROUP BY g.diagnostic_report_key) c ON c.diagnostic_report_key = s.diagnostic_report_key
LEFT JOIN diagnostic_report_decided d ON d.diagnostic_report_key = s.diagnostic_report_key AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash
  AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at AND (d.known = 0 OR d.is_raised = 1) AND d.place = 1 AND d.op = 'upsert'
WHERE c.diagnostic_report_key IS NULL OR d.diagnostic_report_key IS NOT NULL
GROUP BY s.patient_key, s.patient_id;
INSERT INTO core.dim_observation_code_history (observation_code_key, code_system, code, valid_from, valid_to,
  is_current, is_inferred, is_deleted, load_id)
SELECT s.observation_code_key, s.report_system, s.report_code, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00',
  true, true, false, CAST(:load_id AS varchar(32))
FROM (
  SELECT n.* FROM stage_diagnostic_report n
  WHERE NOT EXISTS (SELECT 1 FROM core.dim_observation_code_history h WHERE h.observation_code_key = n.observation_code_key)
) s
LEFT JOIN (SELECT g.diagnostic_report_key FROM diagnostic_report_decided g GROUP BY g.diagnostic_report_key) c ON c.diagnostic_report_key = s.diagnostic_report_key
LEFT JOIN diagnostic_report_decided d ON d.diagnostic_report_key = s.diagnostic_report_key AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash
  AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at AND (d.known = 0 OR d.is_raised = 1) AND d.place = 1 AND d.op = 'upsert'
WHERE c.diagnostic_report_key IS NULL OR d.diagnostic_report_key IS NOT NULL
GROUP BY s.observation_code_key, s.report_system, s.report_code;

DELETE FROM core.diagnostic_report
WHERE diagnostic_report_key IN (SELECT d.diagnostic_report_key FROM diagnostic_report_decided d WHERE d.known = 1 AND (d.place > 1 OR d.is_raised = 1));

-- Of the facts that stay: whether the state or a hash had to decide.
UPDATE core.diagnostic_report SET is_tied = d.is_tied
FROM diagnostic_report_decided d
WHERE d.known = 1 AND d.place = 1 AND d.held_tied <> d.is_tied AND d.diagnostic_report_key = diagnostic_report.diagnostic_report_key;

-- The stage is read once for nearly all rows: those of keys without a rival, and the first copy of each new event that wins. What is
-- raised, and what has two copies in one place, takes the first of its copies by a number.
-- Offsets of zones are cut into pieces of a year: few of them meet each time. Dates outside the calendar resolve to its unknown date -1.
-- Measures and attributes: sql/measures/diagnostic_report.sql.
-- Members are taken as they were at reported_at. Outer joins keep the order of the joins as written: an as-of condition
-- makes planners guess far too few rows. A fact whose member is missing would come out with load_id NULL, which the table refuses.
INSERT INTO core.diagnostic_report (diagnostic_report_key, diagnostic_report_id, source_system, patient_key, observation_code_key,
  patient_named_key, encounter_key, encounter_is_known, reported_date_key, reported_tz_offset_min, encounter_id, category_code,
  report_system, report_code, report_display, status_code, reported_at, reported_precision, issued_at, result_count, is_counted,
  dq_flags, event_id, payload_hash, effective_at, recorded_at, source_order, is_tied, reported_date, patient_id, patient_gender,
  patient_dob, patient_age, patient_age_band, patient_zip5, patient_state, patient_is_test, reference_display,
  observation_code_category, state_flags, load_id)
SELECT f.diagnostic_report_key, f.diagnostic_report_id, f.source_system, f.patient_key, f.observation_code_key, f.patient_named_key,
  f.encounter_key, f.encounter_is_known, f.reported_date_key, f.reported_tz_offset_min, f.encounter_id, f.category_code,
  f.report_system, f.report_code, f.report_display, f.status_code, f.reported_at, f.reported_precision, f.issued_at, f.result_count,
  f.is_counted, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.reported_date,
  patient.patient_id,
  patient.gender_code,
  patient.birth_date,
  CAST(CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN NULL
      WHEN f.reported_date >= patient.birth_date THEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer)
        - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END AS integer),
  CAST(CASE WHEN f.reported_date < patient.birth_date THEN NULL
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 180000 THEN '0-17'
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 650000 THEN '65+'
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 400000 AND (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 650000 THEN '40-64'
      WHEN (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) - CASE WHEN patient.birth_date_precision = 'year' OR (patient.birth_date_precision = 'month' AND extract(month FROM f.reported_date) = extract(month FROM patient.birth_date)) THEN 10000 ELSE 0 END >= 180000 AND (CAST(extract(year FROM f.reported_date) * 10000 + extract(month FROM f.reported_date) * 100 + extract(day FROM f.reported_date) AS integer) - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) < 400000 THEN '18-39' END AS varchar(8)),
  patient.zip5,
  patient.state,
  patient.is_test,
  observation_code.display,
  observation_code.category,
  CASE WHEN observation_code.is_inferred OR patient.is_inferred
    THEN CAST(substring(CASE WHEN observation_code.is_inferred THEN ' DQ-COD-06' ELSE '' END
    || CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
    OR observation_code.observation_code_key IS NULL
  THEN NULL ELSE f.brought_by END
FROM (
  SELECT e.diagnostic_report_key, e.diagnostic_report_id, e.source_system,
    e.patient_key, e.observation_code_key,
    e.patient_named_key,
    e.encounter_key,
    CAST(0 AS smallint) AS encounter_is_known,
    CASE WHEN e.reported_date BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.reported_date) * 10000 + extract(month FROM e.reported_date) * 100
        + extract(day FROM e.reported_date) AS integer)
      WHEN e.reported_date IS NOT NULL THEN -1 END AS reported_date_key,
    e.reported_date,
    e.reported_tz_offset_min,
    e.encounter_id,
    e.category_code,
    e.report_system,
    e.report_code,
    e.report_display,
    e.status_code,
    e.reported_at,
    e.reported_precision,
    e.issued_at,
    e.result_count,
    CAST(CASE WHEN e.status_code NOT IN ('registered', 'partial', 'preliminary', 'cancelled', 'unknown') THEN 1 ELSE 0 END AS smallint) AS is_counted,
    e.reported_at_local,
    e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied, e.brought_by
  FROM (
    SELECT
      CAST(e.reported_at_local AS date) AS reported_date,
      e.*
    FROM (
      SELECT
        s.reported_at + coalesce(s.reported_tz_offset_min, 0) * interval '1 minute' AS reported_at_local,
        s.*
      FROM (
        SELECT s.event_id, s.source_system, s.effective_at, s.recorded_at, s.payload_hash, s.diagnostic_report_key, s.patient_key,
          s.observation_code_key, s.patient_named_key, s.encounter_key, s.diagnostic_report_id, s.patient_id, s.patient_identifier,
          s.encounter_id, s.category_code, s.report_system, s.report_code, s.report_display, s.status_code, s.reported_at,
          s.reported_precision, s.issued_at, s.result_count,
          s.reported_tz_offset_min, CASE WHEN d.diagnostic_report_key IS NULL THEN s.source_order ELSE d.source_order END AS source_order,
          CASE WHEN d.diagnostic_report_key IS NULL THEN s.dq_flags ELSE d.dq_flags END AS dq_flags, coalesce(d.is_tied, false) AS is_tied,
          CAST(:load_id AS varchar(32)) AS brought_by
        FROM stage_diagnostic_report s
        LEFT JOIN diagnostic_report_decided d ON d.diagnostic_report_key = s.diagnostic_report_key AND d.place = 1
        WHERE d.diagnostic_report_key IS NULL OR (d.known = 0 AND d.op = 'upsert' AND d.is_twofold = 0
          AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at
          AND d.record_source = s.record_source AND d.record_position = s.record_position)
        UNION ALL
        SELECT w.event_id, w.source_system, w.effective_at, w.recorded_at, w.payload_hash, w.diagnostic_report_key, w.patient_key,
          w.observation_code_key, w.patient_named_key, w.encounter_key, w.diagnostic_report_id, w.patient_id, w.patient_identifier,
          w.encounter_id, w.category_code, w.report_system, w.report_code, w.report_display, w.status_code, w.reported_at,
          w.reported_precision, w.issued_at, w.result_count,
          w.reported_tz_offset_min, w.source_order, w.dq_flags, w.is_tied, w.brought_by
        FROM (
          SELECT s.event_id, s.source_system, s.effective_at, s.recorded_at, s.payload_hash, s.diagnostic_report_key, s.patient_key,
            s.observation_code_key, s.patient_named_key, s.encounter_key, s.diagnostic_report_id, s.patient_id,
            s.patient_identifier, s.encounter_id, s.category_code, s.report_system, s.report_code, s.report_display, s.status_code,
            s.reported_at, s.reported_precision, s.issued_at, s.result_count,
            s.reported_tz_offset_min, d.source_order, d.dq_flags, d.is_tied, coalesce(d.load_id, CAST(:load_id AS varchar(32))) AS brought_by, ROW_NUMBER() OVER (PARTITION BY s.diagnostic_report_key ORDER BY s.record_source, s.record_position) AS copy_number
          FROM stage_diagnostic_report s
          JOIN diagnostic_report_decided d ON d.diagnostic_report_key = s.diagnostic_report_key AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash
            AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at
          WHERE (d.is_raised = 1 OR (d.known = 0 AND d.is_twofold = 1)) AND d.place = 1 AND d.op = 'upsert' AND s.op = 'upsert'
        ) w
        WHERE w.copy_number = 1
      ) s
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.reported_at AND f.reported_at < patient.valid_to
LEFT JOIN core.dim_observation_code_history observation_code ON observation_code.observation_code_key = f.observation_code_key
  AND observation_code.valid_from <= f.reported_at AND f.reported_at < observation_code.valid_to;

-- Exactly the decided rows were written: an as-of join that met two versions of a member would have doubled a fact. A guard raises by
-- inserting NULL, which nullif(x, x) is, into a column that is NOT NULL.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (SELECT count(*) AS n FROM core.diagnostic_report) f CROSS JOIN diagnostic_report_expected x
WHERE f.n <> x.facts;

-- What this load did, in events. The counts cannot be written, since none may be NULL, unless the stage holds the rows that the objects
-- list (what is read again is held to the ledger: reread-*.sql), with possible instants (a reader that takes the unit of a column for another
-- one raises nothing), and the log holds what it must.
INSERT INTO ops.load_count (load_id, entity, rows_read, events_added, events_repeated, recorded_to)
SELECT CAST(:load_id AS varchar(32)), 'diagnostic_report', CASE WHEN s.n = b.listed OR b.rereads > 0 THEN s.n END, CASE WHEN f.n + p.n = x.log_rows THEN x.added END,
  x.repeated, s.recorded_to
FROM diagnostic_report_expected x
CROSS JOIN (
  SELECT count(CASE WHEN e.effective_at >= timestamp '1900-01-01 00:00:00' AND e.effective_at < timestamp '2201-01-01 00:00:00'
    AND e.recorded_at >= timestamp '1900-01-01 00:00:00' AND e.recorded_at < timestamp '2201-01-01 00:00:00' THEN 1 END) AS n,
    max(e.recorded_at) AS recorded_to
  FROM stage_diagnostic_report e
) s
CROSS JOIN (
  SELECT coalesce(sum(row_count), 0) AS listed, count(is_withdrawn) AS rereads FROM batch_object WHERE entity = 'diagnostic_report'
) b
CROSS JOIN (SELECT count(*) AS n FROM core.diagnostic_report) f
CROSS JOIN (SELECT count(*) AS n FROM core.diagnostic_report_superseded) p;
