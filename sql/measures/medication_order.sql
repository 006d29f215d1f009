-- What an order of a medicine measures.

-- attributes: stored with the fact for its one big table, as of ordered_at. f: the fact; the others: the member.
SELECT
  patient.patient_id AS patient_id,
  patient.gender_code AS patient_gender,
  patient.birth_date AS patient_dob,
  CAST(CASE WHEN f.ordered_date >= patient.birth_date THEN (CAST(extract(year FROM f.ordered_date) * 10000 + extract(month FROM f.ordered_date) * 100 + extract(day FROM f.ordered_date) AS integer)
      - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END
    AS integer) AS patient_age, -- Completed years on ordered_date, by birth date.
  patient.zip5,
  patient.state,
  patient.is_test,
  provider.full_name AS provider_name,
  provider.specialty,
  medication.display AS reference_display,
  medication.ingredient,
  medication.therapeutic_class
FROM fact f;
