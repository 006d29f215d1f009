-- {Entity}: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE {entity}_restated AS
SELECT {f.owns}, f.load_id
FROM core.{entity} f
JOIN (
-- each reference, UNION
  SELECT f.{entity}_key FROM core.{entity} f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = '{reference.entity}' GROUP BY t.member_key
  ) t ON t.member_key = f.{reference}
  WHERE t.changed_from <= f.{asOf} AND f.{asOf} < t.changed_to
-- end
) r ON r.{entity}_key = f.{entity}_key;
DELETE FROM core.{entity} WHERE {entity}_key IN (SELECT r.{entity}_key FROM {entity}_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.{entity} ({columns}, load_id)
SELECT {f.owns},
  {attribute.value},
  {flags},
  CASE WHEN
    {reference.role}.{reference.key} IS NULL  -- each OR
  THEN NULL ELSE f.load_id END
FROM (
  SELECT {e.keeps},
-- each date
    CASE WHEN e.{date} BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.{date}) * 10000 + extract(month FROM e.{date}) * 100
        + extract(day FROM e.{date}) AS integer)
      WHEN e.{date} IS NOT NULL THEN -1 END AS {date.key},
-- end
    e.{local},
    {moved.value} AS {moved},
    e.{difference},
    e.{clock},
    e.load_id
  FROM (
    SELECT
      {local.value} AS {local},
      e.*
    FROM (
      SELECT
        {clock.value} AS {clock},
        {difference.value} AS {difference},
        {s.keeps}, s.load_id
      FROM {entity}_restated s
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
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.{entity} g WHERE g.{entity}_key IN (SELECT r.{entity}_key FROM {entity}_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM {entity}_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT '{entity}', CAST(:load_id AS varchar(32));
