-- Every distinct event about a patient once, tombstones included.
CREATE VIEW core.patient_log AS
SELECT patient_key, event_id, payload_hash, CAST(CASE WHEN is_deleted THEN 'delete' ELSE 'upsert' END AS varchar(8)) AS op, source_system,
  effective_at, recorded_at, source_order, patient_id, first_name, last_name, gender_code, birth_date, reported_age_years, zip5,
    state, primary_payer_id, deceased_at, is_deceased, birth_date_precision, race_code, ethnicity_code, language_code,
    marital_status_code, city, is_test, contact_opt_out, sensitivity_code, mrn, mrn_system, member_id, member_id_system,
    deceased_precision, link_count, mrn_alias_key, mrn_assigned_key, member_id_alias_key, member_id_assigned_key, dq_flags, load_id
FROM core.dim_patient_history WHERE event_id IS NOT NULL
UNION ALL
SELECT patient_key, event_id, payload_hash, op, source_system, effective_at, recorded_at, source_order, patient_id, first_name,
  last_name, gender_code, birth_date, reported_age_years, zip5, state, primary_payer_id, deceased_at, is_deceased,
  birth_date_precision, race_code, ethnicity_code, language_code, marital_status_code, city, is_test, contact_opt_out,
  sensitivity_code, mrn, mrn_system, member_id, member_id_system, deceased_precision, link_count, mrn_alias_key, mrn_assigned_key,
  member_id_alias_key, member_id_assigned_key, dq_flags, load_id
FROM core.patient_superseded;
