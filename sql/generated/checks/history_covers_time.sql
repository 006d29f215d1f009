-- The versions of a key cover all time without gap or overlap, from -infinity to +infinity. Rows returned are violations.
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
SELECT CAST('provider' AS varchar(64)) AS entity, v.provider_key AS member_key, v.valid_from
FROM (
  SELECT h.provider_key, h.valid_from, h.valid_to, h.is_current,
    coalesce(LAG(h.valid_to) OVER (PARTITION BY h.provider_key ORDER BY h.valid_from), timestamp '1900-01-01 00:00:00') AS due_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.provider_key ORDER BY h.valid_from) AS next_from
  FROM core.dim_provider_history h
) v
WHERE v.valid_from <> v.due_from OR v.valid_to <= v.valid_from
  OR (v.next_from IS NULL AND (v.valid_to <> timestamp '9999-12-31 00:00:00' OR NOT v.is_current));
