-- Two neighbouring versions of a key differ in what they say. Rows returned are violations.
SELECT CAST('capacity' AS varchar(64)) AS entity, n.capacity_key AS member_key, n.valid_from
FROM core.dim_capacity_history n
JOIN core.dim_capacity_history p ON p.capacity_key = n.capacity_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.location_id = p.location_id, n.location_id IS NULL AND p.location_id IS NULL)
  AND coalesce(n.staffed_bed_count = p.staffed_bed_count, n.staffed_bed_count IS NULL AND p.staffed_bed_count IS NULL)
  AND coalesce(n.room_count = p.room_count, n.room_count IS NULL AND p.room_count IS NULL)
  AND coalesce(n.opening_hours = p.opening_hours, n.opening_hours IS NULL AND p.opening_hours IS NULL)
UNION ALL
SELECT CAST('clinic' AS varchar(64)) AS entity, n.clinic_key AS member_key, n.valid_from
FROM core.dim_clinic_history n
JOIN core.dim_clinic_history p ON p.clinic_key = n.clinic_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.clinic_id = p.clinic_id, n.clinic_id IS NULL AND p.clinic_id IS NULL)
  AND coalesce(n.clinic_name = p.clinic_name, n.clinic_name IS NULL AND p.clinic_name IS NULL)
  AND coalesce(n.city = p.city, n.city IS NULL AND p.city IS NULL)
  AND coalesce(n.state = p.state, n.state IS NULL AND p.state IS NULL)
  AND coalesce(n.timezone = p.timezone, n.timezone IS NULL AND p.timezone IS NULL)
  AND coalesce(n.organization_id = p.organization_id, n.organization_id IS NULL AND p.organization_id IS NULL)
  AND coalesce(n.address_line = p.address_line, n.address_line IS NULL AND p.address_line IS NULL)
  AND coalesce(n.zip5 = p.zip5, n.zip5 IS NULL AND p.zip5 IS NULL)
  AND coalesce(n.latitude = p.latitude, n.latitude IS NULL AND p.latitude IS NULL)
  AND coalesce(n.longitude = p.longitude, n.longitude IS NULL AND p.longitude IS NULL)
UNION ALL
SELECT CAST('diagnosis_code' AS varchar(64)) AS entity, n.diagnosis_code_key AS member_key, n.valid_from
FROM core.dim_diagnosis_code_history n
JOIN core.dim_diagnosis_code_history p ON p.diagnosis_code_key = n.diagnosis_code_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.code_system = p.code_system, n.code_system IS NULL AND p.code_system IS NULL)
  AND coalesce(n.code = p.code, n.code IS NULL AND p.code IS NULL)
  AND coalesce(n.display = p.display, n.display IS NULL AND p.display IS NULL)
  AND coalesce(n.reference_version = p.reference_version, n.reference_version IS NULL AND p.reference_version IS NULL)
  AND coalesce(n.reference_from = p.reference_from, n.reference_from IS NULL AND p.reference_from IS NULL)
  AND coalesce(n.chapter = p.chapter, n.chapter IS NULL AND p.chapter IS NULL)
  AND coalesce(n.category = p.category, n.category IS NULL AND p.category IS NULL)
  AND coalesce(n.is_billable = p.is_billable, n.is_billable IS NULL AND p.is_billable IS NULL)
UNION ALL
SELECT CAST('location' AS varchar(64)) AS entity, n.location_key AS member_key, n.valid_from
FROM core.dim_location_history n
JOIN core.dim_location_history p ON p.location_key = n.location_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.location_id = p.location_id, n.location_id IS NULL AND p.location_id IS NULL)
  AND coalesce(n.location_name = p.location_name, n.location_name IS NULL AND p.location_name IS NULL)
  AND coalesce(n.location_type_code = p.location_type_code, n.location_type_code IS NULL AND p.location_type_code IS NULL)
  AND coalesce(n.identifier_system = p.identifier_system, n.identifier_system IS NULL AND p.identifier_system IS NULL)
  AND coalesce(n.identifier_value = p.identifier_value, n.identifier_value IS NULL AND p.identifier_value IS NULL)
  AND coalesce(n.organization_id = p.organization_id, n.organization_id IS NULL AND p.organization_id IS NULL)
  AND coalesce(n.part_of_location_id = p.part_of_location_id, n.part_of_location_id IS NULL AND p.part_of_location_id IS NULL)
  AND coalesce(n.address_line = p.address_line, n.address_line IS NULL AND p.address_line IS NULL)
  AND coalesce(n.city = p.city, n.city IS NULL AND p.city IS NULL)
  AND coalesce(n.state = p.state, n.state IS NULL AND p.state IS NULL)
  AND coalesce(n.zip5 = p.zip5, n.zip5 IS NULL AND p.zip5 IS NULL)
  AND coalesce(n.latitude = p.latitude, n.latitude IS NULL AND p.latitude IS NULL)
  AND coalesce(n.longitude = p.longitude, n.longitude IS NULL AND p.longitude IS NULL)
  AND coalesce(n.timezone = p.timezone, n.timezone IS NULL AND p.timezone IS NULL)
  AND coalesce(n.identifier_alias_key = p.identifier_alias_key, n.identifier_alias_key IS NULL AND p.identifier_alias_key IS NULL)
UNION ALL
SELECT CAST('measurement_unit' AS varchar(64)) AS entity, n.measurement_unit_key AS member_key, n.valid_from
FROM core.dim_measurement_unit_history n
JOIN core.dim_measurement_unit_history p ON p.measurement_unit_key = n.measurement_unit_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.unit_code = p.unit_code, n.unit_code IS NULL AND p.unit_code IS NULL)
  AND coalesce(n.ucum_code = p.ucum_code, n.ucum_code IS NULL AND p.ucum_code IS NULL)
  AND coalesce(n.quantity_kind = p.quantity_kind, n.quantity_kind IS NULL AND p.quantity_kind IS NULL)
  AND coalesce(n.base_factor = p.base_factor, n.base_factor IS NULL AND p.base_factor IS NULL)
  AND coalesce(n.base_offset = p.base_offset, n.base_offset IS NULL AND p.base_offset IS NULL)
  AND coalesce(n.reference_version = p.reference_version, n.reference_version IS NULL AND p.reference_version IS NULL)
  AND coalesce(n.reference_from = p.reference_from, n.reference_from IS NULL AND p.reference_from IS NULL)
UNION ALL
SELECT CAST('medication' AS varchar(64)) AS entity, n.medication_key AS member_key, n.valid_from
FROM core.dim_medication_history n
JOIN core.dim_medication_history p ON p.medication_key = n.medication_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.code_system = p.code_system, n.code_system IS NULL AND p.code_system IS NULL)
  AND coalesce(n.code = p.code, n.code IS NULL AND p.code IS NULL)
  AND coalesce(n.display = p.display, n.display IS NULL AND p.display IS NULL)
  AND coalesce(n.reference_version = p.reference_version, n.reference_version IS NULL AND p.reference_version IS NULL)
  AND coalesce(n.reference_from = p.reference_from, n.reference_from IS NULL AND p.reference_from IS NULL)
  AND coalesce(n.ingredient = p.ingredient, n.ingredient IS NULL AND p.ingredient IS NULL)
  AND coalesce(n.therapeutic_class = p.therapeutic_class, n.therapeutic_class IS NULL AND p.therapeutic_class IS NULL)
UNION ALL
SELECT CAST('observation_code' AS varchar(64)) AS entity, n.observation_code_key AS member_key, n.valid_from
FROM core.dim_observation_code_history n
JOIN core.dim_observation_code_history p ON p.observation_code_key = n.observation_code_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.code_system = p.code_system, n.code_system IS NULL AND p.code_system IS NULL)
  AND coalesce(n.code = p.code, n.code IS NULL AND p.code IS NULL)
  AND coalesce(n.display = p.display, n.display IS NULL AND p.display IS NULL)
  AND coalesce(n.reference_version = p.reference_version, n.reference_version IS NULL AND p.reference_version IS NULL)
  AND coalesce(n.reference_from = p.reference_from, n.reference_from IS NULL AND p.reference_from IS NULL)
  AND coalesce(n.category = p.category, n.category IS NULL AND p.category IS NULL)
  AND coalesce(n.canonical_unit = p.canonical_unit, n.canonical_unit IS NULL AND p.canonical_unit IS NULL)
  AND coalesce(n.quantity_kind = p.quantity_kind, n.quantity_kind IS NULL AND p.quantity_kind IS NULL)
  AND coalesce(n.canonical_factor = p.canonical_factor, n.canonical_factor IS NULL AND p.canonical_factor IS NULL)
  AND coalesce(n.canonical_offset = p.canonical_offset, n.canonical_offset IS NULL AND p.canonical_offset IS NULL)
  AND coalesce(n.other_kind = p.other_kind, n.other_kind IS NULL AND p.other_kind IS NULL)
  AND coalesce(n.other_factor = p.other_factor, n.other_factor IS NULL AND p.other_factor IS NULL)
UNION ALL
SELECT CAST('organization' AS varchar(64)) AS entity, n.organization_key AS member_key, n.valid_from
FROM core.dim_organization_history n
JOIN core.dim_organization_history p ON p.organization_key = n.organization_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.organization_id = p.organization_id, n.organization_id IS NULL AND p.organization_id IS NULL)
  AND coalesce(n.organization_name = p.organization_name, n.organization_name IS NULL AND p.organization_name IS NULL)
  AND coalesce(n.organization_type_code = p.organization_type_code, n.organization_type_code IS NULL AND p.organization_type_code IS NULL)
  AND coalesce(n.npi = p.npi, n.npi IS NULL AND p.npi IS NULL)
  AND coalesce(n.identifier_system = p.identifier_system, n.identifier_system IS NULL AND p.identifier_system IS NULL)
  AND coalesce(n.identifier_value = p.identifier_value, n.identifier_value IS NULL AND p.identifier_value IS NULL)
  AND coalesce(n.part_of_organization_id = p.part_of_organization_id, n.part_of_organization_id IS NULL AND p.part_of_organization_id IS NULL)
  AND coalesce(n.address_line = p.address_line, n.address_line IS NULL AND p.address_line IS NULL)
  AND coalesce(n.city = p.city, n.city IS NULL AND p.city IS NULL)
  AND coalesce(n.state = p.state, n.state IS NULL AND p.state IS NULL)
  AND coalesce(n.zip5 = p.zip5, n.zip5 IS NULL AND p.zip5 IS NULL)
  AND coalesce(n.latitude = p.latitude, n.latitude IS NULL AND p.latitude IS NULL)
  AND coalesce(n.longitude = p.longitude, n.longitude IS NULL AND p.longitude IS NULL)
  AND coalesce(n.npi_alias_key = p.npi_alias_key, n.npi_alias_key IS NULL AND p.npi_alias_key IS NULL)
  AND coalesce(n.identifier_alias_key = p.identifier_alias_key, n.identifier_alias_key IS NULL AND p.identifier_alias_key IS NULL)
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
  AND coalesce(n.deceased_at = p.deceased_at, n.deceased_at IS NULL AND p.deceased_at IS NULL)
  AND coalesce(n.is_deceased = p.is_deceased, n.is_deceased IS NULL AND p.is_deceased IS NULL)
  AND coalesce(n.birth_date_precision = p.birth_date_precision, n.birth_date_precision IS NULL AND p.birth_date_precision IS NULL)
  AND coalesce(n.race_code = p.race_code, n.race_code IS NULL AND p.race_code IS NULL)
  AND coalesce(n.ethnicity_code = p.ethnicity_code, n.ethnicity_code IS NULL AND p.ethnicity_code IS NULL)
  AND coalesce(n.language_code = p.language_code, n.language_code IS NULL AND p.language_code IS NULL)
  AND coalesce(n.marital_status_code = p.marital_status_code, n.marital_status_code IS NULL AND p.marital_status_code IS NULL)
  AND coalesce(n.city = p.city, n.city IS NULL AND p.city IS NULL)
  AND coalesce(n.is_test = p.is_test, n.is_test IS NULL AND p.is_test IS NULL)
  AND coalesce(n.contact_opt_out = p.contact_opt_out, n.contact_opt_out IS NULL AND p.contact_opt_out IS NULL)
  AND coalesce(n.sensitivity_code = p.sensitivity_code, n.sensitivity_code IS NULL AND p.sensitivity_code IS NULL)
  AND coalesce(n.mrn = p.mrn, n.mrn IS NULL AND p.mrn IS NULL)
  AND coalesce(n.mrn_system = p.mrn_system, n.mrn_system IS NULL AND p.mrn_system IS NULL)
  AND coalesce(n.member_id = p.member_id, n.member_id IS NULL AND p.member_id IS NULL)
  AND coalesce(n.member_id_system = p.member_id_system, n.member_id_system IS NULL AND p.member_id_system IS NULL)
  AND coalesce(n.deceased_precision = p.deceased_precision, n.deceased_precision IS NULL AND p.deceased_precision IS NULL)
  AND coalesce(n.link_count = p.link_count, n.link_count IS NULL AND p.link_count IS NULL)
  AND coalesce(n.mrn_alias_key = p.mrn_alias_key, n.mrn_alias_key IS NULL AND p.mrn_alias_key IS NULL)
  AND coalesce(n.mrn_assigned_key = p.mrn_assigned_key, n.mrn_assigned_key IS NULL AND p.mrn_assigned_key IS NULL)
  AND coalesce(n.member_id_alias_key = p.member_id_alias_key, n.member_id_alias_key IS NULL AND p.member_id_alias_key IS NULL)
  AND coalesce(n.member_id_assigned_key = p.member_id_assigned_key, n.member_id_assigned_key IS NULL AND p.member_id_assigned_key IS NULL)
UNION ALL
SELECT CAST('patient_link' AS varchar(64)) AS entity, n.patient_link_key AS member_key, n.valid_from
FROM core.dim_patient_link_history n
JOIN core.dim_patient_link_history p ON p.patient_link_key = n.patient_link_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.patient_link_id = p.patient_link_id, n.patient_link_id IS NULL AND p.patient_link_id IS NULL)
  AND coalesce(n.source_system_1 = p.source_system_1, n.source_system_1 IS NULL AND p.source_system_1 IS NULL)
  AND coalesce(n.patient_id_1 = p.patient_id_1, n.patient_id_1 IS NULL AND p.patient_id_1 IS NULL)
  AND coalesce(n.source_system_2 = p.source_system_2, n.source_system_2 IS NULL AND p.source_system_2 IS NULL)
  AND coalesce(n.patient_id_2 = p.patient_id_2, n.patient_id_2 IS NULL AND p.patient_id_2 IS NULL)
  AND coalesce(n.position = p.position, n.position IS NULL AND p.position IS NULL)
  AND coalesce(n.patient_1_key = p.patient_1_key, n.patient_1_key IS NULL AND p.patient_1_key IS NULL)
  AND coalesce(n.patient_2_key = p.patient_2_key, n.patient_2_key IS NULL AND p.patient_2_key IS NULL)
UNION ALL
SELECT CAST('procedure_code' AS varchar(64)) AS entity, n.procedure_code_key AS member_key, n.valid_from
FROM core.dim_procedure_code_history n
JOIN core.dim_procedure_code_history p ON p.procedure_code_key = n.procedure_code_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.code_system = p.code_system, n.code_system IS NULL AND p.code_system IS NULL)
  AND coalesce(n.code = p.code, n.code IS NULL AND p.code IS NULL)
  AND coalesce(n.display = p.display, n.display IS NULL AND p.display IS NULL)
  AND coalesce(n.reference_version = p.reference_version, n.reference_version IS NULL AND p.reference_version IS NULL)
  AND coalesce(n.reference_from = p.reference_from, n.reference_from IS NULL AND p.reference_from IS NULL)
  AND coalesce(n.category = p.category, n.category IS NULL AND p.category IS NULL)
UNION ALL
SELECT CAST('provider' AS varchar(64)) AS entity, n.provider_key AS member_key, n.valid_from
FROM core.dim_provider_history n
JOIN core.dim_provider_history p ON p.provider_key = n.provider_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.provider_id = p.provider_id, n.provider_id IS NULL AND p.provider_id IS NULL)
  AND coalesce(n.npi = p.npi, n.npi IS NULL AND p.npi IS NULL)
  AND coalesce(n.full_name = p.full_name, n.full_name IS NULL AND p.full_name IS NULL)
  AND coalesce(n.specialty = p.specialty, n.specialty IS NULL AND p.specialty IS NULL)
  AND coalesce(n.identifier_system = p.identifier_system, n.identifier_system IS NULL AND p.identifier_system IS NULL)
  AND coalesce(n.identifier_value = p.identifier_value, n.identifier_value IS NULL AND p.identifier_value IS NULL)
  AND coalesce(n.entity_type_code = p.entity_type_code, n.entity_type_code IS NULL AND p.entity_type_code IS NULL)
  AND coalesce(n.gender_code = p.gender_code, n.gender_code IS NULL AND p.gender_code IS NULL)
  AND coalesce(n.credential = p.credential, n.credential IS NULL AND p.credential IS NULL)
  AND coalesce(n.taxonomy_code = p.taxonomy_code, n.taxonomy_code IS NULL AND p.taxonomy_code IS NULL)
  AND coalesce(n.organization_id = p.organization_id, n.organization_id IS NULL AND p.organization_id IS NULL)
  AND coalesce(n.city = p.city, n.city IS NULL AND p.city IS NULL)
  AND coalesce(n.state = p.state, n.state IS NULL AND p.state IS NULL)
  AND coalesce(n.zip5 = p.zip5, n.zip5 IS NULL AND p.zip5 IS NULL)
  AND coalesce(n.is_active = p.is_active, n.is_active IS NULL AND p.is_active IS NULL)
  AND coalesce(n.enumerated_on = p.enumerated_on, n.enumerated_on IS NULL AND p.enumerated_on IS NULL)
  AND coalesce(n.deactivated_on = p.deactivated_on, n.deactivated_on IS NULL AND p.deactivated_on IS NULL)
  AND coalesce(n.reactivated_on = p.reactivated_on, n.reactivated_on IS NULL AND p.reactivated_on IS NULL)
  AND coalesce(n.npi_alias_key = p.npi_alias_key, n.npi_alias_key IS NULL AND p.npi_alias_key IS NULL)
  AND coalesce(n.identifier_alias_key = p.identifier_alias_key, n.identifier_alias_key IS NULL AND p.identifier_alias_key IS NULL)
  AND coalesce(n.identifier_assigned_key = p.identifier_assigned_key, n.identifier_assigned_key IS NULL AND p.identifier_assigned_key IS NULL)
UNION ALL
SELECT CAST('provider_link' AS varchar(64)) AS entity, n.provider_link_key AS member_key, n.valid_from
FROM core.dim_provider_link_history n
JOIN core.dim_provider_link_history p ON p.provider_link_key = n.provider_link_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.provider_link_id = p.provider_link_id, n.provider_link_id IS NULL AND p.provider_link_id IS NULL)
  AND coalesce(n.source_system_1 = p.source_system_1, n.source_system_1 IS NULL AND p.source_system_1 IS NULL)
  AND coalesce(n.provider_id_1 = p.provider_id_1, n.provider_id_1 IS NULL AND p.provider_id_1 IS NULL)
  AND coalesce(n.source_system_2 = p.source_system_2, n.source_system_2 IS NULL AND p.source_system_2 IS NULL)
  AND coalesce(n.provider_id_2 = p.provider_id_2, n.provider_id_2 IS NULL AND p.provider_id_2 IS NULL)
  AND coalesce(n.provider_1_key = p.provider_1_key, n.provider_1_key IS NULL AND p.provider_1_key IS NULL)
  AND coalesce(n.provider_2_key = p.provider_2_key, n.provider_2_key IS NULL AND p.provider_2_key IS NULL)
UNION ALL
SELECT CAST('provider_role' AS varchar(64)) AS entity, n.provider_role_key AS member_key, n.valid_from
FROM core.dim_provider_role_history n
JOIN core.dim_provider_role_history p ON p.provider_role_key = n.provider_role_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.provider_role_id = p.provider_role_id, n.provider_role_id IS NULL AND p.provider_role_id IS NULL)
  AND coalesce(n.provider_id = p.provider_id, n.provider_id IS NULL AND p.provider_id IS NULL)
  AND coalesce(n.provider_identifier = p.provider_identifier, n.provider_identifier IS NULL AND p.provider_identifier IS NULL)
  AND coalesce(n.organization_id = p.organization_id, n.organization_id IS NULL AND p.organization_id IS NULL)
  AND coalesce(n.organization_identifier = p.organization_identifier, n.organization_identifier IS NULL AND p.organization_identifier IS NULL)
  AND coalesce(n.location_id = p.location_id, n.location_id IS NULL AND p.location_id IS NULL)
  AND coalesce(n.location_identifier = p.location_identifier, n.location_identifier IS NULL AND p.location_identifier IS NULL)
  AND coalesce(n.role_system = p.role_system, n.role_system IS NULL AND p.role_system IS NULL)
  AND coalesce(n.role_code = p.role_code, n.role_code IS NULL AND p.role_code IS NULL)
  AND coalesce(n.role_display = p.role_display, n.role_display IS NULL AND p.role_display IS NULL)
  AND coalesce(n.specialty_system = p.specialty_system, n.specialty_system IS NULL AND p.specialty_system IS NULL)
  AND coalesce(n.specialty_code = p.specialty_code, n.specialty_code IS NULL AND p.specialty_code IS NULL)
  AND coalesce(n.specialty_display = p.specialty_display, n.specialty_display IS NULL AND p.specialty_display IS NULL)
  AND coalesce(n.is_active = p.is_active, n.is_active IS NULL AND p.is_active IS NULL)
  AND coalesce(n.starts_on = p.starts_on, n.starts_on IS NULL AND p.starts_on IS NULL)
  AND coalesce(n.ends_on = p.ends_on, n.ends_on IS NULL AND p.ends_on IS NULL)
  AND coalesce(n.provider_key = p.provider_key, n.provider_key IS NULL AND p.provider_key IS NULL)
  AND coalesce(n.organization_key = p.organization_key, n.organization_key IS NULL AND p.organization_key IS NULL)
  AND coalesce(n.location_key = p.location_key, n.location_key IS NULL AND p.location_key IS NULL)
UNION ALL
SELECT CAST('source_medication' AS varchar(64)) AS entity, n.source_medication_key AS member_key, n.valid_from
FROM core.dim_source_medication_history n
JOIN core.dim_source_medication_history p ON p.source_medication_key = n.source_medication_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.medication_id = p.medication_id, n.medication_id IS NULL AND p.medication_id IS NULL)
  AND coalesce(n.medication_system = p.medication_system, n.medication_system IS NULL AND p.medication_system IS NULL)
  AND coalesce(n.medication_code = p.medication_code, n.medication_code IS NULL AND p.medication_code IS NULL)
  AND coalesce(n.medication_display = p.medication_display, n.medication_display IS NULL AND p.medication_display IS NULL)
  AND coalesce(n.status_code = p.status_code, n.status_code IS NULL AND p.status_code IS NULL)
  AND coalesce(n.form_code = p.form_code, n.form_code IS NULL AND p.form_code IS NULL)
  AND coalesce(n.form_display = p.form_display, n.form_display IS NULL AND p.form_display IS NULL)
  AND coalesce(n.ingredient_code = p.ingredient_code, n.ingredient_code IS NULL AND p.ingredient_code IS NULL)
  AND coalesce(n.ingredient_display = p.ingredient_display, n.ingredient_display IS NULL AND p.ingredient_display IS NULL)
  AND coalesce(n.ingredient_count = p.ingredient_count, n.ingredient_count IS NULL AND p.ingredient_count IS NULL)
  AND coalesce(n.medication_key = p.medication_key, n.medication_key IS NULL AND p.medication_key IS NULL)
UNION ALL
SELECT CAST('value_set_member' AS varchar(64)) AS entity, n.value_set_member_key AS member_key, n.valid_from
FROM core.dim_value_set_member_history n
JOIN core.dim_value_set_member_history p ON p.value_set_member_key = n.value_set_member_key AND p.valid_to = n.valid_from
WHERE n.is_deleted = p.is_deleted AND n.is_inferred = p.is_inferred
  AND coalesce(n.value_set_id = p.value_set_id, n.value_set_id IS NULL AND p.value_set_id IS NULL)
  AND coalesce(n.value_set_version = p.value_set_version, n.value_set_version IS NULL AND p.value_set_version IS NULL)
  AND coalesce(n.code_system = p.code_system, n.code_system IS NULL AND p.code_system IS NULL)
  AND coalesce(n.code = p.code, n.code IS NULL AND p.code IS NULL)
  AND coalesce(n.value_set_name = p.value_set_name, n.value_set_name IS NULL AND p.value_set_name IS NULL)
  AND coalesce(n.display = p.display, n.display IS NULL AND p.display IS NULL)
  AND coalesce(n.version_from = p.version_from, n.version_from IS NULL AND p.version_from IS NULL)
  AND coalesce(n.version_to = p.version_to, n.version_to IS NULL AND p.version_to IS NULL);
