-- One fact per key, and it is the winner of its log; a tombstone that wins leaves no fact. Rows returned are violations.
SELECT CAST('appointment' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.appointment_key AS fact_key
FROM core.appointment f GROUP BY f.appointment_key HAVING count(*) > 1
UNION ALL
SELECT CAST('appointment' AS varchar(64)), CAST('beaten' AS varchar(64)), f.appointment_key
FROM core.appointment f JOIN core.appointment_superseded p ON p.appointment_key = f.appointment_key
WHERE p.recorded_at > f.recorded_at
  OR (p.recorded_at = f.recorded_at AND (p.event_id > f.event_id OR (p.event_id = f.event_id AND p.payload_hash > f.payload_hash)));
