-- Diagnostic report result: facts take their members' attributes again where a member changed, in this load or in one given up before it.
-- Parameter: :load_id. Before the load's own facts are written, which take the attributes as they are by then: planners know nothing of rows
-- that their own transaction wrote, and would read all of them to find none.
CREATE TEMP TABLE diagnostic_report_result_restated AS
SELECT f.diagnostic_report_result_key, f.diagnostic_report_result_id, f.source_system, f.patient_key, f.patient_named_key,
  f.diagnostic_report_key, f.diagnostic_report_is_known, f.observation_key, f.observation_is_known, f.is_listed,
  f.reported_date_key, f.reported_tz_offset_min, f.diagnostic_report_id, f.position, f.observation_id, f.status_code, f.reported_at,
  f.is_counted, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied,
  f.reported_date, f.load_id
FROM core.diagnostic_report_result f
JOIN (
  SELECT f.diagnostic_report_result_key FROM core.diagnostic_report_result f
  JOIN (
    SELECT t.member_key, min(t.changed_from) AS changed_from, max(t.changed_to) AS changed_to
    FROM ops.touched_member t WHERE t.entity = 'patient' GROUP BY t.member_key
  ) t ON t.member_key = f.patient_key
  WHERE t.changed_from <= f.reported_at AND f.reported_at < t.changed_to
) r ON r.diagnostic_report_result_key = f.diagnostic_report_result_key;
DELETE FROM core.diagnostic_report_result WHERE diagnostic_report_result_key IN (SELECT r.diagnostic_report_result_key FROM diagnostic_report_result_restated r);
-- With the zone of a member local days and hours may have changed, and what is measured by them.
INSERT INTO core.diagnostic_report_result (diagnostic_report_result_key, diagnostic_report_result_id, source_system, patient_key,
  patient_named_key, diagnostic_report_key, diagnostic_report_is_known, observation_key, observation_is_known, is_listed,
  reported_date_key, reported_tz_offset_min, diagnostic_report_id, position, observation_id, status_code, reported_at, is_counted,
  dq_flags, event_id, payload_hash, effective_at, recorded_at, source_order, is_tied, reported_date, patient_id, patient_is_test,
  state_flags, load_id)
SELECT f.diagnostic_report_result_key, f.diagnostic_report_result_id, f.source_system, f.patient_key, f.patient_named_key,
  f.diagnostic_report_key, f.diagnostic_report_is_known, f.observation_key, f.observation_is_known, f.is_listed,
  f.reported_date_key, f.reported_tz_offset_min, f.diagnostic_report_id, f.position, f.observation_id, f.status_code, f.reported_at,
  f.is_counted, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied, f.reported_date,
  patient.patient_id,
  patient.is_test,
  CASE WHEN patient.is_inferred
    THEN CAST(substring(CASE WHEN patient.is_inferred THEN ' DQ-ID-05' ELSE '' END, 2, 255) AS varchar(255)) END,
  CASE WHEN
    patient.patient_key IS NULL
  THEN NULL ELSE f.load_id END
FROM (
  SELECT e.diagnostic_report_result_key, e.diagnostic_report_result_id, e.source_system, e.patient_key, e.patient_named_key,
    e.diagnostic_report_key, e.diagnostic_report_is_known, e.observation_key, e.observation_is_known, e.is_listed,
    e.reported_tz_offset_min, e.diagnostic_report_id, e.position, e.observation_id, e.status_code, e.reported_at, e.is_counted,
    e.dq_flags, e.event_id, e.payload_hash, e.effective_at, e.recorded_at, e.source_order, e.is_tied,
    CASE WHEN e.reported_date BETWEEN date '2000-01-01' AND date '2050-12-31'
      THEN CAST(extract(year FROM e.reported_date) * 10000 + extract(month FROM e.reported_date) * 100
        + extract(day FROM e.reported_date) AS integer)
      WHEN e.reported_date IS NOT NULL THEN -1 END AS reported_date_key,
    e.reported_date,
    e.reported_at_local,
    e.load_id
  FROM (
    SELECT
      CAST(e.reported_at_local AS date) AS reported_date,
      e.*
    FROM (
      SELECT
        s.reported_at + coalesce(s.reported_tz_offset_min, 0) * interval '1 minute' AS reported_at_local,
        s.diagnostic_report_result_key, s.diagnostic_report_result_id, s.source_system, s.patient_key, s.patient_named_key,
          s.diagnostic_report_key, s.diagnostic_report_is_known, s.observation_key, s.observation_is_known, s.is_listed,
          s.reported_tz_offset_min, s.diagnostic_report_id, s.position, s.observation_id, s.status_code, s.reported_at,
          s.is_counted, s.dq_flags, s.event_id, s.payload_hash, s.effective_at, s.recorded_at, s.source_order, s.is_tied, s.load_id
      FROM diagnostic_report_result_restated s
    ) e
  ) e
) f
LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
  AND patient.valid_from <= f.reported_at AND f.reported_at < patient.valid_to;
-- Each of them is there again, once.
INSERT INTO ops.guard (facts_are_whole)
SELECT CAST(nullif(f.n, f.n) AS varchar(64))
FROM (
  SELECT count(*) AS n FROM core.diagnostic_report_result g WHERE g.diagnostic_report_result_key IN (SELECT r.diagnostic_report_result_key FROM diagnostic_report_result_restated r)
) f
CROSS JOIN (SELECT count(*) AS n FROM diagnostic_report_result_restated) r
WHERE f.n <> r.n;
INSERT INTO ops.restated (fact, load_id) SELECT 'diagnostic_report_result', CAST(:load_id AS varchar(32));
