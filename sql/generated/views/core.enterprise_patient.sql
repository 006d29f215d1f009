-- One row per patient as an enterprise knows them: of all members that are one person, what the one says whose version is latest in effect.
CREATE VIEW core.enterprise_patient AS
SELECT v.enterprise_patient_key, v.members, v.patient_key AS latest_patient_key, v.patient_id, v.first_name, v.last_name,
  v.gender_code, v.birth_date, v.reported_age_years, v.zip5, v.state, v.primary_payer_id, v.deceased_at, v.is_deceased,
  v.birth_date_precision, v.race_code, v.ethnicity_code, v.language_code, v.marital_status_code, v.city, v.is_test,
  v.contact_opt_out, v.sensitivity_code, v.mrn, v.mrn_system, v.member_id, v.member_id_system, v.deceased_precision, v.link_count,
  v.mrn_alias_key, v.mrn_assigned_key, v.member_id_alias_key, v.member_id_assigned_key, v.is_inferred, v.is_deleted
FROM (
  SELECT d.enterprise_patient_key, d.patient_key, d.patient_id, d.first_name, d.last_name, d.gender_code, d.birth_date,
    d.reported_age_years, d.zip5, d.state, d.primary_payer_id, d.deceased_at, d.is_deceased, d.birth_date_precision, d.race_code,
    d.ethnicity_code, d.language_code, d.marital_status_code, d.city, d.is_test, d.contact_opt_out, d.sensitivity_code, d.mrn,
    d.mrn_system, d.member_id, d.member_id_system, d.deceased_precision, d.link_count, d.mrn_alias_key, d.mrn_assigned_key,
    d.member_id_alias_key, d.member_id_assigned_key, d.is_inferred, d.is_deleted,
    count(*) OVER (PARTITION BY d.enterprise_patient_key) AS members,
    ROW_NUMBER() OVER (PARTITION BY d.enterprise_patient_key
      ORDER BY CASE WHEN d.is_inferred THEN 1 WHEN d.is_deleted THEN 1 ELSE 0 END, d.valid_from DESC, d.recorded_at DESC, d.patient_key) AS place
  FROM core.dim_patient d
  WHERE d.patient_key <> '00000000000000000000000000000000'
) v
WHERE v.place = 1;
