-- What a diagnostic report measures.

-- attributes: stored with the fact for its one big table, as of reported_at. f: the fact; the others: the member.
SELECT
  patient.patient_id AS patient_id,
  patient.gender_code AS patient_gender,
  patient.birth_date AS patient_dob,
  CAST(AGE(patient, f.reported_date) AS integer) AS patient_age, -- Completed years on reported_date, by birth date; null where only the year of birth is known, or the month and it is that month.
  CAST(AGE_BAND(patient, f.reported_date) AS varchar(8)) AS patient_age_band, -- 0-17, 18-39, 40-64 or 65+; null where the age may lie in either of two.
  patient.zip5,
  patient.state,
  patient.is_test,
  observation_code.display AS reference_display,
  observation_code.category
FROM fact f;
