-- Every key of a fact resolves: to one member as of the fact's own time, and to its dates. Rows returned are violations.
-- each fact, UNION ALL
-- each reference, UNION ALL
SELECT CAST('{reference}' AS varchar(64)) AS reference, f.{key} AS fact_key
FROM core.{entity} f
LEFT JOIN core.dim_{reference.entity}_history h ON h.{reference.key} = f.{reference}
  AND h.valid_from <= f.{asOf} AND f.{asOf} < h.valid_to
WHERE h.{reference.key} IS NULL
-- end
-- each date
UNION ALL
SELECT CAST('{date.key}' AS varchar(64)), f.{key}
FROM core.{entity} f
LEFT JOIN core.dim_date d ON d.date_key = f.{date.key}
WHERE f.{date.key} IS NOT NULL AND d.date_key IS NULL
-- end
-- each time
UNION ALL
SELECT CAST('{time}' AS varchar(64)), f.{key}
FROM core.{entity} f
LEFT JOIN core.dim_time t ON t.time_key = f.{time}
WHERE f.{time} IS NOT NULL AND t.time_key IS NULL
-- end
-- end
;
