-- Appointments under the names of the data model of the documents, one row each; those entered in error are none. Keys lead to the dimensions of this schema.
CREATE VIEW documents.fact_appointment AS
SELECT f.appointment_key AS factap_pk, f.appointment_id, f.patient_key, p.patient_id, f.clinic_key, k.clinic_id,
  f.scheduled_date_key AS scheduled_date_id, f.scheduled_time_key AS scheduled_time_id, f.actual_date_key AS actual_date_id, f.actual_time_key AS actual_time_id,
  f.actual_start_at AS actual_appointment_time, f.created_at, f.start_delay_min, f.lead_time_days, f.status_code AS status, f.is_attended, f.is_no_show, f.is_cancelled
FROM core.fact_appointment f
JOIN core.dim_patient p ON p.patient_key = f.patient_key
JOIN core.dim_clinic k ON k.clinic_key = f.clinic_key
WHERE f.status_code <> 'entered-in-error';
