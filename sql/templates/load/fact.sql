-- {Entity}: events in stage_{entity} → core.{entity} (one row per key, the winner) and core.{entity}_superseded (the rest
-- of the log). Parameter: :load_id. The load function has made stage_{entity} and copied the objects into it. Only keys with
-- more than one event or with a tombstone need a decision; all others go straight through.
-- Members that are named by another identifier (none, where the event names them by their own): who holds it now. Where nobody does, the
-- key stays that of the identifier, and is named anew when the holder comes (rename-{entity}.sql).
-- each identified
UPDATE stage_{entity} SET {identified} = i.member_key
FROM (
  SELECT v.named_key, min(v.member_key) AS member_key FROM core.{identified.entity}_identifier v
  WHERE v.named_key IN (SELECT s.{identified.named} FROM stage_{entity} s) GROUP BY v.named_key
) i
WHERE i.named_key = stage_{entity}.{identified.named};
-- end
-- What the log already holds about the keys of this load. known: 1 stands as the fact, 2 stands beside.
CREATE TEMP TABLE {entity}_prior AS
SELECT f.{entity}_key, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.dq_flags, f.source_system, f.load_id,
  {f.references},
  {known.held},
  CAST('upsert' AS varchar(8)) AS op, 1 AS known, f.is_tied AS held_tied
FROM core.{entity} f
WHERE f.{entity}_key IN (SELECT s.{entity}_key FROM stage_{entity} s)
UNION ALL
SELECT p.{entity}_key, p.event_id, p.payload_hash, p.effective_at, p.recorded_at, p.source_order, p.dq_flags, p.source_system, p.load_id,
  CAST(NULL AS varchar(32)) AS {reference},
  p.{known},
  p.op, 2, CAST(NULL AS boolean)
FROM core.{entity}_superseded p
WHERE p.{entity}_key IN (SELECT s.{entity}_key FROM stage_{entity} s);

-- Every event about the keys that need a decision, each once, and its place. Place 1 wins: what is latest in effect, of that the latest knowledge, then the
-- greatest order of its source, then the state that is furthest on; event_id and payload_hash only make the order total. A repeat has the
-- same event, payload and times; an event_id used again with another payload is an event of its own. Of all copies the greatest order
-- holds, and of their flags the greatest text: an event in the log that has less is raised (is_raised), and written again as the load
-- brings it.
-- is_tied: times and order are those of another event that says something else. copies: how often this load brings the event. known: 0
-- new, else as above. record_source, record_position: of the first copy of a new event; is_twofold: of two copies, as where a batch was
-- ingested again.
CREATE TEMP TABLE {entity}_decided AS
WITH contested AS (
  SELECT s.{entity}_key FROM stage_{entity} s GROUP BY s.{entity}_key HAVING count(*) > 1
  UNION
  SELECT s.{entity}_key FROM stage_{entity} s WHERE s.op = 'delete'
  UNION
  SELECT p.{entity}_key FROM {entity}_prior p
), every AS (
  SELECT s.{entity}_key, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, s.dq_flags, s.source_system,
    CAST(NULL AS varchar(32)) AS load_id,
    CASE WHEN s.op = 'delete' THEN NULL ELSE s.{known} END AS {known},
    s.op, s.record_source, s.record_position, 0 AS known, CAST(NULL AS boolean) AS held_tied
  FROM stage_{entity} s WHERE s.{entity}_key IN (SELECT c.{entity}_key FROM contested c)
  UNION ALL
  SELECT p.{entity}_key, p.event_id, p.payload_hash, p.effective_at, p.recorded_at, p.source_order, p.dq_flags, p.source_system, p.load_id,
    p.{known},
    p.op, CAST(NULL AS varchar(512)), CAST(NULL AS varchar(64)), p.known, p.held_tied
  FROM {entity}_prior p
), counted AS (
  SELECT v.*,
    {rank_v} AS state_rank,
    ROW_NUMBER() OVER (PARTITION BY v.{entity}_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at
      ORDER BY v.known DESC, v.op, v.record_source, v.record_position) AS copy_number,
    CASE WHEN v.record_source = LEAD(v.record_source) OVER (PARTITION BY v.{entity}_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at
      ORDER BY v.known DESC, v.op, v.record_source, v.record_position)
      AND v.record_position = LEAD(v.record_position) OVER (PARTITION BY v.{entity}_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at
      ORDER BY v.known DESC, v.op, v.record_source, v.record_position) THEN 1 ELSE 0 END AS is_twofold,
    sum(CASE WHEN v.known = 0 THEN 1 ELSE 0 END) OVER (PARTITION BY v.{entity}_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at) AS copies,
    max(v.source_order) OVER (PARTITION BY v.{entity}_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at) AS top_order,
    max(v.dq_flags) OVER (PARTITION BY v.{entity}_key, v.event_id, v.payload_hash, v.effective_at, v.recorded_at) AS all_flags
  FROM every v
)
SELECT c.{entity}_key, c.event_id, c.payload_hash, c.effective_at, c.recorded_at, c.top_order AS source_order, c.all_flags AS dq_flags,
  c.source_system, c.load_id,
  c.{known},
  c.op, c.record_source, c.record_position, c.is_twofold, c.known, c.copies, c.held_tied,
  CASE WHEN min(c.payload_hash) OVER (PARTITION BY c.{entity}_key, c.effective_at, c.recorded_at, c.top_order)
    < max(c.payload_hash) OVER (PARTITION BY c.{entity}_key, c.effective_at, c.recorded_at, c.top_order) THEN true ELSE false END AS is_tied,
  CASE WHEN c.known > 0 AND (c.source_order < c.top_order OR coalesce(c.dq_flags, '') <> coalesce(c.all_flags, '')) THEN 1 ELSE 0 END AS is_raised,
  ROW_NUMBER() OVER (PARTITION BY c.{entity}_key ORDER BY c.effective_at DESC, c.recorded_at DESC, c.top_order DESC, c.state_rank DESC,
    c.event_id DESC, c.payload_hash DESC) AS place
FROM counted c
WHERE c.copy_number = 1;

-- What there must be at the end, and what the load brings. Facts: those before, less the beaten and the raised, and the winners: of the keys without a
-- rival each event (what is staged, less what decided has counted), of the others the one in place 1. An event that an earlier attempt
-- of this very load has written is none of the repeats.
CREATE TEMP TABLE {entity}_expected AS
SELECT f.n + s.n - d.rivals + d.winners - d.beaten AS facts, f.n + p.n + s.n - d.rivals + d.fresh AS log_rows,
  s.n - d.rivals + d.fresh + d.own AS added, d.repeated
FROM (SELECT count(*) AS n FROM core.{entity}) f
CROSS JOIN (SELECT count(*) AS n FROM core.{entity}_superseded) p
CROSS JOIN (SELECT count(*) AS n FROM stage_{entity}) s
CROSS JOIN (
  SELECT coalesce(sum(q.copies), 0) AS rivals,
    coalesce(sum(CASE WHEN q.known = 0 THEN 1 ELSE 0 END), 0) AS fresh,
    coalesce(sum(CASE WHEN (q.known = 0 OR q.is_raised = 1) AND q.place = 1 AND q.op = 'upsert' THEN 1 ELSE 0 END), 0) AS winners,
    coalesce(sum(CASE WHEN q.known = 1 AND (q.place > 1 OR q.is_raised = 1) THEN 1 ELSE 0 END), 0) AS beaten,
    coalesce(sum(CASE WHEN q.known > 0 AND q.copies > 0 AND q.load_id = l.load_id THEN 1 ELSE 0 END), 0) AS own,
    coalesce(sum(CASE WHEN q.copies = 0 THEN 0 WHEN q.known = 0 OR q.load_id = l.load_id THEN q.copies - 1 ELSE q.copies END), 0) AS repeated
  FROM {entity}_decided q CROSS JOIN ops.load_lease l
) d;

-- Facts that are beaten leave the fact and stay in the log, beside new events that do not win. What is raised there is written again, or
-- wins now.
DELETE FROM core.{entity}_superseded
WHERE EXISTS (
  SELECT 1 FROM {entity}_decided d
  WHERE d.known = 2 AND d.is_raised = 1 AND d.{entity}_key = {entity}_superseded.{entity}_key
    AND d.event_id = {entity}_superseded.event_id AND d.payload_hash = {entity}_superseded.payload_hash
    AND d.effective_at = {entity}_superseded.effective_at AND d.recorded_at = {entity}_superseded.recorded_at
);
INSERT INTO core.{entity}_superseded ({entity}_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order,
  {known},
  dq_flags, load_id)
SELECT d.{entity}_key, d.event_id, d.payload_hash, d.op, d.source_system, d.effective_at, d.recorded_at, d.source_order,
  d.{known},
  d.dq_flags, coalesce(d.load_id, CAST(:load_id AS varchar(32)))
FROM {entity}_decided d
WHERE (d.known = 1 AND d.place > 1) OR ((d.known = 0 OR (d.known = 2 AND d.is_raised = 1)) AND (d.place > 1 OR d.op = 'delete'));

-- Inferred members that a beaten fact named may be named by nobody now. They are looked at after all facts of the load (prune-*.sql),
-- so that the members of the result do not depend on the order of loads.
INSERT INTO ops.unreferenced (entity, member_key)
-- each reference, UNION ALL
SELECT '{reference.entity}', h.{reference.key} FROM core.dim_{reference.entity}_history h
WHERE h.is_inferred AND h.{reference.key} IN (
  SELECT p.{reference} FROM {entity}_prior p JOIN {entity}_decided d ON d.{entity}_key = p.{entity}_key
  WHERE p.known = 1 AND d.known = 1 AND d.place > 1
)
-- end
;

-- Inferred members: named by an event that becomes a fact, described by nobody yet. They carry the natural key and hold always.
-- each reference
INSERT INTO core.dim_{reference.entity}_history ({reference.key}, {reference.source}{reference.own}, valid_from, valid_to,
  is_current, is_inferred, is_deleted, load_id)
SELECT s.{reference}, {reference.staged_source}{reference.staged}, timestamp '1900-01-01 00:00:00', timestamp '9999-12-31 00:00:00',
  true, true, false, CAST(:load_id AS varchar(32))
FROM (
  SELECT n.* FROM stage_{entity} n
  WHERE NOT EXISTS (SELECT 1 FROM core.dim_{reference.entity}_history h WHERE h.{reference.key} = n.{reference})
) s
LEFT JOIN (SELECT g.{entity}_key FROM {entity}_decided g GROUP BY g.{entity}_key) c ON c.{entity}_key = s.{entity}_key
LEFT JOIN {entity}_decided d ON d.{entity}_key = s.{entity}_key AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash
  AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at AND (d.known = 0 OR d.is_raised = 1) AND d.place = 1 AND d.op = 'upsert'
WHERE c.{entity}_key IS NULL OR d.{entity}_key IS NOT NULL
GROUP BY s.{reference}, {reference.grouped_source}{reference.staged};
-- end

DELETE FROM core.{entity}
WHERE {entity}_key IN (SELECT d.{entity}_key FROM {entity}_decided d WHERE d.known = 1 AND (d.place > 1 OR d.is_raised = 1));

-- Of the facts that stay: whether the state or a hash had to decide.
UPDATE core.{entity} SET is_tied = d.is_tied
FROM {entity}_decided d
WHERE d.known = 1 AND d.place = 1 AND d.held_tied <> d.is_tied AND d.{entity}_key = {entity}.{entity}_key;

-- The stage is read once for nearly all rows: those of keys without a rival, and the first copy of each new event that wins. What is
-- raised, and what has two copies in one place, takes the first of its copies by a number.
-- Offsets of zones are cut into pieces of a year: few of them meet each time. Dates outside the calendar resolve to its unknown date -1.
-- Measures and attributes: sql/measures/{entity}.sql.
-- Members are taken as they were at {asOf}. Outer joins keep the order of the joins as written: an as-of condition
-- makes planners guess far too few rows. A fact whose member is missing would come out with load_id NULL, which the table refuses.
INSERT INTO core.{entity} ({columns}, load_id)
SELECT {f.owns},
  {attribute.value},
  {flags},
  CASE WHEN
    {reference.role}.{reference.key} IS NULL  -- each OR
  THEN NULL ELSE f.brought_by END
FROM (
  SELECT e.{entity}_key, {e.naturals}, e.source_system,
    {e.references},
    e.{identified.named},
    e.{relation},
    CAST(0 AS smallint) AS {relation.known},
    CAST(CASE WHEN e.{part.column} = '{part.none}' THEN 1 ELSE 0 END AS smallint) AS {part},
-- each date
    CASE WHEN e.{date} BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.{date}) * 10000 + extract(month FROM e.{date}) * 100
        + extract(day FROM e.{date}) AS integer)
      WHEN e.{date} IS NOT NULL THEN -1 END AS {date.key},
    e.{date},
-- end
    e.{plain},
    {computed.value} AS {computed},
    e.{difference},
    e.{clock},
    e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied, e.brought_by
  FROM (
    SELECT
      {value.value} AS {value},
      {local.value} AS {local},
      e.*
    FROM (
      SELECT
        {clock.value} AS {clock},
        {difference.value} AS {difference},
        s.*
      FROM (
        SELECT {s.stageds}, CASE WHEN d.{entity}_key IS NULL THEN s.source_order ELSE d.source_order END AS source_order,
          CASE WHEN d.{entity}_key IS NULL THEN s.dq_flags ELSE d.dq_flags END AS dq_flags, coalesce(d.is_tied, false) AS is_tied,
          CAST(:load_id AS varchar(32)) AS brought_by
        FROM stage_{entity} s
        LEFT JOIN {entity}_decided d ON d.{entity}_key = s.{entity}_key AND d.place = 1
        WHERE d.{entity}_key IS NULL OR (d.known = 0 AND d.op = 'upsert' AND d.is_twofold = 0
          AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at
          AND d.record_source = s.record_source AND d.record_position = s.record_position)
        UNION ALL
        SELECT {w.stageds}, w.source_order, w.dq_flags, w.is_tied, w.brought_by
        FROM (
          SELECT {s.stageds}, d.source_order, d.dq_flags, d.is_tied, coalesce(d.load_id, CAST(:load_id AS varchar(32))) AS brought_by, ROW_NUMBER() OVER (PARTITION BY s.{entity}_key ORDER BY s.record_source, s.record_position) AS copy_number
          FROM stage_{entity} s
          JOIN {entity}_decided d ON d.{entity}_key = s.{entity}_key AND d.event_id = s.event_id AND d.payload_hash = s.payload_hash
            AND d.effective_at = s.effective_at AND d.recorded_at = s.recorded_at
          WHERE (d.is_raised = 1 OR (d.known = 0 AND d.is_twofold = 1)) AND d.place = 1 AND d.op = 'upsert' AND s.op = 'upsert'
        ) w
        WHERE w.copy_number = 1
      ) s
-- each zoned
      LEFT JOIN core.dim_{zoned.entity}_history z ON z.{zoned.key} = s.{zoned.reference}
        AND z.valid_from <= s.{asOf} AND s.{asOf} < z.valid_to
-- each clock
      LEFT JOIN (
        SELECT o.zone, y.utc_year, o.from_utc, o.to_utc, o.offset_min
        FROM core.zone_offset o
        JOIN (
          SELECT 1970 + a.n * 100 + b.n * 10 + c.n AS utc_year FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c
        ) y ON y.utc_year BETWEEN CAST(extract(year FROM o.from_utc) AS integer) AND CAST(extract(year FROM o.to_utc) AS integer)
        WHERE o.zone IN (SELECT h.{zoned.zone} FROM core.dim_{zoned.entity}_history h)
      ) zone_{clock.from} ON zone_{clock.from}.zone = z.{zoned.zone}
        AND zone_{clock.from}.utc_year = CAST(extract(year FROM s.{clock.from}) AS integer)
        AND zone_{clock.from}.from_utc <= s.{clock.from} AND s.{clock.from} < zone_{clock.from}.to_utc
-- end
-- end
    ) e
  ) e
) f
-- each reference
LEFT JOIN core.dim_{reference.entity}_history {reference.role} ON {reference.role}.{reference.key} = f.{reference}
  AND {reference.role}.valid_from <= f.{asOf} AND f.{asOf} < {reference.role}.valid_to
-- end
;

-- Exactly the decided rows were written: an as-of join that met two versions of a member would have doubled a fact. A guard raises by
-- inserting NULL, which nullif(x, x) is, into a column that is NOT NULL.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (SELECT count(*) AS n FROM core.{entity}) f CROSS JOIN {entity}_expected x
WHERE f.n <> x.facts;

-- What this load did, in events. The counts cannot be written, since none may be NULL, unless the stage holds the rows that the objects
-- list (what is read again is held to the ledger: reread-*.sql), with possible instants (a reader that takes the unit of a column for another
-- one raises nothing), and the log holds what it must.
INSERT INTO ops.load_count (load_id, entity, rows_read, events_added, events_repeated, recorded_to)
SELECT CAST(:load_id AS varchar(32)), '{entity}', CASE WHEN s.n = b.listed OR b.rereads > 0 THEN s.n END, CASE WHEN f.n + p.n = x.log_rows THEN x.added END,
  x.repeated, s.recorded_to
FROM {entity}_expected x
CROSS JOIN (
  SELECT count(CASE WHEN e.effective_at >= timestamp '1900-01-01 00:00:00' AND e.effective_at < timestamp '2201-01-01 00:00:00'
    AND e.recorded_at >= timestamp '1900-01-01 00:00:00' AND e.recorded_at < timestamp '2201-01-01 00:00:00' THEN 1 END) AS n,
    max(e.recorded_at) AS recorded_to
  FROM stage_{entity} e
) s
CROSS JOIN (
  SELECT coalesce(sum(row_count), 0) AS listed, count(is_withdrawn) AS rereads FROM batch_object WHERE entity = '{entity}'
) b
CROSS JOIN (SELECT count(*) AS n FROM core.{entity}) f
CROSS JOIN (SELECT count(*) AS n FROM core.{entity}_superseded) p;
