-- What a diagnosis measures.

-- measures: stored with the fact. e: the winning event.
SELECT
  CAST(CASE WHEN e.clinical_status_code IN ('active', 'recurrence', 'relapse') OR (e.clinical_status_code IS NULL AND e.abated_at IS NULL) THEN 1 ELSE 0 END
    AS smallint) AS is_active -- 1: not ended, by its clinical status, else for want of an end.
FROM event e;

-- attributes: stored with the fact for its one big table, as of diagnosed_at. f: the fact; the others: the member.
SELECT
  patient.patient_id AS patient_id,
  patient.gender_code AS patient_gender,
  patient.birth_date AS patient_dob,
  CAST(AGE(patient, f.diagnosed_date) AS integer) AS patient_age, -- Completed years on diagnosed_date, by birth date; null where only the year of birth is known, or the month and it is that month.
  CAST(AGE_BAND(patient, f.diagnosed_date) AS varchar(8)) AS patient_age_band, -- 0-17, 18-39, 40-64 or 65+; null where the age may lie in either of two.
  patient.zip5,
  patient.state,
  patient.is_test,
  diagnosis_code.display AS reference_display,
  diagnosis_code.category,
  diagnosis_code.chapter,
  CAST(CASE WHEN f.diagnosed_at >= diagnosis_code.reference_from THEN diagnosis_code.is_billable END
    AS boolean) AS is_billable, -- Whether the code could stand on a claim of that day; null where no version of that day describes it.
  diagnosis_code.reference_version AS code_version
FROM fact f;
