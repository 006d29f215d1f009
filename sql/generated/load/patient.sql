-- Patient: events in stage_patient → core.dim_patient_history and core.patient_superseded (together the log). Parameter: :load_id.
-- The load function has made stage_patient and copied the objects into it. Only keys with more than one event or with a tombstone
-- need a decision; all others go straight through.
-- Every event about these keys, with all that it says, each row by a number. known: 0 new, 1 is a version, 2 is beside the versions. A key that
-- was described before has a version of its own. A tombstone keeps its key and no attributes; as a version it sees to it that no fact loses
-- its row.
CREATE TEMP TABLE patient_event AS
WITH contested AS (
  SELECT s.patient_key FROM stage_patient s GROUP BY s.patient_key HAVING count(*) > 1
  UNION
  SELECT s.patient_key FROM stage_patient s WHERE s.op = 'delete'
  UNION
  SELECT h.patient_key FROM core.dim_patient_history h
  WHERE h.patient_key IN (SELECT s.patient_key FROM stage_patient s) AND NOT h.is_inferred
), every AS (
  SELECT s.patient_key, s.event_id, s.payload_hash, s.op, s.source_system, s.effective_at, s.recorded_at, s.source_order, s.patient_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.first_name END AS first_name,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.last_name END AS last_name,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.gender_code END AS gender_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.birth_date END AS birth_date,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.reported_age_years END AS reported_age_years,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.zip5 END AS zip5,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.state END AS state,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.primary_payer_id END AS primary_payer_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.deceased_at END AS deceased_at,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.is_deceased END AS is_deceased,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.birth_date_precision END AS birth_date_precision,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.race_code END AS race_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.ethnicity_code END AS ethnicity_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.language_code END AS language_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.marital_status_code END AS marital_status_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.city END AS city,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.is_test END AS is_test,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.contact_opt_out END AS contact_opt_out,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.sensitivity_code END AS sensitivity_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.mrn END AS mrn,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.mrn_system END AS mrn_system,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.member_id END AS member_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.member_id_system END AS member_id_system,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.deceased_precision END AS deceased_precision,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.link_count END AS link_count,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.mrn_alias_key END AS mrn_alias_key,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.mrn_assigned_key END AS mrn_assigned_key,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.member_id_alias_key END AS member_id_alias_key,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.member_id_assigned_key END AS member_id_assigned_key,
    s.dq_flags, 0 AS known, CAST(NULL AS varchar(32)) AS load_id, CAST(NULL AS timestamp) AS held_from, CAST(NULL AS timestamp) AS held_to,
    CAST(NULL AS boolean) AS held_tied
  FROM stage_patient s WHERE s.patient_key IN (SELECT c.patient_key FROM contested c)
  UNION ALL
  SELECT h.patient_key, h.event_id, h.payload_hash, CASE WHEN h.is_deleted THEN 'delete' ELSE 'upsert' END,
    h.source_system, h.effective_at, h.recorded_at, h.source_order, h.patient_id, h.first_name, h.last_name, h.gender_code,
      h.birth_date, h.reported_age_years, h.zip5, h.state, h.primary_payer_id, h.deceased_at, h.is_deceased, h.birth_date_precision,
      h.race_code, h.ethnicity_code, h.language_code, h.marital_status_code, h.city, h.is_test, h.contact_opt_out,
      h.sensitivity_code, h.mrn, h.mrn_system, h.member_id, h.member_id_system, h.deceased_precision, h.link_count, h.mrn_alias_key,
      h.mrn_assigned_key, h.member_id_alias_key, h.member_id_assigned_key, h.dq_flags,
    1, h.load_id, h.valid_from, h.valid_to, h.is_tied
  FROM core.dim_patient_history h WHERE h.patient_key IN (SELECT s.patient_key FROM stage_patient s) AND NOT h.is_inferred
  UNION ALL
  SELECT p.patient_key, p.event_id, p.payload_hash, p.op, p.source_system, p.effective_at, p.recorded_at, p.source_order,
    p.patient_id, p.first_name, p.last_name, p.gender_code, p.birth_date, p.reported_age_years, p.zip5, p.state, p.primary_payer_id,
      p.deceased_at, p.is_deceased, p.birth_date_precision, p.race_code, p.ethnicity_code, p.language_code, p.marital_status_code,
      p.city, p.is_test, p.contact_opt_out, p.sensitivity_code, p.mrn, p.mrn_system, p.member_id, p.member_id_system,
      p.deceased_precision, p.link_count, p.mrn_alias_key, p.mrn_assigned_key, p.member_id_alias_key,
      p.member_id_assigned_key, p.dq_flags,
    2, p.load_id, CAST(NULL AS timestamp), CAST(NULL AS timestamp), CAST(NULL AS boolean)
  FROM core.patient_superseded p WHERE p.patient_key IN (SELECT s.patient_key FROM stage_patient s)
)
SELECT v.*, ROW_NUMBER() OVER () AS event_number FROM every v;

-- What becomes of each event. Decided on a few columns: sorting is what costs, and a member has many attributes.
-- counted:  each event once. A repeat has the same event, payload and times; an event_id used again with another payload is an event of
--           its own. copies: how often this load brings the event. Of all copies the greatest order holds, and of their flags the greatest
--           text: where they are above what the log has, it is raised.
-- placed:   the first of an instant wins: the latest knowledge, then the greatest order of its source. Where all this is equal and
--           something else is said, the event is tied: it may as well have been the other one.
-- compared: winners beside the winner before; equal neighbours collapse into the earlier one (two tombstones are equal whatever else
--           they carry).
-- At last the first version holds from -infinity, each one until the next.
CREATE TEMP TABLE patient_decided AS
WITH counted AS (
  SELECT v.event_number, v.patient_key, v.event_id, v.payload_hash, v.op, v.effective_at, v.recorded_at, v.source_order, v.dq_flags,
    v.known, v.load_id, v.held_from, v.held_to, v.held_tied,
    ROW_NUMBER() OVER (PARTITION BY v.patient_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash ORDER BY v.known DESC, v.op) AS copy_number,
    sum(CASE WHEN v.known = 0 THEN 1 ELSE 0 END) OVER (PARTITION BY v.patient_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS copies,
    max(v.source_order) OVER (PARTITION BY v.patient_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS top_order,
    max(v.dq_flags) OVER (PARTITION BY v.patient_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS all_flags
  FROM patient_event v
), placed AS (
  SELECT c.*,
    CASE WHEN min(c.payload_hash) OVER (PARTITION BY c.patient_key, c.effective_at, c.recorded_at, c.top_order)
      < max(c.payload_hash) OVER (PARTITION BY c.patient_key, c.effective_at, c.recorded_at, c.top_order) THEN true ELSE false END AS is_tied,
    CASE WHEN ROW_NUMBER() OVER (PARTITION BY c.patient_key, c.effective_at
      ORDER BY c.recorded_at DESC, c.top_order DESC, c.event_id DESC, c.payload_hash DESC) = 1 THEN 1 ELSE 0 END AS wins
  FROM counted c
  WHERE c.copy_number = 1
), compared AS (
  SELECT p.*,
    LAG(p.op) OVER (PARTITION BY p.patient_key, p.wins ORDER BY p.effective_at) AS op_before,
    LAG(p.event_number) OVER (PARTITION BY p.patient_key, p.wins ORDER BY p.effective_at) AS number_before
  FROM placed p
), marked AS (
  SELECT c.*, CASE WHEN c.wins = 0 THEN 0 WHEN c.op_before IS NULL OR c.op_before <> c.op THEN 1 WHEN c.op = 'delete' THEN 0
    WHEN
      coalesce(e.first_name = b.first_name, e.first_name IS NULL AND b.first_name IS NULL)
      AND coalesce(e.last_name = b.last_name, e.last_name IS NULL AND b.last_name IS NULL)
      AND coalesce(e.gender_code = b.gender_code, e.gender_code IS NULL AND b.gender_code IS NULL)
      AND coalesce(e.birth_date = b.birth_date, e.birth_date IS NULL AND b.birth_date IS NULL)
      AND coalesce(e.reported_age_years = b.reported_age_years, e.reported_age_years IS NULL AND b.reported_age_years IS NULL)
      AND coalesce(e.zip5 = b.zip5, e.zip5 IS NULL AND b.zip5 IS NULL)
      AND coalesce(e.state = b.state, e.state IS NULL AND b.state IS NULL)
      AND coalesce(e.primary_payer_id = b.primary_payer_id, e.primary_payer_id IS NULL AND b.primary_payer_id IS NULL)
      AND coalesce(e.deceased_at = b.deceased_at, e.deceased_at IS NULL AND b.deceased_at IS NULL)
      AND coalesce(e.is_deceased = b.is_deceased, e.is_deceased IS NULL AND b.is_deceased IS NULL)
      AND coalesce(e.birth_date_precision = b.birth_date_precision, e.birth_date_precision IS NULL AND b.birth_date_precision IS NULL)
      AND coalesce(e.race_code = b.race_code, e.race_code IS NULL AND b.race_code IS NULL)
      AND coalesce(e.ethnicity_code = b.ethnicity_code, e.ethnicity_code IS NULL AND b.ethnicity_code IS NULL)
      AND coalesce(e.language_code = b.language_code, e.language_code IS NULL AND b.language_code IS NULL)
      AND coalesce(e.marital_status_code = b.marital_status_code, e.marital_status_code IS NULL AND b.marital_status_code IS NULL)
      AND coalesce(e.city = b.city, e.city IS NULL AND b.city IS NULL)
      AND coalesce(e.is_test = b.is_test, e.is_test IS NULL AND b.is_test IS NULL)
      AND coalesce(e.contact_opt_out = b.contact_opt_out, e.contact_opt_out IS NULL AND b.contact_opt_out IS NULL)
      AND coalesce(e.sensitivity_code = b.sensitivity_code, e.sensitivity_code IS NULL AND b.sensitivity_code IS NULL)
      AND coalesce(e.mrn = b.mrn, e.mrn IS NULL AND b.mrn IS NULL)
      AND coalesce(e.mrn_system = b.mrn_system, e.mrn_system IS NULL AND b.mrn_system IS NULL)
      AND coalesce(e.member_id = b.member_id, e.member_id IS NULL AND b.member_id IS NULL)
      AND coalesce(e.member_id_system = b.member_id_system, e.member_id_system IS NULL AND b.member_id_system IS NULL)
      AND coalesce(e.deceased_precision = b.deceased_precision, e.deceased_precision IS NULL AND b.deceased_precision IS NULL)
      AND coalesce(e.link_count = b.link_count, e.link_count IS NULL AND b.link_count IS NULL)
      AND coalesce(e.mrn_alias_key = b.mrn_alias_key, e.mrn_alias_key IS NULL AND b.mrn_alias_key IS NULL)
      AND coalesce(e.mrn_assigned_key = b.mrn_assigned_key, e.mrn_assigned_key IS NULL AND b.mrn_assigned_key IS NULL)
      AND coalesce(e.member_id_alias_key = b.member_id_alias_key, e.member_id_alias_key IS NULL AND b.member_id_alias_key IS NULL)
      AND coalesce(e.member_id_assigned_key = b.member_id_assigned_key, e.member_id_assigned_key IS NULL AND b.member_id_assigned_key IS NULL)
    THEN 0 ELSE 1 END AS is_version
  FROM compared c
  JOIN patient_event e ON e.event_number = c.event_number
  LEFT JOIN patient_event b ON b.event_number = c.number_before
)
SELECT m.event_number, m.patient_key, m.event_id, m.payload_hash, m.op, m.effective_at, m.recorded_at,
  m.top_order AS source_order, m.all_flags AS dq_flags,
  m.is_tied, m.known, m.copies,
  CASE WHEN m.known = 0 THEN 0
    WHEN m.source_order < m.top_order OR coalesce(m.dq_flags, '') <> coalesce(m.all_flags, '') THEN 1
    WHEN m.held_tied <> m.is_tied THEN 1 ELSE 0 END AS is_raised,
  m.load_id, m.held_from, m.held_to, m.is_version,
  CASE WHEN ROW_NUMBER() OVER (PARTITION BY m.patient_key, m.is_version ORDER BY m.effective_at) = 1
    THEN timestamp '1900-01-01 00:00:00' ELSE m.effective_at END AS valid_from,
  coalesce(LEAD(m.effective_at) OVER (PARTITION BY m.patient_key, m.is_version ORDER BY m.effective_at),
    timestamp '9999-12-31 00:00:00') AS valid_to
FROM marked m;

-- What the log must hold at the end, and what the load brings. A key without a rival has one event, which is new. An event that an
-- earlier attempt of this very load has written is none of the repeats.
CREATE TEMP TABLE patient_expected AS
SELECT h.n + p.n + s.n - d.rivals + d.fresh AS log_rows, s.n - d.rivals + d.fresh + d.own AS added, d.repeated
FROM (SELECT count(*) AS n FROM stage_patient) s
CROSS JOIN (SELECT count(event_id) AS n FROM core.dim_patient_history) h
CROSS JOIN (SELECT count(*) AS n FROM core.patient_superseded) p
CROSS JOIN (
  SELECT coalesce(sum(q.copies), 0) AS rivals,
    coalesce(sum(CASE WHEN q.known = 0 THEN 1 ELSE 0 END), 0) AS fresh,
    coalesce(sum(CASE WHEN q.known > 0 AND q.copies > 0 AND q.load_id = l.load_id THEN 1 ELSE 0 END), 0) AS own,
    coalesce(sum(CASE WHEN q.copies = 0 THEN 0 WHEN q.known = 0 OR q.load_id = l.load_id THEN q.copies - 1 ELSE q.copies END), 0) AS repeated
  FROM patient_decided q CROSS JOIN ops.load_lease l
) d;

-- What stood before this load and does not stand after it: inferred members that are described now, and versions that are none any
-- more, hold for another time, or were raised or tied, which changes nothing that a fact could see.
-- The time for which such a member may have other attributes now: where a version ended, and where a new one begins. Facts of that time
-- take its attributes again. Time that a version merely lost to or gained from a neighbour is covered by that neighbour's own rows.
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT CAST(:load_id AS varchar(32)), 'patient', x.patient_key, min(x.changed_from), max(x.changed_to)
FROM (
  SELECT h.patient_key, h.valid_from AS changed_from, h.valid_to AS changed_to, 1 AS stood
  FROM core.dim_patient_history h
  WHERE h.is_inferred AND h.patient_key IN (SELECT s.patient_key FROM stage_patient s)
  UNION ALL
  SELECT d.patient_key, CASE WHEN d.is_version = 0 THEN d.held_from END, CASE WHEN d.is_version = 0 THEN d.held_to END, 1
  FROM patient_decided d
  WHERE d.known = 1 AND (d.is_version = 0 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to)
  UNION ALL
  SELECT d.patient_key, d.valid_from, d.valid_to, 0 FROM patient_decided d
  WHERE d.is_version = 1 AND d.known <> 1
) x
GROUP BY x.patient_key HAVING max(x.stood) = 1 AND min(x.changed_from) IS NOT NULL;
DELETE FROM core.dim_patient_history
WHERE EXISTS (
  SELECT 1 FROM (
    SELECT h.patient_key, h.valid_from FROM core.dim_patient_history h
    WHERE h.is_inferred AND h.patient_key IN (SELECT s.patient_key FROM stage_patient s)
    UNION ALL
    SELECT d.patient_key, d.held_from FROM patient_decided d
    WHERE d.known = 1 AND (d.is_version = 0 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to)
  ) t
  WHERE t.patient_key = dim_patient_history.patient_key AND t.valid_from = dim_patient_history.valid_from
);

INSERT INTO core.dim_patient_history (patient_key, source_system, patient_id, first_name, last_name, gender_code, birth_date,
  reported_age_years, zip5, state, primary_payer_id, deceased_at, is_deceased, birth_date_precision, race_code, ethnicity_code,
  language_code, marital_status_code, city, is_test, contact_opt_out, sensitivity_code, mrn, mrn_system, member_id,
  member_id_system, deceased_precision, link_count, mrn_alias_key, mrn_assigned_key, member_id_alias_key,
  member_id_assigned_key, valid_from, valid_to,
  is_current, is_inferred, is_deleted, event_id, payload_hash, effective_at, recorded_at, source_order, is_tied, dq_flags, load_id)
SELECT s.patient_key, s.source_system, s.patient_id, s.first_name, s.last_name, s.gender_code, s.birth_date, s.reported_age_years,
  s.zip5, s.state, s.primary_payer_id, s.deceased_at, s.is_deceased, s.birth_date_precision, s.race_code, s.ethnicity_code,
  s.language_code, s.marital_status_code, s.city, s.is_test, s.contact_opt_out, s.sensitivity_code, s.mrn, s.mrn_system,
  s.member_id, s.member_id_system, s.deceased_precision, s.link_count, s.mrn_alias_key, s.mrn_assigned_key, s.member_id_alias_key,
  s.member_id_assigned_key,
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false,
  s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, false, s.dq_flags, CAST(:load_id AS varchar(32))
FROM stage_patient s
WHERE NOT EXISTS (SELECT 1 FROM patient_decided d WHERE d.patient_key = s.patient_key)
UNION ALL
SELECT d.patient_key, e.source_system, e.patient_id, e.first_name, e.last_name, e.gender_code, e.birth_date, e.reported_age_years,
  e.zip5, e.state, e.primary_payer_id, e.deceased_at, e.is_deceased, e.birth_date_precision, e.race_code, e.ethnicity_code,
  e.language_code, e.marital_status_code, e.city, e.is_test, e.contact_opt_out, e.sensitivity_code, e.mrn, e.mrn_system,
  e.member_id, e.member_id_system, e.deceased_precision, e.link_count, e.mrn_alias_key, e.mrn_assigned_key, e.member_id_alias_key,
  e.member_id_assigned_key, d.valid_from, d.valid_to,
  d.valid_to = timestamp '9999-12-31 00:00:00', false, d.op = 'delete',
  d.event_id, d.payload_hash, d.effective_at, d.recorded_at, d.source_order, d.is_tied, d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM patient_decided d
JOIN patient_event e ON e.event_number = d.event_number
WHERE d.is_version = 1 AND (d.known <> 1 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to);

-- Events that are no version stand beside: beaten at their instant, or equal to the version before.
DELETE FROM core.patient_superseded
WHERE EXISTS (
  SELECT 1 FROM patient_decided d
  WHERE d.known = 2 AND (d.is_version = 1 OR d.is_raised = 1) AND d.patient_key = patient_superseded.patient_key
    AND d.event_id = patient_superseded.event_id AND d.payload_hash = patient_superseded.payload_hash
    AND d.effective_at = patient_superseded.effective_at AND d.recorded_at = patient_superseded.recorded_at
);
INSERT INTO core.patient_superseded (patient_key, event_id, payload_hash, op, source_system, effective_at, recorded_at,
  source_order, patient_id, first_name, last_name, gender_code, birth_date, reported_age_years, zip5, state, primary_payer_id,
    deceased_at, is_deceased, birth_date_precision, race_code, ethnicity_code, language_code, marital_status_code, city, is_test,
    contact_opt_out, sensitivity_code, mrn, mrn_system, member_id, member_id_system, deceased_precision, link_count, mrn_alias_key,
    mrn_assigned_key, member_id_alias_key, member_id_assigned_key, dq_flags, load_id)
SELECT d.patient_key, d.event_id, d.payload_hash, d.op, e.source_system, d.effective_at, d.recorded_at,
  d.source_order, e.patient_id, e.first_name, e.last_name, e.gender_code, e.birth_date, e.reported_age_years, e.zip5, e.state,
    e.primary_payer_id, e.deceased_at, e.is_deceased, e.birth_date_precision, e.race_code, e.ethnicity_code, e.language_code,
    e.marital_status_code, e.city, e.is_test, e.contact_opt_out, e.sensitivity_code, e.mrn, e.mrn_system, e.member_id,
    e.member_id_system, e.deceased_precision, e.link_count, e.mrn_alias_key, e.mrn_assigned_key, e.member_id_alias_key,
    e.member_id_assigned_key, d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM patient_decided d
JOIN patient_event e ON e.event_number = d.event_number
WHERE d.is_version = 0 AND (d.known <> 2 OR d.is_raised = 1);

-- What this load did, in events. The counts cannot be written, since none may be NULL, unless the stage holds the rows that the objects
-- list (what is read again is held to the ledger: reread-*.sql), with possible instants (a reader that takes the unit of a column for another
-- one raises nothing), and the log holds what it must.
INSERT INTO ops.load_count (load_id, entity, rows_read, events_added, events_repeated, recorded_to)
SELECT CAST(:load_id AS varchar(32)), 'patient', CASE WHEN s.n = b.listed OR b.rereads > 0 THEN s.n END, CASE WHEN h.n + p.n = x.log_rows THEN x.added END,
  x.repeated, s.recorded_to
FROM patient_expected x
CROSS JOIN (
  SELECT count(CASE WHEN e.effective_at >= timestamp '1900-01-01 00:00:00' AND e.effective_at < timestamp '2201-01-01 00:00:00'
    AND e.recorded_at >= timestamp '1900-01-01 00:00:00' AND e.recorded_at < timestamp '2201-01-01 00:00:00' THEN 1 END) AS n,
    max(e.recorded_at) AS recorded_to
  FROM stage_patient e
) s
CROSS JOIN (
  SELECT coalesce(sum(row_count), 0) AS listed, count(is_withdrawn) AS rereads FROM batch_object WHERE entity = 'patient'
) b
CROSS JOIN (SELECT count(event_id) AS n FROM core.dim_patient_history) h
CROSS JOIN (SELECT count(*) AS n FROM core.patient_superseded) p;
