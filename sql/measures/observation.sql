-- What an observation measures.

-- measures: stored with the fact. e: the winning event.
SELECT
  CAST(CASE WHEN e.value_comparator IS NULL THEN e.value_number END
    AS double precision) AS exact_number, -- The value in value_unit, where it is a number and no bound such as <5. Compare it only within one code and one unit.
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
  CAST(AGE(patient, f.observed_date) AS integer) AS patient_age, -- Completed years on observed_date, by birth date; null where only the year of birth is known, or the month and it is that month.
  CAST(AGE_BAND(patient, f.observed_date) AS varchar(8)) AS patient_age_band, -- 0-17, 18-39, 40-64 or 65+; null where the age may lie in either of two.
  patient.zip5,
  patient.state,
  patient.is_test,
  observation_code.display AS reference_display,
  observation_code.reference_version AS code_version,
  observation_code.category,
  measurement_unit.quantity_kind AS unit_kind,
  observation_code.canonical_unit AS canonical_unit,
  -- By way of the base unit of the kind. What is in the canonical unit already stays as it is, to the
  -- last digit. Numbers beyond any measurement could overflow, and an engine would then refuse the whole load.
  CAST(CASE
      WHEN observation_code.canonical_unit IN (f.value_unit, measurement_unit.ucum_code) THEN f.exact_number
      WHEN f.exact_number NOT BETWEEN -1000000000000000 AND 1000000000000000
        OR (f.exact_number > -0.000000000000001 AND f.exact_number < 0.000000000000001 AND f.exact_number <> 0) THEN NULL
      WHEN measurement_unit.quantity_kind = observation_code.quantity_kind
        THEN (f.exact_number * measurement_unit.base_factor + coalesce(measurement_unit.base_offset, 0)
          - coalesce(observation_code.canonical_offset, 0)) / observation_code.canonical_factor
      WHEN measurement_unit.quantity_kind = observation_code.other_kind
        THEN ((f.exact_number * measurement_unit.base_factor + coalesce(measurement_unit.base_offset, 0)) * observation_code.other_factor
          - coalesce(observation_code.canonical_offset, 0)) / observation_code.canonical_factor END
    AS double precision) AS value_canonical -- exact_number in canonical_unit; null for a bound such as <5, where the code has no canonical unit, and where the unit does not convert into it (DQ-OBS-02).
FROM fact f;

-- flags: made again with the attributes. f: the fact; the others: the member.
SELECT
  CAST(CASE WHEN f.value_number IS NULL OR observation_code.canonical_unit IS NULL THEN 0
      WHEN observation_code.canonical_unit IN (f.value_unit, measurement_unit.ucum_code) THEN 0
      WHEN f.value_number NOT BETWEEN -1000000000000000 AND 1000000000000000
        OR (f.value_number > -0.000000000000001 AND f.value_number < 0.000000000000001 AND f.value_number <> 0) THEN 1
      WHEN measurement_unit.quantity_kind = observation_code.quantity_kind AND observation_code.canonical_factor IS NOT NULL THEN 0
      WHEN measurement_unit.quantity_kind = observation_code.other_kind AND observation_code.other_factor IS NOT NULL
        AND observation_code.canonical_factor IS NOT NULL THEN 0
      ELSE 1 END
    AS smallint) AS dq_obs_02 -- A number that has no canonical value although its code has a canonical unit.
FROM fact f;
