-- The one big table under the names of the documents, without appointments entered in error.
CREATE VIEW documents.unified_appointments AS
SELECT o.appointment_key AS factap_pk, o.appointment_created_at AS created_at_fact, o.appointment_id, o.status_code AS appointment_status, o.appointment_type,
  o.patient_id, o.patient_first_name, o.patient_last_name, o.patient_gender, o.patient_dob, o.clinic_id, o.clinic_name, o.clinic_city AS clinic_location,
  o.scheduled_date AS scheduled_fulldate, o.scheduled_year, d.month AS scheduled_month, o.scheduled_day, o.scheduled_hour, o.scheduled_minute,
  o.actual_start_at AS actual_appointment_time, o.actual_hour, o.actual_minute, o.start_delay_min, o.is_no_show
FROM gold_phi.obt_appointment o
LEFT JOIN core.dim_date d ON d.full_date = o.scheduled_date
WHERE o.status_code <> 'entered-in-error';
