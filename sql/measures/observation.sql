-- What an observation measures.

-- measures: stored with the fact. e: the winning event.
SELECT
  CAST(CASE WHEN e.value_comparator IS NULL THEN e.value_number END
    AS double precision) AS exact_number, -- The value, where it is a number and no bound such as <5.
  CAST(CASE WHEN e.interpretation_code IN ('H', 'HH', 'HU', 'L', 'LL', 'LU', 'A', 'AA') THEN 1
      WHEN e.interpretation_code IS NOT NULL THEN 0
      WHEN e.value_comparator IS NULL AND (e.value_number < e.reference_low OR e.value_number > e.reference_high) THEN 1
      WHEN e.value_comparator IS NULL AND (e.reference_low IS NOT NULL OR e.reference_high IS NOT NULL) AND e.value_number IS NOT NULL THEN 0 END
    AS smallint) AS is_abnormal -- 1: out of range, by its interpretation, else by its range of reference; null where neither is known.
FROM event e;

-- attributes: stored with the fact for its one big table, as of observed_at. f: the fact; the others: the member.
SELECT
  patient.patient_id AS patient_id,
  patient.gender_code AS patient_gender,
  patient.birth_date AS patient_dob,
  CAST(CASE WHEN f.observed_date >= patient.birth_date THEN (CAST(extract(year FROM f.observed_date) * 10000 + extract(month FROM f.observed_date) * 100 + extract(day FROM f.observed_date) AS integer)
      - CAST(extract(year FROM patient.birth_date) * 10000 + extract(month FROM patient.birth_date) * 100 + extract(day FROM patient.birth_date) AS integer)) / 10000 END
    AS integer) AS patient_age, -- Completed years on observed_date, by birth date.
  patient.zip5,
  patient.state,
  patient.is_test,
  observation_code.display AS reference_display,
  observation_code.category,
  observation_code.canonical_unit AS canonical_unit
FROM fact f;
