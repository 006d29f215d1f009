-- The one big table holds each fact once, and nothing else; what both say is equal. Rows returned are violations.
SELECT 'missing in the one big table' AS finding, f.appointment_key
FROM core.fact_appointment f LEFT JOIN gold.obt_appointment o ON o.appointment_key = f.appointment_key
WHERE o.appointment_key IS NULL
UNION ALL
SELECT 'no fact', o.appointment_key
FROM gold.obt_appointment o LEFT JOIN core.fact_appointment f ON f.appointment_key = o.appointment_key
WHERE f.appointment_key IS NULL
UNION ALL
SELECT 'more than once', o.appointment_key FROM gold.obt_appointment o GROUP BY o.appointment_key HAVING count(*) > 1
UNION ALL
SELECT 'differs', f.appointment_key
FROM core.fact_appointment f JOIN gold.obt_appointment o ON o.appointment_key = f.appointment_key
WHERE o.status_code <> f.status_code OR o.scheduled_start_at <> f.scheduled_start_at OR o.known_at <> f.recorded_at;
