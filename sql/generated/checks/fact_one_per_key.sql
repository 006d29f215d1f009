-- One fact per key, and it is the winner of its log; a tombstone that wins leaves no fact. Rows returned are violations.
SELECT CAST('adverse_event' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.adverse_event_key AS fact_key
FROM core.adverse_event f GROUP BY f.adverse_event_key HAVING count(*) > 1
UNION ALL
SELECT CAST('adverse_event' AS varchar(64)), CAST('beaten' AS varchar(64)), b.adverse_event_key
FROM (
  SELECT f.adverse_event_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.adverse_event_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.adverse_event f
  ) f
  JOIN (
    SELECT p.adverse_event_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.adverse_event_superseded p
  ) p ON p.adverse_event_key = f.adverse_event_key
) b
WHERE b.is_beaten
UNION ALL
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
WHERE b.is_beaten
UNION ALL
SELECT CAST('diagnosis' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.diagnosis_key AS fact_key
FROM core.diagnosis f GROUP BY f.diagnosis_key HAVING count(*) > 1
UNION ALL
SELECT CAST('diagnosis' AS varchar(64)), CAST('beaten' AS varchar(64)), b.diagnosis_key
FROM (
  SELECT f.diagnosis_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.diagnosis_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.diagnosis f
  ) f
  JOIN (
    SELECT p.diagnosis_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.diagnosis_superseded p
  ) p ON p.diagnosis_key = f.diagnosis_key
) b
WHERE b.is_beaten
UNION ALL
SELECT CAST('diagnostic_report' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.diagnostic_report_key AS fact_key
FROM core.diagnostic_report f GROUP BY f.diagnostic_report_key HAVING count(*) > 1
UNION ALL
SELECT CAST('diagnostic_report' AS varchar(64)), CAST('beaten' AS varchar(64)), b.diagnostic_report_key
FROM (
  SELECT f.diagnostic_report_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.diagnostic_report_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.diagnostic_report f
  ) f
  JOIN (
    SELECT p.diagnostic_report_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.diagnostic_report_superseded p
  ) p ON p.diagnostic_report_key = f.diagnostic_report_key
) b
WHERE b.is_beaten
UNION ALL
SELECT CAST('diagnostic_report_result' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.diagnostic_report_result_key AS fact_key
FROM core.diagnostic_report_result f GROUP BY f.diagnostic_report_result_key HAVING count(*) > 1
UNION ALL
SELECT CAST('diagnostic_report_result' AS varchar(64)), CAST('beaten' AS varchar(64)), b.diagnostic_report_result_key
FROM (
  SELECT f.diagnostic_report_result_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.diagnostic_report_result_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.diagnostic_report_result f
  ) f
  JOIN (
    SELECT p.diagnostic_report_result_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.diagnostic_report_result_superseded p
  ) p ON p.diagnostic_report_result_key = f.diagnostic_report_result_key
) b
WHERE b.is_beaten
UNION ALL
SELECT CAST('encounter' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.encounter_key AS fact_key
FROM core.encounter f GROUP BY f.encounter_key HAVING count(*) > 1
UNION ALL
SELECT CAST('encounter' AS varchar(64)), CAST('beaten' AS varchar(64)), b.encounter_key
FROM (
  SELECT f.encounter_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.encounter_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CASE
      WHEN f.status_code IN ('entered-in-error') THEN 7
      WHEN f.status_code IN ('finished', 'cancelled') THEN 6
      WHEN f.status_code IN ('onleave', 'in-progress') THEN 5
      WHEN f.status_code IN ('triaged') THEN 4
      WHEN f.status_code IN ('arrived') THEN 3
      WHEN f.status_code IN ('planned') THEN 2
      WHEN f.status_code IN ('unknown') THEN 1
      ELSE 0 END AS state_rank
    FROM core.encounter f
  ) f
  JOIN (
    SELECT p.encounter_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CASE
      WHEN p.op = 'delete' THEN 7
      WHEN p.status_code IN ('entered-in-error') THEN 7
      WHEN p.status_code IN ('finished', 'cancelled') THEN 6
      WHEN p.status_code IN ('onleave', 'in-progress') THEN 5
      WHEN p.status_code IN ('triaged') THEN 4
      WHEN p.status_code IN ('arrived') THEN 3
      WHEN p.status_code IN ('planned') THEN 2
      WHEN p.status_code IN ('unknown') THEN 1
      ELSE 0 END AS state_rank
    FROM core.encounter_superseded p
  ) p ON p.encounter_key = f.encounter_key
) b
WHERE b.is_beaten
UNION ALL
SELECT CAST('encounter_location' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.encounter_location_key AS fact_key
FROM core.encounter_location f GROUP BY f.encounter_location_key HAVING count(*) > 1
UNION ALL
SELECT CAST('encounter_location' AS varchar(64)), CAST('beaten' AS varchar(64)), b.encounter_location_key
FROM (
  SELECT f.encounter_location_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.encounter_location_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.encounter_location f
  ) f
  JOIN (
    SELECT p.encounter_location_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.encounter_location_superseded p
  ) p ON p.encounter_location_key = f.encounter_location_key
) b
WHERE b.is_beaten
UNION ALL
SELECT CAST('medication_order' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.medication_order_key AS fact_key
FROM core.medication_order f GROUP BY f.medication_order_key HAVING count(*) > 1
UNION ALL
SELECT CAST('medication_order' AS varchar(64)), CAST('beaten' AS varchar(64)), b.medication_order_key
FROM (
  SELECT f.medication_order_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.medication_order_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.medication_order f
  ) f
  JOIN (
    SELECT p.medication_order_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.medication_order_superseded p
  ) p ON p.medication_order_key = f.medication_order_key
) b
WHERE b.is_beaten
UNION ALL
SELECT CAST('observation' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.observation_key AS fact_key
FROM core.observation f GROUP BY f.observation_key HAVING count(*) > 1
UNION ALL
SELECT CAST('observation' AS varchar(64)), CAST('beaten' AS varchar(64)), b.observation_key
FROM (
  SELECT f.observation_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.observation_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.observation f
  ) f
  JOIN (
    SELECT p.observation_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.observation_superseded p
  ) p ON p.observation_key = f.observation_key
) b
WHERE b.is_beaten
UNION ALL
SELECT CAST('prescription_fill' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.prescription_fill_key AS fact_key
FROM core.prescription_fill f GROUP BY f.prescription_fill_key HAVING count(*) > 1
UNION ALL
SELECT CAST('prescription_fill' AS varchar(64)), CAST('beaten' AS varchar(64)), b.prescription_fill_key
FROM (
  SELECT f.prescription_fill_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.prescription_fill_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.prescription_fill f
  ) f
  JOIN (
    SELECT p.prescription_fill_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.prescription_fill_superseded p
  ) p ON p.prescription_fill_key = f.prescription_fill_key
) b
WHERE b.is_beaten
UNION ALL
SELECT CAST('procedure' AS varchar(64)) AS entity, CAST('more than once' AS varchar(64)) AS finding, f.procedure_key AS fact_key
FROM core.procedure f GROUP BY f.procedure_key HAVING count(*) > 1
UNION ALL
SELECT CAST('procedure' AS varchar(64)), CAST('beaten' AS varchar(64)), b.procedure_key
FROM (
  SELECT f.procedure_key, CASE
    WHEN p.effective_at <> f.effective_at THEN p.effective_at > f.effective_at
    WHEN p.recorded_at <> f.recorded_at THEN p.recorded_at > f.recorded_at
    WHEN p.source_order <> f.source_order THEN p.source_order > f.source_order
    WHEN p.state_rank <> f.state_rank THEN p.state_rank > f.state_rank
    WHEN p.event_id <> f.event_id THEN p.event_id > f.event_id
    ELSE p.payload_hash > f.payload_hash END AS is_beaten
  FROM (
    SELECT f.procedure_key, f.effective_at, f.recorded_at, f.source_order, f.event_id, f.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.procedure f
  ) f
  JOIN (
    SELECT p.procedure_key, p.effective_at, p.recorded_at, p.source_order, p.event_id, p.payload_hash,
      CAST(0 AS integer) AS state_rank
    FROM core.procedure_superseded p
  ) p ON p.procedure_key = f.procedure_key
) b
WHERE b.is_beaten;
