-- What a procedure measures.

-- measures: stored with the fact. e: the winning event.
SELECT
  CAST(floor(((CAST(CAST(e.performed_end_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.performed_end_at) AS integer) * 3600
      + CAST(extract(minute FROM e.performed_end_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.performed_end_at)) AS integer))
      - (CAST(CAST(e.performed_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.performed_at) AS integer) * 3600
      + CAST(extract(minute FROM e.performed_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.performed_at)) AS integer))) / CAST(60 AS double precision))
    AS integer) AS duration_min -- From begin to end, whole minutes; null without an end.
FROM event e;

-- attributes: stored with the fact for its one big table, as of performed_at. f: the fact; the others: the member.
SELECT
  patient.patient_id AS patient_id,
  patient.gender_code AS patient_gender,
  patient.birth_date AS patient_dob,
  CAST(AGE(patient, f.performed_date) AS integer) AS patient_age, -- Completed years on performed_date, by birth date; null where only the year of birth is known, or the month and it is that month.
  CAST(AGE_BAND(patient, f.performed_date) AS varchar(8)) AS patient_age_band, -- 0-17, 18-39, 40-64 or 65+; null where the age may lie in either of two.
  patient.zip5,
  patient.state,
  patient.is_test,
  provider.full_name AS provider_name,
  provider.specialty,
  location.location_name AS location_name,
  location.city,
  location.state,
  location.timezone,
  procedure_code.display AS reference_display,
  procedure_code.reference_version AS code_version,
  procedure_code.category
FROM fact f;
