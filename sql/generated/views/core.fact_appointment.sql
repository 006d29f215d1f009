-- One row per appointment: its winning event and its measures.
CREATE VIEW core.fact_appointment AS
SELECT f.appointment_key, f.appointment_id, f.source_system, f.patient_key, f.clinic_key, f.provider_key, f.scheduled_date_key,
  f.created_date_key, f.actual_date_key, f.scheduled_tz_offset_min, f.scheduled_time_key, f.actual_time_key, f.appointment_type,
  f.status_code, f.created_at, f.scheduled_start_at, f.scheduled_precision, f.planned_duration_min, f.arrived_at, f.actual_start_at,
  f.completed_at, f.cancelled_at, f.reminder_count, f.start_delay_min, f.lateness_min, f.patient_late_min, f.in_clinic_wait_min,
  f.lead_time_days, f.actual_duration_min, f.is_attended, f.is_no_show, f.is_cancelled, f.is_unresolved, f.is_delayed,
  f.is_in_no_show_denominator, f.dq_flags, f.event_id, f.payload_hash, f.effective_at, f.recorded_at, f.source_order, f.is_tied,
  f.load_id
FROM core.appointment f;
