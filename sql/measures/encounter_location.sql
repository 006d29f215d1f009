-- What a stay in a unit or a bed measures.

-- measures: stored with the fact. e: the winning event.
SELECT
  CAST(floor(((CAST(CAST(e.end_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.end_at) AS integer) * 3600
      + CAST(extract(minute FROM e.end_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.end_at)) AS integer))
      - (CAST(CAST(e.start_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.start_at) AS integer) * 3600
      + CAST(extract(minute FROM e.start_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.start_at)) AS integer))) / CAST(60 AS double precision))
    AS integer) AS duration_min -- From start to end, whole minutes; null while it lasts.
FROM event e;

-- attributes: stored with the fact for its one big table, as of start_at. f: the fact; the others: the member.
SELECT
  patient.patient_id AS patient_id,
  patient.gender_code AS patient_gender,
  patient.birth_date AS patient_dob,
  CAST(AGE(patient, f.start_date) AS integer) AS patient_age, -- Completed years on start_date, by birth date; null where only the year of birth is known, or the month and it is that month.
  CAST(AGE_BAND(patient, f.start_date) AS varchar(8)) AS patient_age_band, -- 0-17, 18-39, 40-64 or 65+; null where the age may lie in either of two.
  patient.zip5,
  patient.state,
  patient.is_test,
  location.location_name AS location_name,
  location.city,
  location.state,
  location.timezone
FROM fact f;
