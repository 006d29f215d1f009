-- Provider role: events in stage_provider_role → core.dim_provider_role_history and core.provider_role_superseded (together the log). Parameter: :load_id.
-- The load function has made stage_provider_role and copied the objects into it. Only keys with more than one event or with a tombstone
-- need a decision; all others go straight through.
-- Every event about these keys, with all that it says, each row by a number. known: 0 new, 1 is a version, 2 is beside the versions. A key that
-- was described before has a version of its own. A tombstone keeps its key and no attributes; as a version it sees to it that no fact loses
-- its row.
CREATE TEMP TABLE provider_role_event AS
WITH contested AS (
  SELECT s.provider_role_key FROM stage_provider_role s GROUP BY s.provider_role_key HAVING count(*) > 1
  UNION
  SELECT s.provider_role_key FROM stage_provider_role s WHERE s.op = 'delete'
  UNION
  SELECT h.provider_role_key FROM core.dim_provider_role_history h
  WHERE h.provider_role_key IN (SELECT s.provider_role_key FROM stage_provider_role s) AND NOT h.is_inferred
), every AS (
  SELECT s.provider_role_key, s.event_id, s.payload_hash, s.op, s.source_system, s.effective_at, s.recorded_at, s.source_order, s.provider_role_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.provider_id END AS provider_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.provider_identifier END AS provider_identifier,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.organization_id END AS organization_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.organization_identifier END AS organization_identifier,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.location_id END AS location_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.location_identifier END AS location_identifier,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.role_system END AS role_system,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.role_code END AS role_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.role_display END AS role_display,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.specialty_system END AS specialty_system,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.specialty_code END AS specialty_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.specialty_display END AS specialty_display,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.is_active END AS is_active,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.starts_on END AS starts_on,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.ends_on END AS ends_on,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.provider_key END AS provider_key,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.organization_key END AS organization_key,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.location_key END AS location_key,
    s.dq_flags, 0 AS known, CAST(NULL AS varchar(32)) AS load_id, CAST(NULL AS timestamp) AS held_from, CAST(NULL AS timestamp) AS held_to,
    CAST(NULL AS boolean) AS held_tied
  FROM stage_provider_role s WHERE s.provider_role_key IN (SELECT c.provider_role_key FROM contested c)
  UNION ALL
  SELECT h.provider_role_key, h.event_id, h.payload_hash, CASE WHEN h.is_deleted THEN 'delete' ELSE 'upsert' END,
    h.source_system, h.effective_at, h.recorded_at, h.source_order, h.provider_role_id, h.provider_id, h.provider_identifier,
      h.organization_id, h.organization_identifier, h.location_id, h.location_identifier, h.role_system, h.role_code,
      h.role_display, h.specialty_system, h.specialty_code, h.specialty_display, h.is_active, h.starts_on, h.ends_on,
      h.provider_key, h.organization_key, h.location_key, h.dq_flags,
    1, h.load_id, h.valid_from, h.valid_to, h.is_tied
  FROM core.dim_provider_role_history h WHERE h.provider_role_key IN (SELECT s.provider_role_key FROM stage_provider_role s) AND NOT h.is_inferred
  UNION ALL
  SELECT p.provider_role_key, p.event_id, p.payload_hash, p.op, p.source_system, p.effective_at, p.recorded_at, p.source_order,
    p.provider_role_id, p.provider_id, p.provider_identifier, p.organization_id, p.organization_identifier, p.location_id,
      p.location_identifier, p.role_system, p.role_code, p.role_display, p.specialty_system, p.specialty_code, p.specialty_display,
      p.is_active, p.starts_on, p.ends_on, p.provider_key, p.organization_key, p.location_key, p.dq_flags,
    2, p.load_id, CAST(NULL AS timestamp), CAST(NULL AS timestamp), CAST(NULL AS boolean)
  FROM core.provider_role_superseded p WHERE p.provider_role_key IN (SELECT s.provider_role_key FROM stage_provider_role s)
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
CREATE TEMP TABLE provider_role_decided AS
WITH counted AS (
  SELECT v.event_number, v.provider_role_key, v.event_id, v.payload_hash, v.op, v.effective_at, v.recorded_at, v.source_order, v.dq_flags,
    v.known, v.load_id, v.held_from, v.held_to, v.held_tied,
    ROW_NUMBER() OVER (PARTITION BY v.provider_role_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash ORDER BY v.known DESC, v.op) AS copy_number,
    sum(CASE WHEN v.known = 0 THEN 1 ELSE 0 END) OVER (PARTITION BY v.provider_role_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS copies,
    max(v.source_order) OVER (PARTITION BY v.provider_role_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS top_order,
    max(v.dq_flags) OVER (PARTITION BY v.provider_role_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS all_flags
  FROM provider_role_event v
), placed AS (
  SELECT c.*,
    CASE WHEN min(c.payload_hash) OVER (PARTITION BY c.provider_role_key, c.effective_at, c.recorded_at, c.top_order)
      < max(c.payload_hash) OVER (PARTITION BY c.provider_role_key, c.effective_at, c.recorded_at, c.top_order) THEN true ELSE false END AS is_tied,
    CASE WHEN ROW_NUMBER() OVER (PARTITION BY c.provider_role_key, c.effective_at
      ORDER BY c.recorded_at DESC, c.top_order DESC, c.event_id DESC, c.payload_hash DESC) = 1 THEN 1 ELSE 0 END AS wins
  FROM counted c
  WHERE c.copy_number = 1
), compared AS (
  SELECT p.*,
    LAG(p.op) OVER (PARTITION BY p.provider_role_key, p.wins ORDER BY p.effective_at) AS op_before,
    LAG(p.event_number) OVER (PARTITION BY p.provider_role_key, p.wins ORDER BY p.effective_at) AS number_before
  FROM placed p
), marked AS (
  SELECT c.*, CASE WHEN c.wins = 0 THEN 0 WHEN c.op_before IS NULL OR c.op_before <> c.op THEN 1 WHEN c.op = 'delete' THEN 0
    WHEN
      coalesce(e.provider_id = b.provider_id, e.provider_id IS NULL AND b.provider_id IS NULL)
      AND coalesce(e.provider_identifier = b.provider_identifier, e.provider_identifier IS NULL AND b.provider_identifier IS NULL)
      AND coalesce(e.organization_id = b.organization_id, e.organization_id IS NULL AND b.organization_id IS NULL)
      AND coalesce(e.organization_identifier = b.organization_identifier, e.organization_identifier IS NULL AND b.organization_identifier IS NULL)
      AND coalesce(e.location_id = b.location_id, e.location_id IS NULL AND b.location_id IS NULL)
      AND coalesce(e.location_identifier = b.location_identifier, e.location_identifier IS NULL AND b.location_identifier IS NULL)
      AND coalesce(e.role_system = b.role_system, e.role_system IS NULL AND b.role_system IS NULL)
      AND coalesce(e.role_code = b.role_code, e.role_code IS NULL AND b.role_code IS NULL)
      AND coalesce(e.role_display = b.role_display, e.role_display IS NULL AND b.role_display IS NULL)
      AND coalesce(e.specialty_system = b.specialty_system, e.specialty_system IS NULL AND b.specialty_system IS NULL)
      AND coalesce(e.specialty_code = b.specialty_code, e.specialty_code IS NULL AND b.specialty_code IS NULL)
      AND coalesce(e.specialty_display = b.specialty_display, e.specialty_display IS NULL AND b.specialty_display IS NULL)
      AND coalesce(e.is_active = b.is_active, e.is_active IS NULL AND b.is_active IS NULL)
      AND coalesce(e.starts_on = b.starts_on, e.starts_on IS NULL AND b.starts_on IS NULL)
      AND coalesce(e.ends_on = b.ends_on, e.ends_on IS NULL AND b.ends_on IS NULL)
      AND coalesce(e.provider_key = b.provider_key, e.provider_key IS NULL AND b.provider_key IS NULL)
      AND coalesce(e.organization_key = b.organization_key, e.organization_key IS NULL AND b.organization_key IS NULL)
      AND coalesce(e.location_key = b.location_key, e.location_key IS NULL AND b.location_key IS NULL)
    THEN 0 ELSE 1 END AS is_version
  FROM compared c
  JOIN provider_role_event e ON e.event_number = c.event_number
  LEFT JOIN provider_role_event b ON b.event_number = c.number_before
)
SELECT m.event_number, m.provider_role_key, m.event_id, m.payload_hash, m.op, m.effective_at, m.recorded_at,
  m.top_order AS source_order, m.all_flags AS dq_flags,
  m.is_tied, m.known, m.copies,
  CASE WHEN m.known = 0 THEN 0
    WHEN m.source_order < m.top_order OR coalesce(m.dq_flags, '') <> coalesce(m.all_flags, '') THEN 1
    WHEN m.held_tied <> m.is_tied THEN 1 ELSE 0 END AS is_raised,
  m.load_id, m.held_from, m.held_to, m.is_version,
  CASE WHEN ROW_NUMBER() OVER (PARTITION BY m.provider_role_key, m.is_version ORDER BY m.effective_at) = 1
    THEN timestamp '1900-01-01 00:00:00' ELSE m.effective_at END AS valid_from,
  coalesce(LEAD(m.effective_at) OVER (PARTITION BY m.provider_role_key, m.is_version ORDER BY m.effective_at),
    timestamp '9999-12-31 00:00:00') AS valid_to
FROM marked m;

-- What the log must hold at the end, and what the load brings. A key without a rival has one event, which is new. An event that an
-- earlier attempt of this very load has written is none of the repeats.
CREATE TEMP TABLE provider_role_expected AS
SELECT h.n + p.n + s.n - d.rivals + d.fresh AS log_rows, s.n - d.rivals + d.fresh + d.own AS added, d.repeated
FROM (SELECT count(*) AS n FROM stage_provider_role) s
CROSS JOIN (SELECT count(event_id) AS n FROM core.dim_provider_role_history) h
CROSS JOIN (SELECT count(*) AS n FROM core.provider_role_superseded) p
CROSS JOIN (
  SELECT coalesce(sum(q.copies), 0) AS rivals,
    coalesce(sum(CASE WHEN q.known = 0 THEN 1 ELSE 0 END), 0) AS fresh,
    coalesce(sum(CASE WHEN q.known > 0 AND q.copies > 0 AND q.load_id = l.load_id THEN 1 ELSE 0 END), 0) AS own,
    coalesce(sum(CASE WHEN q.copies = 0 THEN 0 WHEN q.known = 0 OR q.load_id = l.load_id THEN q.copies - 1 ELSE q.copies END), 0) AS repeated
  FROM provider_role_decided q CROSS JOIN ops.load_lease l
) d;

-- What stood before this load and does not stand after it: inferred members that are described now, and versions that are none any
-- more, hold for another time, or were raised or tied, which changes nothing that a fact could see.
-- The time for which such a member may have other attributes now: where a version ended, and where a new one begins. Facts of that time
-- take its attributes again. Time that a version merely lost to or gained from a neighbour is covered by that neighbour's own rows.
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT CAST(:load_id AS varchar(32)), 'provider_role', x.provider_role_key, min(x.changed_from), max(x.changed_to)
FROM (
  SELECT h.provider_role_key, h.valid_from AS changed_from, h.valid_to AS changed_to, 1 AS stood
  FROM core.dim_provider_role_history h
  WHERE h.is_inferred AND h.provider_role_key IN (SELECT s.provider_role_key FROM stage_provider_role s)
  UNION ALL
  SELECT d.provider_role_key, CASE WHEN d.is_version = 0 THEN d.held_from END, CASE WHEN d.is_version = 0 THEN d.held_to END, 1
  FROM provider_role_decided d
  WHERE d.known = 1 AND (d.is_version = 0 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to)
  UNION ALL
  SELECT d.provider_role_key, d.valid_from, d.valid_to, 0 FROM provider_role_decided d
  WHERE d.is_version = 1 AND d.known <> 1
) x
GROUP BY x.provider_role_key HAVING max(x.stood) = 1 AND min(x.changed_from) IS NOT NULL;
DELETE FROM core.dim_provider_role_history
WHERE EXISTS (
  SELECT 1 FROM (
    SELECT h.provider_role_key, h.valid_from FROM core.dim_provider_role_history h
    WHERE h.is_inferred AND h.provider_role_key IN (SELECT s.provider_role_key FROM stage_provider_role s)
    UNION ALL
    SELECT d.provider_role_key, d.held_from FROM provider_role_decided d
    WHERE d.known = 1 AND (d.is_version = 0 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to)
  ) t
  WHERE t.provider_role_key = dim_provider_role_history.provider_role_key AND t.valid_from = dim_provider_role_history.valid_from
);

INSERT INTO core.dim_provider_role_history (provider_role_key, source_system, provider_role_id, provider_id, provider_identifier,
  organization_id, organization_identifier, location_id, location_identifier, role_system, role_code, role_display,
  specialty_system, specialty_code, specialty_display, is_active, starts_on, ends_on, provider_key, organization_key,
  location_key, valid_from, valid_to,
  is_current, is_inferred, is_deleted, event_id, payload_hash, effective_at, recorded_at, source_order, is_tied, dq_flags, load_id)
SELECT s.provider_role_key, s.source_system, s.provider_role_id, s.provider_id, s.provider_identifier, s.organization_id,
  s.organization_identifier, s.location_id, s.location_identifier, s.role_system, s.role_code, s.role_display, s.specialty_system,
  s.specialty_code, s.specialty_display, s.is_active, s.starts_on, s.ends_on, s.provider_key, s.organization_key, s.location_key,
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false,
  s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, false, s.dq_flags, CAST(:load_id AS varchar(32))
FROM stage_provider_role s
WHERE NOT EXISTS (SELECT 1 FROM provider_role_decided d WHERE d.provider_role_key = s.provider_role_key)
UNION ALL
SELECT d.provider_role_key, e.source_system, e.provider_role_id, e.provider_id, e.provider_identifier, e.organization_id,
  e.organization_identifier, e.location_id, e.location_identifier, e.role_system, e.role_code, e.role_display, e.specialty_system,
  e.specialty_code, e.specialty_display, e.is_active, e.starts_on, e.ends_on, e.provider_key, e.organization_key,
  e.location_key, d.valid_from, d.valid_to,
  d.valid_to = timestamp '9999-12-31 00:00:00', false, d.op = 'delete',
  d.event_id, d.payload_hash, d.effective_at, d.recorded_at, d.source_order, d.is_tied, d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM provider_role_decided d
JOIN provider_role_event e ON e.event_number = d.event_number
WHERE d.is_version = 1 AND (d.known <> 1 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to);

-- Events that are no version stand beside: beaten at their instant, or equal to the version before.
DELETE FROM core.provider_role_superseded
WHERE EXISTS (
  SELECT 1 FROM provider_role_decided d
  WHERE d.known = 2 AND (d.is_version = 1 OR d.is_raised = 1) AND d.provider_role_key = provider_role_superseded.provider_role_key
    AND d.event_id = provider_role_superseded.event_id AND d.payload_hash = provider_role_superseded.payload_hash
    AND d.effective_at = provider_role_superseded.effective_at AND d.recorded_at = provider_role_superseded.recorded_at
);
INSERT INTO core.provider_role_superseded (provider_role_key, event_id, payload_hash, op, source_system, effective_at, recorded_at,
  source_order, provider_role_id, provider_id, provider_identifier, organization_id, organization_identifier, location_id,
    location_identifier, role_system, role_code, role_display, specialty_system, specialty_code, specialty_display, is_active,
    starts_on, ends_on, provider_key, organization_key, location_key, dq_flags, load_id)
SELECT d.provider_role_key, d.event_id, d.payload_hash, d.op, e.source_system, d.effective_at, d.recorded_at,
  d.source_order, e.provider_role_id, e.provider_id, e.provider_identifier, e.organization_id, e.organization_identifier,
    e.location_id, e.location_identifier, e.role_system, e.role_code, e.role_display, e.specialty_system, e.specialty_code,
    e.specialty_display, e.is_active, e.starts_on, e.ends_on, e.provider_key, e.organization_key,
    e.location_key, d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM provider_role_decided d
JOIN provider_role_event e ON e.event_number = d.event_number
WHERE d.is_version = 0 AND (d.known <> 2 OR d.is_raised = 1);

-- What this load did, in events. The counts cannot be written, since none may be NULL, unless the stage holds the rows that the objects
-- list (what is read again is held to the ledger: reread-*.sql), with possible instants (a reader that takes the unit of a column for another
-- one raises nothing), and the log holds what it must.
INSERT INTO ops.load_count (load_id, entity, rows_read, events_added, events_repeated, recorded_to)
SELECT CAST(:load_id AS varchar(32)), 'provider_role', CASE WHEN s.n = b.listed OR b.rereads > 0 THEN s.n END, CASE WHEN h.n + p.n = x.log_rows THEN x.added END,
  x.repeated, s.recorded_to
FROM provider_role_expected x
CROSS JOIN (
  SELECT count(CASE WHEN e.effective_at >= timestamp '1900-01-01 00:00:00' AND e.effective_at < timestamp '2201-01-01 00:00:00'
    AND e.recorded_at >= timestamp '1900-01-01 00:00:00' AND e.recorded_at < timestamp '2201-01-01 00:00:00' THEN 1 END) AS n,
    max(e.recorded_at) AS recorded_to
  FROM stage_provider_role e
) s
CROSS JOIN (
  SELECT coalesce(sum(row_count), 0) AS listed, count(is_withdrawn) AS rereads FROM batch_object WHERE entity = 'provider_role'
) b
CROSS JOIN (SELECT count(event_id) AS n FROM core.dim_provider_role_history) h
CROSS JOIN (SELECT count(*) AS n FROM core.provider_role_superseded) p;
