-- The versions of a key cover all time without gap or overlap, from -infinity to +infinity. Rows returned are violations.
SELECT CAST('capacity' AS varchar(64)) AS entity, v.capacity_key AS member_key, v.valid_from
FROM (
  SELECT h.capacity_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.capacity_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.capacity_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_capacity_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('clinic' AS varchar(64)) AS entity, v.clinic_key AS member_key, v.valid_from
FROM (
  SELECT h.clinic_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.clinic_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.clinic_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_clinic_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('diagnosis_code' AS varchar(64)) AS entity, v.diagnosis_code_key AS member_key, v.valid_from
FROM (
  SELECT h.diagnosis_code_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.diagnosis_code_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.diagnosis_code_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_diagnosis_code_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('location' AS varchar(64)) AS entity, v.location_key AS member_key, v.valid_from
FROM (
  SELECT h.location_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.location_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.location_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_location_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('measurement_unit' AS varchar(64)) AS entity, v.measurement_unit_key AS member_key, v.valid_from
FROM (
  SELECT h.measurement_unit_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.measurement_unit_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.measurement_unit_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_measurement_unit_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('medication' AS varchar(64)) AS entity, v.medication_key AS member_key, v.valid_from
FROM (
  SELECT h.medication_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.medication_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.medication_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_medication_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('observation_code' AS varchar(64)) AS entity, v.observation_code_key AS member_key, v.valid_from
FROM (
  SELECT h.observation_code_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.observation_code_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.observation_code_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_observation_code_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('organization' AS varchar(64)) AS entity, v.organization_key AS member_key, v.valid_from
FROM (
  SELECT h.organization_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.organization_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.organization_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_organization_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('patient' AS varchar(64)) AS entity, v.patient_key AS member_key, v.valid_from
FROM (
  SELECT h.patient_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.patient_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.patient_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_patient_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('patient_link' AS varchar(64)) AS entity, v.patient_link_key AS member_key, v.valid_from
FROM (
  SELECT h.patient_link_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.patient_link_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.patient_link_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_patient_link_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('procedure_code' AS varchar(64)) AS entity, v.procedure_code_key AS member_key, v.valid_from
FROM (
  SELECT h.procedure_code_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.procedure_code_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.procedure_code_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_procedure_code_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('provider' AS varchar(64)) AS entity, v.provider_key AS member_key, v.valid_from
FROM (
  SELECT h.provider_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.provider_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.provider_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_provider_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('provider_link' AS varchar(64)) AS entity, v.provider_link_key AS member_key, v.valid_from
FROM (
  SELECT h.provider_link_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.provider_link_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.provider_link_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_provider_link_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('provider_role' AS varchar(64)) AS entity, v.provider_role_key AS member_key, v.valid_from
FROM (
  SELECT h.provider_role_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.provider_role_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.provider_role_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_provider_role_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('source_medication' AS varchar(64)) AS entity, v.source_medication_key AS member_key, v.valid_from
FROM (
  SELECT h.source_medication_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.source_medication_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.source_medication_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_source_medication_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current))
UNION ALL
SELECT CAST('value_set_member' AS varchar(64)) AS entity, v.value_set_member_key AS member_key, v.valid_from
FROM (
  SELECT h.value_set_member_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.value_set_member_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.value_set_member_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_value_set_member_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current));
