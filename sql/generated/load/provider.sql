-- Provider: events in stage_provider → core.dim_provider_history and core.provider_superseded (together the log). Parameter: :load_id.
-- The load function has made stage_provider and copied the objects into it. Only keys with more than one event or with a tombstone
-- need a decision; all others go straight through.
-- Every event about these keys, with all that it says, each row by a number. known: 0 new, 1 is a version, 2 is beside the versions. A key that
-- was described before has a version of its own. A tombstone keeps its key and no attributes; as a version it sees to it that no fact loses
-- its row.
CREATE TEMP TABLE provider_event AS
WITH contested AS (
  SELECT s.provider_key FROM stage_provider s GROUP BY s.provider_key HAVING count(*) > 1
  UNION
  SELECT s.provider_key FROM stage_provider s WHERE s.op = 'delete'
  UNION
  SELECT h.provider_key FROM core.dim_provider_history h
  WHERE h.provider_key IN (SELECT s.provider_key FROM stage_provider s) AND NOT h.is_inferred
), every AS (
  SELECT s.provider_key, s.event_id, s.payload_hash, s.op, s.source_system, s.effective_at, s.recorded_at, s.source_order, s.provider_id,
    s.npi,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.full_name END AS full_name,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.specialty END AS specialty,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.identifier_system END AS identifier_system,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.identifier_value END AS identifier_value,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.entity_type_code END AS entity_type_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.gender_code END AS gender_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.credential END AS credential,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.taxonomy_code END AS taxonomy_code,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.organization_id END AS organization_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.city END AS city,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.state END AS state,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.zip5 END AS zip5,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.is_active END AS is_active,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.enumerated_on END AS enumerated_on,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.deactivated_on END AS deactivated_on,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.reactivated_on END AS reactivated_on,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.npi_alias_key END AS npi_alias_key,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.identifier_alias_key END AS identifier_alias_key,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.identifier_assigned_key END AS identifier_assigned_key,
    s.dq_flags, 0 AS known, CAST(NULL AS varchar(32)) AS load_id, CAST(NULL AS timestamp) AS held_from, CAST(NULL AS timestamp) AS held_to,
    CAST(NULL AS boolean) AS held_tied
  FROM stage_provider s WHERE s.provider_key IN (SELECT c.provider_key FROM contested c)
  UNION ALL
  SELECT h.provider_key, h.event_id, h.payload_hash, CASE WHEN h.is_deleted THEN 'delete' ELSE 'upsert' END,
    h.source_system, h.effective_at, h.recorded_at, h.source_order, h.provider_id, h.npi, h.full_name, h.specialty,
      h.identifier_system, h.identifier_value, h.entity_type_code, h.gender_code, h.credential, h.taxonomy_code, h.organization_id,
      h.city, h.state, h.zip5, h.is_active, h.enumerated_on, h.deactivated_on, h.reactivated_on, h.npi_alias_key,
      h.identifier_alias_key, h.identifier_assigned_key, h.dq_flags,
    1, h.load_id, h.valid_from, h.valid_to, h.is_tied
  FROM core.dim_provider_history h WHERE h.provider_key IN (SELECT s.provider_key FROM stage_provider s) AND NOT h.is_inferred
  UNION ALL
  SELECT p.provider_key, p.event_id, p.payload_hash, p.op, p.source_system, p.effective_at, p.recorded_at, p.source_order,
    p.provider_id, p.npi, p.full_name, p.specialty, p.identifier_system, p.identifier_value, p.entity_type_code, p.gender_code,
      p.credential, p.taxonomy_code, p.organization_id, p.city, p.state, p.zip5, p.is_active, p.enumerated_on, p.deactivated_on,
      p.reactivated_on, p.npi_alias_key, p.identifier_alias_key, p.identifier_assigned_key, p.dq_flags,
    2, p.load_id, CAST(NULL AS timestamp), CAST(NULL AS timestamp), CAST(NULL AS boolean)
  FROM core.provider_superseded p WHERE p.provider_key IN (SELECT s.provider_key FROM stage_provider s)
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
CREATE TEMP TABLE provider_decided AS
WITH counted AS (
  SELECT v.event_number, v.provider_key, v.event_id, v.payload_hash, v.op, v.effective_at, v.recorded_at, v.source_order, v.dq_flags,
    v.known, v.load_id, v.held_from, v.held_to, v.held_tied,
    ROW_NUMBER() OVER (PARTITION BY v.provider_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash ORDER BY v.known DESC, v.op) AS copy_number,
    sum(CASE WHEN v.known = 0 THEN 1 ELSE 0 END) OVER (PARTITION BY v.provider_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS copies,
    max(v.source_order) OVER (PARTITION BY v.provider_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS top_order,
    max(v.dq_flags) OVER (PARTITION BY v.provider_key, v.effective_at, v.recorded_at, v.event_id, v.payload_hash) AS all_flags
  FROM provider_event v
), placed AS (
  SELECT c.*,
    CASE WHEN min(c.payload_hash) OVER (PARTITION BY c.provider_key, c.effective_at, c.recorded_at, c.top_order)
      < max(c.payload_hash) OVER (PARTITION BY c.provider_key, c.effective_at, c.recorded_at, c.top_order) THEN true ELSE false END AS is_tied,
    CASE WHEN ROW_NUMBER() OVER (PARTITION BY c.provider_key, c.effective_at
      ORDER BY c.recorded_at DESC, c.top_order DESC, c.event_id DESC, c.payload_hash DESC) = 1 THEN 1 ELSE 0 END AS wins
  FROM counted c
  WHERE c.copy_number = 1
), compared AS (
  SELECT p.*,
    LAG(p.op) OVER (PARTITION BY p.provider_key, p.wins ORDER BY p.effective_at) AS op_before,
    LAG(p.event_number) OVER (PARTITION BY p.provider_key, p.wins ORDER BY p.effective_at) AS number_before
  FROM placed p
), marked AS (
  SELECT c.*, CASE WHEN c.wins = 0 THEN 0 WHEN c.op_before IS NULL OR c.op_before <> c.op THEN 1 WHEN c.op = 'delete' THEN 0
    WHEN
      coalesce(e.npi = b.npi, e.npi IS NULL AND b.npi IS NULL)
      AND coalesce(e.full_name = b.full_name, e.full_name IS NULL AND b.full_name IS NULL)
      AND coalesce(e.specialty = b.specialty, e.specialty IS NULL AND b.specialty IS NULL)
      AND coalesce(e.identifier_system = b.identifier_system, e.identifier_system IS NULL AND b.identifier_system IS NULL)
      AND coalesce(e.identifier_value = b.identifier_value, e.identifier_value IS NULL AND b.identifier_value IS NULL)
      AND coalesce(e.entity_type_code = b.entity_type_code, e.entity_type_code IS NULL AND b.entity_type_code IS NULL)
      AND coalesce(e.gender_code = b.gender_code, e.gender_code IS NULL AND b.gender_code IS NULL)
      AND coalesce(e.credential = b.credential, e.credential IS NULL AND b.credential IS NULL)
      AND coalesce(e.taxonomy_code = b.taxonomy_code, e.taxonomy_code IS NULL AND b.taxonomy_code IS NULL)
      AND coalesce(e.organization_id = b.organization_id, e.organization_id IS NULL AND b.organization_id IS NULL)
      AND coalesce(e.city = b.city, e.city IS NULL AND b.city IS NULL)
      AND coalesce(e.state = b.state, e.state IS NULL AND b.state IS NULL)
      AND coalesce(e.zip5 = b.zip5, e.zip5 IS NULL AND b.zip5 IS NULL)
      AND coalesce(e.is_active = b.is_active, e.is_active IS NULL AND b.is_active IS NULL)
      AND coalesce(e.enumerated_on = b.enumerated_on, e.enumerated_on IS NULL AND b.enumerated_on IS NULL)
      AND coalesce(e.deactivated_on = b.deactivated_on, e.deactivated_on IS NULL AND b.deactivated_on IS NULL)
      AND coalesce(e.reactivated_on = b.reactivated_on, e.reactivated_on IS NULL AND b.reactivated_on IS NULL)
      AND coalesce(e.npi_alias_key = b.npi_alias_key, e.npi_alias_key IS NULL AND b.npi_alias_key IS NULL)
      AND coalesce(e.identifier_alias_key = b.identifier_alias_key, e.identifier_alias_key IS NULL AND b.identifier_alias_key IS NULL)
      AND coalesce(e.identifier_assigned_key = b.identifier_assigned_key, e.identifier_assigned_key IS NULL AND b.identifier_assigned_key IS NULL)
    THEN 0 ELSE 1 END AS is_version
  FROM compared c
  JOIN provider_event e ON e.event_number = c.event_number
  LEFT JOIN provider_event b ON b.event_number = c.number_before
)
SELECT m.event_number, m.provider_key, m.event_id, m.payload_hash, m.op, m.effective_at, m.recorded_at,
  m.top_order AS source_order, m.all_flags AS dq_flags,
  m.is_tied, m.known, m.copies,
  CASE WHEN m.known = 0 THEN 0
    WHEN m.source_order < m.top_order OR coalesce(m.dq_flags, '') <> coalesce(m.all_flags, '') THEN 1
    WHEN m.held_tied <> m.is_tied THEN 1 ELSE 0 END AS is_raised,
  m.load_id, m.held_from, m.held_to, m.is_version,
  CASE WHEN ROW_NUMBER() OVER (PARTITION BY m.provider_key, m.is_version ORDER BY m.effective_at) = 1
    THEN timestamp '1900-01-01 00:00:00' ELSE m.effective_at END AS valid_from,
  coalesce(LEAD(m.effective_at) OVER (PARTITION BY m.provider_key, m.is_version ORDER BY m.effective_at),
    timestamp '9999-12-31 00:00:00') AS valid_to
FROM marked m;

-- What the log must hold at the end, and what the load brings. A key without a rival has one event, which is new. An event that an
-- earlier attempt of this very load has written is none of the repeats.
CREATE TEMP TABLE provider_expected AS
SELECT h.n + p.n + s.n - d.rivals + d.fresh AS log_rows, s.n - d.rivals + d.fresh + d.own AS added, d.repeated
FROM (SELECT count(*) AS n FROM stage_provider) s
CROSS JOIN (SELECT count(event_id) AS n FROM core.dim_provider_history) h
CROSS JOIN (SELECT count(*) AS n FROM core.provider_superseded) p
CROSS JOIN (
  SELECT coalesce(sum(q.copies), 0) AS rivals,
    coalesce(sum(CASE WHEN q.known = 0 THEN 1 ELSE 0 END), 0) AS fresh,
    coalesce(sum(CASE WHEN q.known > 0 AND q.copies > 0 AND q.load_id = l.load_id THEN 1 ELSE 0 END), 0) AS own,
    coalesce(sum(CASE WHEN q.copies = 0 THEN 0 WHEN q.known = 0 OR q.load_id = l.load_id THEN q.copies - 1 ELSE q.copies END), 0) AS repeated
  FROM provider_decided q CROSS JOIN ops.load_lease l
) d;

-- What stood before this load and does not stand after it: inferred members that are described now, and versions that are none any
-- more, hold for another time, or were raised or tied, which changes nothing that a fact could see.
-- The time for which such a member may have other attributes now: where a version ended, and where a new one begins. Facts of that time
-- take its attributes again. Time that a version merely lost to or gained from a neighbour is covered by that neighbour's own rows.
INSERT INTO ops.touched_member (load_id, entity, member_key, changed_from, changed_to)
SELECT CAST(:load_id AS varchar(32)), 'provider', x.provider_key, min(x.changed_from), max(x.changed_to)
FROM (
  SELECT h.provider_key, h.valid_from AS changed_from, h.valid_to AS changed_to, 1 AS stood
  FROM core.dim_provider_history h
  WHERE h.is_inferred AND h.provider_key IN (SELECT s.provider_key FROM stage_provider s)
  UNION ALL
  SELECT d.provider_key, CASE WHEN d.is_version = 0 THEN d.held_from END, CASE WHEN d.is_version = 0 THEN d.held_to END, 1
  FROM provider_decided d
  WHERE d.known = 1 AND (d.is_version = 0 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to)
  UNION ALL
  SELECT d.provider_key, d.valid_from, d.valid_to, 0 FROM provider_decided d
  WHERE d.is_version = 1 AND d.known <> 1
) x
GROUP BY x.provider_key HAVING max(x.stood) = 1 AND min(x.changed_from) IS NOT NULL;
DELETE FROM core.dim_provider_history
WHERE EXISTS (
  SELECT 1 FROM (
    SELECT h.provider_key, h.valid_from FROM core.dim_provider_history h
    WHERE h.is_inferred AND h.provider_key IN (SELECT s.provider_key FROM stage_provider s)
    UNION ALL
    SELECT d.provider_key, d.held_from FROM provider_decided d
    WHERE d.known = 1 AND (d.is_version = 0 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to)
  ) t
  WHERE t.provider_key = dim_provider_history.provider_key AND t.valid_from = dim_provider_history.valid_from
);

INSERT INTO core.dim_provider_history (provider_key, source_system, provider_id, npi, full_name, specialty, identifier_system,
  identifier_value, entity_type_code, gender_code, credential, taxonomy_code, organization_id, city, state, zip5, is_active,
  enumerated_on, deactivated_on, reactivated_on, npi_alias_key, identifier_alias_key, identifier_assigned_key, valid_from, valid_to,
  is_current, is_inferred, is_deleted, event_id, payload_hash, effective_at, recorded_at, source_order, is_tied, dq_flags, load_id)
SELECT s.provider_key, s.source_system, s.provider_id, s.npi, s.full_name, s.specialty, s.identifier_system, s.identifier_value,
  s.entity_type_code, s.gender_code, s.credential, s.taxonomy_code, s.organization_id, s.city, s.state, s.zip5, s.is_active,
  s.enumerated_on, s.deactivated_on, s.reactivated_on, s.npi_alias_key, s.identifier_alias_key, s.identifier_assigned_key,
  timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00', true, false, false,
  s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, false, s.dq_flags, CAST(:load_id AS varchar(32))
FROM stage_provider s
WHERE NOT EXISTS (SELECT 1 FROM provider_decided d WHERE d.provider_key = s.provider_key)
UNION ALL
SELECT d.provider_key, e.source_system, e.provider_id, e.npi, e.full_name, e.specialty, e.identifier_system, e.identifier_value,
  e.entity_type_code, e.gender_code, e.credential, e.taxonomy_code, e.organization_id, e.city, e.state, e.zip5, e.is_active,
  e.enumerated_on, e.deactivated_on, e.reactivated_on, e.npi_alias_key, e.identifier_alias_key,
  e.identifier_assigned_key, d.valid_from, d.valid_to,
  d.valid_to = timestamp '9999-12-31 00:00:00', false, d.op = 'delete',
  d.event_id, d.payload_hash, d.effective_at, d.recorded_at, d.source_order, d.is_tied, d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM provider_decided d
JOIN provider_event e ON e.event_number = d.event_number
WHERE d.is_version = 1 AND (d.known <> 1 OR d.is_raised = 1 OR d.held_from <> d.valid_from OR d.held_to <> d.valid_to);

-- Events that are no version stand beside: beaten at their instant, or equal to the version before.
DELETE FROM core.provider_superseded
WHERE EXISTS (
  SELECT 1 FROM provider_decided d
  WHERE d.known = 2 AND (d.is_version = 1 OR d.is_raised = 1) AND d.provider_key = provider_superseded.provider_key
    AND d.event_id = provider_superseded.event_id AND d.payload_hash = provider_superseded.payload_hash
    AND d.effective_at = provider_superseded.effective_at AND d.recorded_at = provider_superseded.recorded_at
);
INSERT INTO core.provider_superseded (provider_key, event_id, payload_hash, op, source_system, effective_at, recorded_at,
  source_order, provider_id, npi, full_name, specialty, identifier_system, identifier_value, entity_type_code, gender_code,
    credential, taxonomy_code, organization_id, city, state, zip5, is_active, enumerated_on, deactivated_on, reactivated_on,
    npi_alias_key, identifier_alias_key, identifier_assigned_key, dq_flags, load_id)
SELECT d.provider_key, d.event_id, d.payload_hash, d.op, e.source_system, d.effective_at, d.recorded_at,
  d.source_order, e.provider_id, e.npi, e.full_name, e.specialty, e.identifier_system, e.identifier_value, e.entity_type_code,
    e.gender_code, e.credential, e.taxonomy_code, e.organization_id, e.city, e.state, e.zip5, e.is_active, e.enumerated_on,
    e.deactivated_on, e.reactivated_on, e.npi_alias_key, e.identifier_alias_key,
    e.identifier_assigned_key, d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM provider_decided d
JOIN provider_event e ON e.event_number = d.event_number
WHERE d.is_version = 0 AND (d.known <> 2 OR d.is_raised = 1);

-- What this load did, in events. The counts cannot be written, since none may be NULL, unless the stage holds the rows that the objects
-- list (what is read again is held to the ledger: reread-*.sql), with possible instants (a reader that takes the unit of a column for another
-- one raises nothing), and the log holds what it must.
INSERT INTO ops.load_count (load_id, entity, rows_read, events_added, events_repeated, recorded_to)
SELECT CAST(:load_id AS varchar(32)), 'provider', CASE WHEN s.n = b.listed OR b.rereads > 0 THEN s.n END, CASE WHEN h.n + p.n = x.log_rows THEN x.added END,
  x.repeated, s.recorded_to
FROM provider_expected x
CROSS JOIN (
  SELECT count(CASE WHEN e.effective_at >= timestamp '1900-01-01 00:00:00' AND e.effective_at < timestamp '2201-01-01 00:00:00'
    AND e.recorded_at >= timestamp '1900-01-01 00:00:00' AND e.recorded_at < timestamp '2201-01-01 00:00:00' THEN 1 END) AS n,
    max(e.recorded_at) AS recorded_to
  FROM stage_provider e
) s
CROSS JOIN (
  SELECT coalesce(sum(row_count), 0) AS listed, count(is_withdrawn) AS rereads FROM batch_object WHERE entity = 'provider'
) b
CROSS JOIN (SELECT count(event_id) AS n FROM core.dim_provider_history) h
CROSS JOIN (SELECT count(*) AS n FROM core.provider_superseded) p;
