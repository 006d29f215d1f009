-- What an appointment measures. Times are UTC, minutes are signed numbers, days signed integers, is_ flags are 0 or 1.
-- One that was entered in error stays, as void, and stands in no measure: its minutes and days are null, its flags 0 (is_delayed null).

-- values: used by the measures, not stored. e: the winning event, columns as in stage_appointment, and its local days.
-- Seconds are counted since 1970 by days, hours, minutes and seconds: Redshift documents the seconds of an epoch as an INTEGER, which ends in
-- 2038 and may round a fraction of a second up. A scheduled day without an hour has no second, so that no delay is invented.
-- What was entered in error has neither start, so that no minutes are measured of it.
SELECT
  CASE WHEN e.scheduled_precision = 'day' OR e.status_code = 'entered-in-error' THEN NULL ELSE CAST(CAST(e.scheduled_start_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.scheduled_start_at) AS integer) * 3600
      + CAST(extract(minute FROM e.scheduled_start_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.scheduled_start_at)) AS integer) END
    AS scheduled_second,
  CASE WHEN e.status_code = 'entered-in-error' THEN NULL ELSE CAST(CAST(e.actual_start_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.actual_start_at) AS integer) * 3600
      + CAST(extract(minute FROM e.actual_start_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.actual_start_at)) AS integer) END AS actual_second,
  CAST(CAST(e.arrived_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.arrived_at) AS integer) * 3600
      + CAST(extract(minute FROM e.arrived_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.arrived_at)) AS integer) AS arrived_second,
  CAST(CAST(e.completed_at AS date) - date '1970-01-01' AS bigint) * 86400 + CAST(extract(hour FROM e.completed_at) AS integer) * 3600
      + CAST(extract(minute FROM e.completed_at) AS integer) * 60 + CAST(extract(second FROM date_trunc('second', e.completed_at)) AS integer) AS completed_second,
  CASE WHEN e.scheduled_precision = 'day' THEN e.scheduled_start_at + interval '1 day' ELSE e.scheduled_start_at END AS scheduled_end
FROM event e;

-- measures: stored with the fact. e: the event and the values above. Minutes are exact seconds / 60, rounded half up to hundredths.
SELECT
  e.appointment_type_code AS appointment_type,
  CAST(floor((e.actual_second - e.scheduled_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100
    AS double precision) AS start_delay_min, -- Actual start after scheduled start, minutes to hundredths; negative: early.
  CAST(CASE WHEN e.actual_second > e.scheduled_second
      THEN floor((e.actual_second - e.scheduled_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100
    WHEN e.actual_second <= e.scheduled_second THEN 0 END
    AS double precision) AS lateness_min, -- Actual start after scheduled start, minutes to hundredths; 0 when early or on time.
  CAST(floor((e.arrived_second - e.scheduled_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100
    AS double precision) AS patient_late_min, -- Arrival of the patient after scheduled start, minutes to hundredths; negative: early.
  CAST(CASE WHEN e.arrived_second > e.scheduled_second
      THEN floor((e.actual_second - e.arrived_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100
    WHEN e.arrived_second <= e.scheduled_second
      THEN floor((e.actual_second - e.scheduled_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100 END
    AS double precision) AS in_clinic_wait_min, -- Actual start after the later of arrival and scheduled start, minutes to hundredths.
  CAST(CASE WHEN e.status_code <> 'entered-in-error' THEN e.scheduled_date - e.created_date END AS integer) AS lead_time_days, -- Day of the start after the day of booking, both in the zone of the clinic, days.
  CAST(floor((e.completed_second - e.actual_second) * CAST(5 AS double precision) / 3 + CAST(0.5 AS double precision)) / 100
    AS double precision) AS actual_duration_min, -- End after actual start, minutes to hundredths.
  CAST(CASE WHEN e.status_code = 'fulfilled' THEN 1 ELSE 0 END AS smallint) AS is_attended, -- 1: the patient was seen.
  CAST(CASE WHEN e.status_code = 'noshow' THEN 1 ELSE 0 END AS smallint) AS is_no_show, -- 1: the patient did not come.
  CAST(CASE WHEN e.status_code = 'cancelled' THEN 1 ELSE 0 END AS smallint) AS is_cancelled, -- 1: cancelled by either side.
  CAST(CASE WHEN e.status_code IN ('proposed', 'pending', 'booked', 'waitlist') AND e.recorded_at > e.scheduled_end THEN 1 ELSE 0 END
    AS smallint) AS is_unresolved, -- 1: reported as still open after its scheduled time.
  CAST(CASE WHEN e.actual_second - e.scheduled_second > 600 THEN 1 WHEN e.actual_second - e.scheduled_second <= 600 THEN 0 END
    AS smallint) AS is_delayed, -- 1: began more than 10 minutes late.
  CAST(CASE WHEN e.status_code IN ('fulfilled', 'noshow') THEN 1 ELSE 0 END
    AS smallint) AS is_in_no_show_denominator -- 1: attended or no-show, the denominator of the no-show rate.
FROM event e;

-- attributes: stored with the fact for its one big table, refreshed when a member changes. f: the fact; clinic, provider, patient: the
-- member as it was at scheduled_start_at. Without another name an attribute is called after its role.
SELECT
  CAST(substring(CAST(f.scheduled_date AS varchar(10)), 1, 7)
    AS varchar(7)) AS scheduled_month, -- Local month of the scheduled start, YYYY-MM.
  clinic.clinic_id AS clinic_id,
  clinic.clinic_name AS clinic_name,
  clinic.city,
  clinic.state,
  clinic.timezone,
  patient.patient_id AS patient_id,
  patient.first_name,
  patient.last_name,
  patient.gender_code AS patient_gender,
  patient.birth_date AS patient_dob,
  -- Born after the appointment is no age. A reported age was one at the local day of
  -- its report (by the clock of the visit), and grows from there: whole years between report and visit are added, or taken off where the visit came first.
  CAST(CASE WHEN patient.birth_date IS NOT NULL THEN AGE(patient, f.scheduled_date)
    WHEN patient.reported_age_years + (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
      - CAST(extract(year FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 10000 + extract(month FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 100 + extract(day FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) AS integer)) / 10000 < 0 THEN 0
    ELSE patient.reported_age_years + (CAST(extract(year FROM f.scheduled_date) * 10000 + extract(month FROM f.scheduled_date) * 100 + extract(day FROM f.scheduled_date) AS integer)
      - CAST(extract(year FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 10000 + extract(month FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) * 100 + extract(day FROM (patient.effective_at + (f.scheduled_start_at_local - f.scheduled_start_at))) AS integer)) / 10000 END
    AS integer) AS patient_age_at_appt, -- Completed years on the scheduled day, from the birth date or from the reported age; null where only the year of birth is known, or the month and it is that month.
  CAST(CASE WHEN patient.birth_date_precision IN ('year', 'month') THEN AGE_BAND(patient, f.scheduled_date) END
    AS varchar(8)) AS patient_age_band, -- Band of the age of a patient whose day of birth is not known; null where the age may lie in either of two.
  patient.zip5,
  patient.state,
  patient.primary_payer_id AS primary_payer_id,
  provider.npi,
  provider.full_name AS provider_name,
  provider.specialty
FROM fact f;

-- one big table: columns of gold_phi.obt_appointment in order, after the key, the natural key and the source system, before the flags.
-- f: what is stored.
SELECT
  f.created_at AS appointment_created_at,
  f.scheduled_start_at,
  f.scheduled_date,
  CAST(extract(year FROM f.scheduled_date) AS smallint) AS scheduled_year, -- Year of scheduled_date.
  CAST(extract(quarter FROM f.scheduled_date) AS smallint) AS scheduled_quarter, -- Quarter of scheduled_date, 1 to 4.
  f.scheduled_month,
  CAST(extract(week FROM f.scheduled_date) AS smallint) AS scheduled_week, -- ISO week of scheduled_date.
  CAST(extract(day FROM f.scheduled_date) AS smallint) AS scheduled_day, -- Day of the month of scheduled_date.
  CAST(CASE WHEN extract(dow FROM f.scheduled_date) = 0 THEN 7 ELSE extract(dow FROM f.scheduled_date) END
    AS smallint) AS scheduled_dow, -- ISO day of the week of scheduled_date, 1 Monday to 7 Sunday.
  CAST(f.scheduled_time_key / 100 AS integer) AS scheduled_hour, -- Local hour of the scheduled start.
  CAST(f.scheduled_time_key - f.scheduled_time_key / 100 * 100 AS integer) AS scheduled_minute, -- Local minute of the scheduled start.
  CAST(CASE WHEN f.scheduled_time_key < 600 THEN 'night' WHEN f.scheduled_time_key < 1200 THEN 'morning'
    WHEN f.scheduled_time_key < 1700 THEN 'afternoon' WHEN f.scheduled_time_key >= 1700 THEN 'evening' END
    AS varchar(9)) AS scheduled_day_part, -- night (before 6), morning (before 12), afternoon (before 17), evening.
  f.actual_start_at,
  f.actual_date,
  CAST(f.actual_time_key / 100 AS integer) AS actual_hour, -- Local hour of the actual start.
  CAST(f.actual_time_key - f.actual_time_key / 100 * 100 AS integer) AS actual_minute, -- Local minute of the actual start.
  f.arrived_at,
  f.completed_at,
  f.cancelled_at,
  f.status_code,
  CAST(CASE WHEN f.is_unresolved = 1 THEN 'unresolved' WHEN f.is_attended = 1 THEN 'attended' WHEN f.is_no_show = 1 THEN 'no_show'
    WHEN f.is_cancelled = 1 THEN 'cancelled' WHEN f.status_code = 'entered-in-error' THEN 'void'
    WHEN f.status_code IN ('arrived', 'checked-in') THEN 'arrived' ELSE 'open' END
    AS varchar(16)) AS outcome_group, -- unresolved, attended, no_show, cancelled, void, arrived or open.
  f.is_attended,
  f.is_no_show,
  f.is_cancelled,
  f.is_unresolved,
  f.is_in_no_show_denominator AS in_denominator,
  f.start_delay_min,
  f.lateness_min,
  f.is_delayed,
  f.patient_late_min,
  f.in_clinic_wait_min,
  f.lead_time_days,
  f.planned_duration_min,
  f.actual_duration_min,
  f.reminder_count,
  f.appointment_type,
  f.clinic_id,
  f.clinic_name,
  f.clinic_city,
  f.clinic_state,
  f.clinic_timezone,
  f.patient_id,
  f.patient_first_name,
  f.patient_last_name,
  f.patient_gender,
  f.patient_dob,
  f.patient_age_at_appt,
  CAST(CASE WHEN f.patient_age_at_appt < 18 THEN '0-17' WHEN f.patient_age_at_appt < 40 THEN '18-39'
    WHEN f.patient_age_at_appt < 65 THEN '40-64' WHEN f.patient_age_at_appt >= 65 THEN '65+' ELSE coalesce(f.patient_age_band, 'unknown') END
    AS varchar(8)) AS patient_age_band, -- 0-17, 18-39, 40-64, 65+ or unknown.
  f.patient_zip5,
  CAST(substring(f.patient_zip5, 1, 3) AS varchar(3)) AS patient_zip3, -- First three digits of patient_zip5.
  f.patient_state,
  f.primary_payer_id,
  f.provider_npi,
  f.provider_name,
  f.provider_specialty
FROM fact f;
