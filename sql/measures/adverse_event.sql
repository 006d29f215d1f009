-- What an adverse event measures.

-- attributes: stored with the fact for its one big table, as of occurred_at. f: the fact; the others: the member.
SELECT
  patient.patient_id AS patient_id,
  patient.gender_code AS patient_gender,
  patient.birth_date AS patient_dob,
  CAST(CASE WHEN f.occurred_date >= patient.birth_date THEN (CAST(extract(year FROM f.occurred_date) * 10000 + extract(month FROM f.occurred_date) * 100 + extract(day FROM f.occurred_date) AS integer)
      - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END
    AS integer) AS patient_age, -- Completed years on occurred_date, by birth date.
  patient.zip5,
  patient.state,
  patient.is_test
FROM fact f;
