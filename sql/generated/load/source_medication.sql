-- Source medication: events in stage_source_medication → core.dim_source_medication_history and core.source_medication_superseded (together the log). Parameter: :load_id.
-- The load function has made stage_source_medication and copied the objects into it. Only keys with more than one event or with a tombstone
-- need a decision; all others go straight through.
-- Every event about these keys, with all that it says, each row by a number. known: 0 new, 1 is a version, 2 is beside the versions. A key that
-- was described before has a version of its own. A tombstone keeps its key and no attributes; as a version it sees to it that no fact loses
-- its row.
CREATE TEMP TABLE source_medication_event AS
WITH contested AS (
  SELECT s.source_medication_key FROM stage_source_medication s GROUP BY s.source_medication_key HAVING count(*) > 1
  UNION
  SELECT s.source_medication_key FROM stage_source_medication s WHERE s.op = 'delete'
  UNION
  SELECT h.source_medication_key FROM core.dim_source_medication_history h
  WHERE h.source_medication_key IN (SELECT s.source_medication_key FROM stage_source_medication s) AND NOT h.is_inferred
), every AS (
  SELECT s.source_medication_key, s.event_id, s.payload_hash, s.op, s.source_system, s.effective_at, s.recorded_at, s.source_order, s.medication_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.medication_system END AS medication_system,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.medication_code END AS medication_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.medication_display END AS medication_display,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.status_code END AS status_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.form_code END AS form_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.form_display END AS form_display,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.ingredient_code END AS ingredient_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.ingredient_display END AS ingredient_display,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.ingredient_count END AS ingredient_count,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.medication_key END AS medication_key,
    s.dq_flags, 0 AS known, CAST(NULL AS varchar(32)) AS load_id, CAST(NULL AS timestamp) AS held_from, CAST(NULL AS timestamp) AS held_to,
    CAST(NULL AS boolean) AS held_tied
  FROM stage_source_medication s WHERE s.source_medication_key IN (SELECT c.source_medication_key FROM contested c)
  UNION ALL
  SELECT h.source_medication_key, h.event_id, h.payload_hash, CASE WHEN h.is_deleted THEN 'delete' ELSE 'upsert' END,
    h.source_system, h.effective_at, h.recorded_at, h.source_order, h.medication_id, h.medication_system, h.medication_code,
      h.medication_display, h.status_code, h.form_code, h.form_display, h.ingredient_code, h.ingredient_display, h.ingredient_count,
      h.medication_key, h.dq_flags,
    1, h.load_id, h.valid_from, h.valid_to, h.is_tied
  FROM core.dim_source_medication_history h WHERE h.source_medication_key IN (SELECT s.source_medication_key FROM stage_source_medication s) AND NOT h.is_inferred
  UNION ALL
  SELECT p.source_medication_key, p.event_id, p.payload_hash, p.op, p.source_system, p.effective_at, p.recorded_at, p.source_order,
    p.medication_id, p.medication_system, p.medication_code, p.medication_display, p.status_code, p.form_code, p.form_display,
      p.ingredient_code, p.ingredient_display, p.ingredient_count, p.medication_key, p.dq_flags,
    2, p.load_id, CAST(NULL AS timestamp), CAST(NULL AS timestamp), CAST(NULL AS boolean)
  FROM core.source_medication_superseded p WHERE p.source_medication_key IN (SELECT s.source_medication_key FROM stage_source_medication s)
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
CREATE TEMP TABLE source_medication_decided AS
WITH counted AS (
  SELECT v.event_number, v.source_medication_key, v.event_id, v.payload_hash, v.op, v.effective_at, v.recorded_at, v.source_order, v.dq_flags,
    v.known, v.load_id, v.held_from, v.held_to, v.held_tied,
    ROW_NUMBER() OVER (PARTITION BY v.source_medication_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash ORDER BY v.known DESC, v.op) AS copy_number,
    sum(CASE WHEN v.known = 0 THEN 1 ELSE 0 END) OVER (PARTITION BY v.source_medication_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS copies,
    max(v.source_order) OVER (PARTITION BY v.source_medication_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS top_order,
    max(v.dq_flags) OVER (PARTITION BY v.source_medication_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS all_flags
  FROM source_medication_event v
), placed AS (
  SELECT c.*,
    CASE WHEN min(c.payload_hash) OVER (PARTITION BY c.source_medication_key, c.effective_at, c.recorded_at, c.top_order)
      < max(c.payload_hash) OVER (PARTITION BY c.source_medication_key, c.effective_at, c.recorded_at, c.top_order) THEN true ELSE false END AS is_tied,
    CASE WHEN ROW_NUMBER() OVER (PARTITION BY c.source_medication_key, c.effective_at
      ORDER BY c.recorded_at DESC, c.top_order DESC, c.event_id DESC, c.payload_hash DESC) = 1 THEN 1 ELSE 0 END AS wins
  FROM counted c
  WHERE c.copy_number = 1
), compared AS (
  SELECT p.*,
    LAG(p.op) OVER (PARTITION BY p.source_medication_key, p.wins ORDER BY p.effective_at) AS op_before,
    LAG(p.event_number) OVER (PARTITION BY p.source_medication_key, p.wins ORDER BY p.effective_at) AS number_before
  FROM placed p
), marked AS (
  SELECT c.*, CASE WHEN c.wins = 0 THEN 0 WHEN c.op_before IS NULL OR c.op_before <> c.op THEN 1 WHEN c.op = 'delete' THEN 0
    WHEN
      coalesce(e.medication_system = b.medication_system, e.medication_system IS NULL AND b.medication_system IS NULL)
      AND coalesce(e.medication_code = b.medication_code, e.medication_code IS NULL AND b.medication_code IS NULL)
      AND coalesce(e.medication_display = b.medication_display, e.medication_display IS NULL AND b.medication_display IS NULL)
      AND coalesce(e.status_code = b.status_code, e.status_code IS NULL AND b.status_code IS NULL)
      AND coalesce(e.form_code = b.form_code, e.form_code IS NULL AND b.form_code IS NULL)
      AND coalesce(e.form_display = b.form_display, e.form_display IS NULL AND b.form_display IS NULL)
      AND coalesce(e.ingredient_code = b.ingredient_code, e.ingredient_code IS NULL AND b.ingredient_code IS NULL)
      AND coalesce(e.ingredient_display = b.ingredient_display, e.ingredient_display IS NULL AND b.ingredient_display IS NULL)
      AND coalesce(e.ingredient_count = b.ingredient_count, e.ingredient_count IS NULL AND b.ingredient_count IS NULL)
      AND coalesce(e.medication_key = b.medication_key, e.medication_key IS NULL AND b.medication_key IS NULL)
    THEN 0 ELSE 1 END AS is_version
  FROM compared c
  JOIN source_medication_event e ON e.event_number = c.event_number
  LEFT JOIN source_medication_event b ON b.event_number = c.number_before
)
SELECT m.event_number, m.source_medication_key, m.event_id, m.payload_hash, m.op, m.effective_at, m.recorded_at,
  m.top_order AS source_order, m.all_flags AS dq_flags,
  m.is_tied, m.known, m.copies,
  CASE WHEN m.known = 0 THEN 0
    WHEN m.source_order < m.top_order OR coalesce(m.dq_flags, '') <> coalesce(m.all_flags, '') THEN 1
    WHEN m.held_tied <> m.is_tied THEN 1 ELSE 0 END AS is_raised,
  m.load_id, m.held_from, m.held_to, m.is_version,
  CASE WHEN ROW_NUMBER() OVER (PARTITION BY m.source_medication_key, m.is_version ORDER BY m.effective_at) = 1
    THEN timestamp '1900-01-01 00:00:00' ELSE m.effective_at END AS valid_from,
  coalesce(LEAD(m.effective_at) OVER (PARTITION BY m.source_medication_key, m.is_version ORDER BY m.effective_at),
    timestamp '9999-12-31 00:00:00') AS valid_to
FROM marked m;

-- What the log must hold at the end, and what the load brings. A key without a rival has one event, which is new. An event that an
-- earlier attempt of this very load has written is none of the repeats.
CREATE TEMP TABLE source_medication_expected AS
SELECT h.n + p.n + s.n - d.rivals + d.fresh AS log_rows, s.n - d.rivals + d.fresh + d.own AS added, d.repeated
FROM (SELECT count(*) AS n FROM stage_source_medication) s
CROSS JOIN (SELECT count(event_id) AS n FROM core.dim_source_medication_history) h
CROSS JOIN (SELECT count(*) AS n FROM core.source_medication_superseded) p
CROSS JOIN (
  SELECT coalesce(sum(q.copies), 0) AS rivals,
    coalesce(sum(CASE WHEN q.known = 0 THEN 1 ELSE 0 END), 0) AS fresh,
    coalesce(sum(CASE WHEN q.known > 0 AND q.copies > 0 AND q.load_id = l.load_id THEN 1 ELSE 0 END), 0) AS own,
    coalesce(sum(CASE WHEN q.copies = 0 THEN 0 WHEN q.known = 0 OR q.load_id = l.load_id THEN q.copies - 1 ELSE q.copies END), 0) AS repeated
  FROM source_medication_decided q CROSS JOIN ops.load_lease l
) d;

-- What stood before this load and does not stand after it: inferred members that are described now, and versions that are none any
-- more, hold for another time, or were raised or tied, which changes nothing that a fact could see.
-- The time for which such a member may have other attributes now: where a version ended, and where a new one begins. Facts of that time
-- take its attributes again. Time that a version merely lost to or gained from a neighbour is covered by that neighbour's own rows.
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT CAST(:load_id AS varchar(32)), 'source_medication', x.source_medication_key, min(x.changed_from), max(x.changed_to)
FROM (
  SELECT h.source_medication_key, h.valid_from AS changed_from, h.valid_to AS changed_to, 1 AS stood
  FROM core.dim_source_medication_history h
  WHERE h.is_inferred AND h.source_medication_key IN (SELECT s.source_medication_key FROM stage_source_medication s)
  UNION ALL
  SELECT d.source_medication_key, CASE WHEN d.is_version = 0 THEN d.held_from END, CASE WHEN d.is_version = 0 THEN d.held_to END, 1
  FROM source_medication_decided d
  WHERE d.known = 1 AND (d.is_version = 0 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to)
  UNION ALL
  SELECT d.source_medication_key, d.valid_from, d.valid_to, 0 FROM source_medication_decided d
  WHERE d.is_version = 1 AND d.known <> 1
) x
GROUP BY x.source_medication_key HAVING max(x.stood) = 1 AND min(x.changed_from) IS NOT NULL;
DELETE FROM core.dim_source_medication_history
WHERE EXISTS (
  SELECT 1 FROM (
    SELECT h.source_medication_key, h.valid_from FROM core.dim_source_medication_history h
    WHERE h.is_inferred AND h.source_medication_key IN (SELECT s.source_medication_key FROM stage_source_medication s)
    UNION ALL
    SELECT d.source_medication_key, d.held_from FROM source_medication_decided d
    WHERE d.known = 1 AND (d.is_version = 0 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to)
  ) t
  WHERE t.source_medication_key = dim_source_medication_history.source_medication_key AND t.valid_from = dim_source_medication_history.valid_from
);

INSERT INTO core.dim_source_medication_history (source_medication_key, source_system, medication_id, medication_system,
  medication_code, medication_display, status_code, form_code, form_display, ingredient_code, ingredient_display, ingredient_count,
  medication_key, valid_from, valid_to,
  is_current, is_inferred, is_deleted, event_id, payload_hash, effective_at, recorded_at, source_order, is_tied, dq_flags, load_id)
SELECT s.source_medication_key, s.source_system, s.medication_id, s.medication_system, s.medication_code, s.medication_display,
  s.status_code, s.form_code, s.form_display, s.ingredient_code, s.ingredient_display, s.ingredient_count, s.medication_key,
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false,
  s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, false, s.dq_flags, CAST(:load_id AS varchar(32))
FROM stage_source_medication s
WHERE NOT EXISTS (SELECT 1 FROM source_medication_decided d WHERE d.source_medication_key = s.source_medication_key)
UNION ALL
SELECT d.source_medication_key, e.source_system, e.medication_id, e.medication_system, e.medication_code, e.medication_display,
  e.status_code, e.form_code, e.form_display, e.ingredient_code, e.ingredient_display, e.ingredient_count,
  e.medication_key, d.valid_from, d.valid_to,
  d.valid_to = timestamp '9999-12-31 00:00:00', false, d.op = 'delete',
  d.event_id, d.payload_hash, d.effective_at, d.recorded_at, d.source_order, d.is_tied, d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM source_medication_decided d
JOIN source_medication_event e ON e.event_number = d.event_number
WHERE d.is_version = 1 AND (d.known <> 1 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to);

-- Events that are no version stand beside: beaten at their instant, or equal to the version before.
DELETE FROM core.source_medication_superseded
WHERE EXISTS (
  SELECT 1 FROM source_medication_decided d
  WHERE d.known = 2 AND (d.is_version = 1 OR d.is_raised = 1) AND d.source_medication_key = source_medication_superseded.source_medication_key
    AND d.event_id = source_medication_superseded.event_id AND d.payload_hash = source_medication_superseded.payload_hash
    AND d.effective_at = source_medication_superseded.effective_at AND d.recorded_at = source_medication_superseded.recorded_at
);
INSERT INTO core.source_medication_superseded (source_medication_key, event_id, payload_hash, op, source_system, effective_at, recorded_at,
  source_order, medication_id, medication_system, medication_code, medication_display, status_code, form_code, form_display,
    ingredient_code, ingredient_display, ingredient_count, medication_key, dq_flags, load_id)
SELECT d.source_medication_key, d.event_id, d.payload_hash, d.op, e.source_system, d.effective_at, d.recorded_at,
  d.source_order, e.medication_id, e.medication_system, e.medication_code, e.medication_display, e.status_code, e.form_code,
    e.form_display, e.ingredient_code, e.ingredient_display, e.ingredient_count,
    e.medication_key, d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM source_medication_decided d
JOIN source_medication_event e ON e.event_number = d.event_number
WHERE d.is_version = 0 AND (d.known <> 2 OR d.is_raised = 1);

-- What this load did, in events. The counts cannot be written, since none may be NULL, unless the stage holds the rows that the objects
-- list (what is read again is held to the ledger: reread-*.sql), with possible instants (a reader that takes the unit of a column for another
-- one raises nothing), and the log holds what it must.
INSERT INTO ops.load_count (load_id, entity, rows_read, events_added, events_repeated, recorded_to)
SELECT CAST(:load_id AS varchar(32)), 'source_medication', CASE WHEN s.n = b.listed OR b.rereads > 0 THEN s.n END, CASE WHEN h.n + p.n = x.log_rows THEN x.added END,
  x.repeated, s.recorded_to
FROM source_medication_expected x
CROSS JOIN (
  SELECT count(CASE WHEN e.effective_at >= timestamp '1900-01-01 00:00:00' AND e.effective_at < timestamp '2201-01-01 00:00:00'
    AND e.recorded_at >= timestamp '1900-01-01 00:00:00' AND e.recorded_at < timestamp '2201-01-01 00:00:00' THEN 1 END) AS n,
    max(e.recorded_at) AS recorded_to
  FROM stage_source_medication e
) s
CROSS JOIN (
  SELECT coalesce(sum(row_count), 0) AS listed, count(is_withdrawn) AS rereads FROM batch_object WHERE entity = 'source_medication'
) b
CROSS JOIN (SELECT count(event_id) AS n FROM core.dim_source_medication_history) h
CROSS JOIN (SELECT count(*) AS n FROM core.source_medication_superseded) p;
