-- What a fact says of its members, and its local days and hours, are what their history says as of the fact's own time. Rows returned
-- are violations. One statement for each fact: all of them together are longer than one of the Data API may be.
-- each fact
SELECT CAST('{entity}' AS varchar(64)) AS entity, x.{key} AS fact_key
FROM (
  SELECT g.{key},
    CAST({attribute.value} AS {attribute.type}) AS {attribute}_now, g.{attribute},
    f.{local} AS {local}_now, g.{local},
    f.{moved} AS {moved}_now, g.{moved},
    {flags} AS state_flags_now, g.state_flags,
    g.load_id
  FROM core.{entity} g
  JOIN (
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
          FROM core.{entity} s
-- each zoned
          LEFT JOIN core.dim_{zoned.entity}_history z ON z.{zoned.key} = s.{zoned.reference}
            AND z.valid_from <= s.{asOf} AND s.{asOf} < z.valid_to
-- each clock
          LEFT JOIN core.zone_offset zone_{clock.from} ON zone_{clock.from}.zone = z.{zoned.zone}
            AND zone_{clock.from}.from_utc <= s.{clock.from} AND s.{clock.from} < zone_{clock.from}.to_utc
-- end
-- end
        ) e
      ) e
  ) f ON f.{key} = g.{key}
-- each reference
  LEFT JOIN core.dim_{reference.entity}_history {reference.role} ON {reference.role}.{reference.key} = f.{reference}
    AND {reference.role}.valid_from <= f.{asOf} AND f.{asOf} < {reference.role}.valid_to
-- end
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.{attribute}_now = x.{attribute}, x.{attribute}_now IS NULL AND x.{attribute} IS NULL)
  AND coalesce(x.{local}_now = x.{local}, x.{local}_now IS NULL AND x.{local} IS NULL)
  AND coalesce(x.{moved}_now = x.{moved}, x.{moved}_now IS NULL AND x.{moved} IS NULL)
  AND coalesce(x.state_flags_now = x.state_flags, x.state_flags_now IS NULL AND x.state_flags IS NULL)
)
;
-- end
