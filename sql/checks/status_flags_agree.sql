-- The status of an appointment is known; its flags and the outcome in the one big table follow it. Rows returned are violations.
SELECT f.appointment_key, f.status_code
FROM core.fact_appointment f JOIN core.dim_appointment_status s ON s.status_code = f.status_code
WHERE f.is_attended <> CASE WHEN s.outcome_group = 'attended' THEN 1 ELSE 0 END
  OR f.is_no_show <> CASE WHEN s.outcome_group = 'no_show' THEN 1 ELSE 0 END
  OR f.is_cancelled <> CASE WHEN s.outcome_group = 'cancelled' THEN 1 ELSE 0 END
  OR f.is_in_no_show_denominator <> CASE WHEN s.counts_in_no_show_denominator THEN 1 ELSE 0 END
  OR (f.is_unresolved = 1 AND s.outcome_group <> 'open')
UNION ALL
SELECT f.appointment_key, f.status_code
FROM core.fact_appointment f LEFT JOIN core.dim_appointment_status s ON s.status_code = f.status_code
WHERE s.status_code IS NULL
UNION ALL
SELECT o.appointment_key, o.status_code
FROM gold_phi.obt_appointment o JOIN core.dim_appointment_status s ON s.status_code = o.status_code
WHERE o.outcome_group <> CASE WHEN o.is_unresolved = 1 THEN 'unresolved' ELSE s.outcome_group END;
