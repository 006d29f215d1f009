-- The versions of a key cover all time without gap or overlap, from -infinity to +infinity. Rows returned are violations.
-- each dimension, UNION ALL
SELECT CAST('{entity}' AS varchar(64)) AS entity, v.{key} AS member_key, v.valid_from
FROM (
  SELECT h.{key}, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.{key} ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.{key} ORDER BY h.valid_from) AS next_from
  FROM core.dim_{entity}_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
-- end
;
