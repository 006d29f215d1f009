-- Each key of a dimension has exactly one current row. Rows returned are violations.
-- each dimension, UNION ALL
SELECT CAST('{entity}' AS varchar(64)) AS entity, h.{key} AS member_key FROM core.dim_{entity}_history h
GROUP BY h.{key} HAVING sum(CASE WHEN h.is_current THEN 1 ELSE 0 END) <> 1
-- end
;
