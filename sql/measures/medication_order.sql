-- What an order of a medicine measures.

-- attributes: stored with the fact for its one big table, as of ordered_at. f: the fact; the others: the member.
SELECT
  patient.patient_id AS patient_id,
  patient.gender_code AS patient_gender,
  patient.birth_date AS patient_dob,
  CAST(AGE(patient, f.ordered_date) AS integer) AS patient_age, -- Completed years on ordered_date, by birth date; null where only the year of birth is known, or the month and it is that month.
  CAST(AGE_BAND(patient, f.ordered_date) AS varchar(8)) AS patient_age_band, -- 0-17, 18-39, 40-64 or 65+; null where the age may lie in either of two.
  patient.zip5,
  patient.state,
  patient.is_test,
  provider.full_name AS provider_name,
  provider.specialty,
  medication.display AS reference_display,
  medication.reference_version AS code_version,
  medication.ingredient,
  medication.therapeutic_class,
  source_medication.medication_id AS source_medication_id,
  source_medication.form_display AS medication_form,
  source_medication.ingredient_display AS source_ingredient
FROM fact f;
