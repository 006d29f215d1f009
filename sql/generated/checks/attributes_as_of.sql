-- What a fact says of its members is what their history says as of the fact's own time. Rows returned are violations.
SELECT CAST('appointment' AS varchar(64)) AS entity, x.appointment_key AS fact_key
FROM (
  SELECT f.appointment_key,
    CAST(CAST(substring(CAST(f.scheduled_date AS varchar(10)), 1, 7)
    AS varchar(7)) AS varchar(7)) AS scheduled_month_now, f.scheduled_month,
    CAST(clinic.clinic_id AS varchar(64)) AS clinic_id_now, f.clinic_id,
    CAST(clinic.clinic_name AS varchar(256)) AS clinic_name_now, f.clinic_name,
    CAST(clinic.city AS varchar(128)) AS clinic_city_now, f.clinic_city,
    CAST(clinic.state AS varchar(32)) AS clinic_state_now, f.clinic_state,
    CAST(clinic.timezone AS varchar(64)) AS clinic_timezone_now, f.clinic_timezone,
    CAST(patient.patient_id AS varchar(64)) AS patient_id_now, f.patient_id,
    CAST(patient.first_name AS varchar(128)) AS patient_first_name_now, f.patient_first_name,
    CAST(patient.last_name AS varchar(128)) AS patient_last_name_now, f.patient_last_name,
    CAST(patient.gender_code AS varchar(16)) AS patient_gender_now, f.patient_gender,
    CAST(patient.birth_date AS date) AS patient_dob_now, f.patient_dob,
    CAST(CAST(CASE WHEN f.scheduled_date >= patient.birth_date THEN (f.scheduled_date_key - CAST(extract(year FROM patient.birth_date) * 10000
    + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000
    WHEN patient.birth_date IS NULL THEN patient.reported_age_years END
    AS integer) AS integer) AS patient_age_at_appt_now, f.patient_age_at_appt,
    CAST(patient.zip5 AS varchar(5)) AS patient_zip5_now, f.patient_zip5,
    CAST(patient.state AS varchar(32)) AS patient_state_now, f.patient_state,
    CAST(patient.primary_payer_id AS varchar(64)) AS primary_payer_id_now, f.primary_payer_id,
    CAST(provider.npi AS varchar(10)) AS provider_npi_now, f.provider_npi,
    CAST(provider.full_name AS varchar(256)) AS provider_name_now, f.provider_name,
    CAST(provider.specialty AS varchar(128)) AS provider_specialty_now, f.provider_specialty,
    f.load_id
  FROM core.appointment f
  LEFT JOIN core.dim_patient_history patient ON patient.patient_key = f.patient_key
    AND patient.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < patient.valid_to
  LEFT JOIN core.dim_clinic_history clinic ON clinic.clinic_key = f.clinic_key
    AND clinic.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < clinic.valid_to
  LEFT JOIN core.dim_provider_history provider ON provider.provider_key = f.provider_key
    AND provider.valid_from <= f.scheduled_start_at AND f.scheduled_start_at < provider.valid_to
) x
WHERE NOT (
  x.load_id = x.load_id
  AND coalesce(x.scheduled_month_now = x.scheduled_month, x.scheduled_month_now IS NULL AND x.scheduled_month IS NULL)
  AND coalesce(x.clinic_id_now = x.clinic_id, x.clinic_id_now IS NULL AND x.clinic_id IS NULL)
  AND coalesce(x.clinic_name_now = x.clinic_name, x.clinic_name_now IS NULL AND x.clinic_name IS NULL)
  AND coalesce(x.clinic_city_now = x.clinic_city, x.clinic_city_now IS NULL AND x.clinic_city IS NULL)
  AND coalesce(x.clinic_state_now = x.clinic_state, x.clinic_state_now IS NULL AND x.clinic_state IS NULL)
  AND coalesce(x.clinic_timezone_now = x.clinic_timezone, x.clinic_timezone_now IS NULL AND x.clinic_timezone IS NULL)
  AND coalesce(x.patient_id_now = x.patient_id, x.patient_id_now IS NULL AND x.patient_id IS NULL)
  AND coalesce(x.patient_first_name_now = x.patient_first_name, x.patient_first_name_now IS NULL AND x.patient_first_name IS NULL)
  AND coalesce(x.patient_last_name_now = x.patient_last_name, x.patient_last_name_now IS NULL AND x.patient_last_name IS NULL)
  AND coalesce(x.patient_gender_now = x.patient_gender, x.patient_gender_now IS NULL AND x.patient_gender IS NULL)
  AND coalesce(x.patient_dob_now = x.patient_dob, x.patient_dob_now IS NULL AND x.patient_dob IS NULL)
  AND coalesce(x.patient_age_at_appt_now = x.patient_age_at_appt, x.patient_age_at_appt_now IS NULL AND x.patient_age_at_appt IS NULL)
  AND coalesce(x.patient_zip5_now = x.patient_zip5, x.patient_zip5_now IS NULL AND x.patient_zip5 IS NULL)
  AND coalesce(x.patient_state_now = x.patient_state, x.patient_state_now IS NULL AND x.patient_state IS NULL)
  AND coalesce(x.primary_payer_id_now = x.primary_payer_id, x.primary_payer_id_now IS NULL AND x.primary_payer_id IS NULL)
  AND coalesce(x.provider_npi_now = x.provider_npi, x.provider_npi_now IS NULL AND x.provider_npi IS NULL)
  AND coalesce(x.provider_name_now = x.provider_name, x.provider_name_now IS NULL AND x.provider_name IS NULL)
  AND coalesce(x.provider_specialty_now = x.provider_specialty, x.provider_specialty_now IS NULL AND x.provider_specialty IS NULL)
);
