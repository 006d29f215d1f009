-- transactional: true
-- Appointments that were entered in error stand in no measure: those that are loaded already lose the minutes and days that they had.
UPDATE core.appointment SET start_delay_min = NULL, lateness_min = NULL, patient_late_min = NULL, in_clinic_wait_min = NULL, lead_time_days = NULL,
  actual_duration_min = NULL, is_delayed = NULL
WHERE status_code = 'entered-in-error';
