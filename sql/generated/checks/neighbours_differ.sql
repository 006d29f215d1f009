-- Two neighbouring versions of a key differ in what they say. Rows returned are violations.
SELECT CAST('clinic' AS varchar(64)) AS entity, n.clinic_key AS member_key, n.valid_from
FROM core.dim_clinic_history n
JOIN core.dim_clinic_history p ON p.clinic_key = n.clinic_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.clinic_id = p.clinic_id, n.clinic_id IS NULL AND p.clinic_id IS NULL)
  AND coalesce(n.clinic_name = p.clinic_name, n.clinic_name IS NULL AND p.clinic_name IS NULL)
  AND coalesce(n.city = p.city, n.city IS NULL AND p.city IS NULL)
  AND coalesce(n.state = p.state, n.state IS NULL AND p.state IS NULL)
  AND coalesce(n.timezone = p.timezone, n.timezone IS NULL AND p.timezone IS NULL)
UNION ALL
SELECT CAST('patient' AS varchar(64)) AS entity, n.patient_key AS member_key, n.valid_from
FROM core.dim_patient_history n
JOIN core.dim_patient_history p ON p.patient_key = n.patient_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.patient_id = p.patient_id, n.patient_id IS NULL AND p.patient_id IS NULL)
  AND coalesce(n.first_name = p.first_name, n.first_name IS NULL AND p.first_name IS NULL)
  AND coalesce(n.last_name = p.last_name, n.last_name IS NULL AND p.last_name IS NULL)
  AND coalesce(n.gender_code = p.gender_code, n.gender_code IS NULL AND p.gender_code IS NULL)
  AND coalesce(n.birth_date = p.birth_date, n.birth_date IS NULL AND p.birth_date IS NULL)
  AND coalesce(n.reported_age_years = p.reported_age_years, n.reported_age_years IS NULL AND p.reported_age_years IS NULL)
  AND coalesce(n.zip5 = p.zip5, n.zip5 IS NULL AND p.zip5 IS NULL)
  AND coalesce(n.state = p.state, n.state IS NULL AND p.state IS NULL)
  AND coalesce(n.primary_payer_id = p.primary_payer_id, n.primary_payer_id IS NULL AND p.primary_payer_id IS NULL)
UNION ALL
SELECT CAST('provider' AS varchar(64)) AS entity, n.provider_key AS member_key, n.valid_from
FROM core.dim_provider_history n
JOIN core.dim_provider_history p ON p.provider_key = n.provider_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.npi = p.npi, n.npi IS NULL AND p.npi IS NULL)
  AND coalesce(n.full_name = p.full_name, n.full_name IS NULL AND p.full_name IS NULL)
  AND coalesce(n.specialty = p.specialty, n.specialty IS NULL AND p.specialty IS NULL);
