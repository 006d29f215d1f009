-- What a report says of an observation: that it lists it.

-- attributes: stored with the fact for its one big table, as of reported_at. f: the fact; the others: the member.
SELECT
  patient.patient_id AS patient_id,
  patient.is_test
FROM fact f;
