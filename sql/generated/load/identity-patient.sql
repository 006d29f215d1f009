-- Patient: which members are one person, made anew from all identifiers and links, so that it holds in any order of arrival. The key of a
-- person is the least of the group. Parameter: :load_id.
-- Each pass doubles the reach: members are joined over at most 16 steps. Where a chain is longer, its ends stay apart (gold_phi.identity_review).
CREATE TEMP TABLE patient_reach_1 AS
SELECT m.from_key, m.to_key FROM core.patient_match m;
CREATE TEMP TABLE patient_reach_2 AS
SELECT DISTINCT a.from_key, b.to_key FROM patient_reach_1 a JOIN patient_reach_1 b ON b.from_key = a.to_key;
CREATE TEMP TABLE patient_reach_4 AS
SELECT DISTINCT a.from_key, b.to_key FROM patient_reach_2 a JOIN patient_reach_2 b ON b.from_key = a.to_key;
CREATE TEMP TABLE patient_reach_8 AS
SELECT DISTINCT a.from_key, b.to_key FROM patient_reach_4 a JOIN patient_reach_4 b ON b.from_key = a.to_key;
CREATE TEMP TABLE patient_one AS
SELECT a.from_key AS patient_key, min(b.to_key) AS enterprise_key
FROM patient_reach_8 a JOIN patient_reach_8 b ON b.from_key = a.to_key
GROUP BY a.from_key;
DELETE FROM core.patient_identity
WHERE patient_key IN (
  SELECT i.patient_key FROM core.patient_identity i
  LEFT JOIN patient_one p ON p.patient_key = i.patient_key AND p.enterprise_key = i.enterprise_patient_key
  WHERE p.patient_key IS NULL
);
INSERT INTO core.patient_identity (patient_key, enterprise_patient_key, load_id)
SELECT p.patient_key, p.enterprise_key, CAST(:load_id AS varchar(32))
FROM patient_one p
WHERE p.patient_key NOT IN (SELECT i.patient_key FROM core.patient_identity i);
-- Facts of several sources may name a member whom nobody has described, by the authority that assigned its id. It is of the least of them.
UPDATE core.dim_patient_history SET source_system = n.source_system
FROM (
  SELECT k.member_key, min(k.source_system) AS source_system FROM (
    SELECT f.patient_key AS member_key, f.source_system FROM core.adverse_event f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.appointment f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.diagnosis f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.diagnostic_report f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.diagnostic_report_result f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.encounter f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.encounter_location f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.medication_order f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.observation f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.prescription_fill f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
UNION ALL
    SELECT f.patient_key AS member_key, f.source_system FROM core.procedure f
    WHERE f.patient_key IN (SELECT h.patient_key FROM core.dim_patient_history h WHERE h.is_inferred)
  ) k GROUP BY k.member_key
) n
WHERE n.member_key = dim_patient_history.patient_key AND dim_patient_history.is_inferred
  AND dim_patient_history.source_system <> n.source_system;
