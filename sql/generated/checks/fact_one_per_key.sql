-- One fact per key, and it is the winner of its log; a tombstone that wins leaves no fact. Rows returned are violations.
SELECT CAST('appointment' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.appointment_key AS fact_key
FROM core.appointment f GROUP BY f.appointment_key HAVING count(*) > 1
UNION ALL
SELECT CAST('appointment' AS varchar(64)), CAST('beaten' AS varchar(64)), b.appointment_key
FROM (
  SELECT f.appointment_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.appointment_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CASE
      WHEN f.status_code IN ('entered-in-error') THEN 7
      WHEN f.status_code IN ('fulfilled', 'noshow', 'cancelled') THEN 6
      WHEN f.status_code IN ('checked-in') THEN 5
      WHEN f.status_code IN ('arrived') THEN 4
      WHEN f.status_code IN ('booked') THEN 3
      WHEN f.status_code IN ('waitlist', 'pending') THEN 2
      WHEN f.status_code IN ('proposed') THEN 1
      ELSE 0 END AS state_rank
    FROM core.appointment f
  ) f
  JOIN (
    SELECT p.appointment_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CASE
      WHEN p.op = 'delete' THEN 7
      WHEN p.status_code IN ('entered-in-error') THEN 7
      WHEN p.status_code IN ('fulfilled', 'noshow', 'cancelled') THEN 6
      WHEN p.status_code IN ('checked-in') THEN 5
      WHEN p.status_code IN ('arrived') THEN 4
      WHEN p.status_code IN ('booked') THEN 3
      WHEN p.status_code IN ('waitlist', 'pending') THEN 2
      WHEN p.status_code IN ('proposed') THEN 1
      ELSE 0 END AS state_rank
    FROM core.appointment_superseded p
  ) p ON p.appointment_key = f.appointment_key
) b
WHERE b.is_beaten;
