-- What an encounter measures. Minutes are those between the instants; nights are local days.

-- measures: stored with the fact. e: the winning event.
SELECT
  CAST(floor(((CAST(CAST(e.end_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.end_at) AS integer) * 3600
      + CAST(extract(minute FROM e.end_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.end_at)) AS integer))
      - (CAST(CAST(e.start_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.start_at) AS integer) * 3600
      + CAST(extract(minute FROM e.start_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.start_at)) AS integer))) / CAST(60 AS double precision))
    AS integer) AS duration_min, -- From start to end, whole minutes; null while it lasts.
  CAST(e.end_date - e.start_date AS integer) AS los_midnights, -- Midnights between the local days of start and end; null while it lasts.
  CAST(CASE WHEN e.class_code = 'inpatient' THEN 1 ELSE 0 END AS smallint) AS is_inpatient, -- 1: of class inpatient.
  CAST(CASE WHEN e.class_code = 'emergency' THEN 1 ELSE 0 END AS smallint) AS is_emergency, -- 1: of class emergency.
  CAST(CASE WHEN e.end_at IS NULL AND e.status_code IN ('arrived', 'triaged', 'in-progress', 'onleave') THEN 1 ELSE 0 END
    AS smallint) AS is_in_house -- 1: begun and not ended, as far as is known.
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
  provider.full_name AS provider_name,
  provider.specialty,
  organization.organization_name AS organization_name,
  organization.city,
  organization.state,
  location.location_name AS location_name,
  location.city,
  location.state,
  location.timezone
FROM fact f;
