-- transactional: true
-- Dates 2000-01-01 to 2050-12-31 (date_key yyyymmdd) and -1, the unknown date: what lies outside the calendar resolves to it.
CREATE TABLE IF NOT EXISTS core.dim_date (
  date_key integer NOT NULL, -- The date as yyyymmdd; -1 is the unknown date, to which all outside the calendar resolves
  full_date date, -- The date
  year smallint, -- Calendar year
  quarter smallint, -- Calendar quarter, 1 to 4
  month smallint, -- Month, 1 to 12
  month_name varchar(9), -- English name of the month
  year_month varchar(7), -- Month as YYYY-MM
  week_iso smallint, -- Week number of ISO 8601, 1 to 53
  iso_year smallint, -- Year to which the ISO week belongs
  day smallint, -- Day of the month
  day_of_week_iso smallint, -- Day of the week of ISO 8601, 1 Monday to 7 Sunday
  day_name varchar(9), -- English name of the day
  day_of_year smallint, -- Day of the year, 1 to 366
  is_weekend boolean, -- Saturday or Sunday
  is_month_end boolean, -- Last day of its month
  yyyymm integer, -- Month as a number, year * 100 + month
  epoch_day integer -- Days since 1970-01-01
) DISTSTYLE ALL SORTKEY (date_key);
INSERT INTO core.dim_date (date_key) SELECT -1 WHERE NOT EXISTS (SELECT 1 FROM core.dim_date WHERE date_key = -1);
INSERT INTO core.dim_date (date_key, full_date, year, quarter, month, month_name, year_month, week_iso, iso_year, day, day_of_week_iso, day_name, day_of_year, is_weekend, is_month_end, yyyymm, epoch_day)
SELECT c.y * 10000 + c.m * 100 + c.d, c.full_date, c.y, c.q, c.m,
  CASE c.m WHEN 1 THEN 'January' WHEN 2 THEN 'February' WHEN 3 THEN 'March' WHEN 4 THEN 'April' WHEN 5 THEN 'May' WHEN 6 THEN 'June'
    WHEN 7 THEN 'July' WHEN 8 THEN 'August' WHEN 9 THEN 'September' WHEN 10 THEN 'October' WHEN 11 THEN 'November' ELSE 'December' END,
  CAST(c.y AS varchar(4)) || CASE WHEN c.m < 10 THEN '-0' ELSE '-' END || CAST(c.m AS varchar(2)),
  c.w, CASE WHEN c.m = 1 AND c.w > 50 THEN c.y - 1 WHEN c.m = 12 AND c.w = 1 THEN c.y + 1 ELSE c.y END,
  c.d, c.dow,
  CASE c.dow WHEN 1 THEN 'Monday' WHEN 2 THEN 'Tuesday' WHEN 3 THEN 'Wednesday' WHEN 4 THEN 'Thursday' WHEN 5 THEN 'Friday' WHEN 6 THEN 'Saturday' ELSE 'Sunday' END,
  c.doy, c.dow > 5, c.next_day = 1, c.y * 100 + c.m, c.epoch_day
FROM (
  SELECT n.full_date, n.epoch_day,
    CAST(extract(year FROM n.full_date) AS integer) AS y, CAST(extract(quarter FROM n.full_date) AS integer) AS q,
    CAST(extract(month FROM n.full_date) AS integer) AS m, CAST(extract(day FROM n.full_date) AS integer) AS d,
    CAST(extract(week FROM n.full_date) AS integer) AS w, CAST(extract(doy FROM n.full_date) AS integer) AS doy,
    CASE WHEN extract(dow FROM n.full_date) = 0 THEN 7 ELSE CAST(extract(dow FROM n.full_date) AS integer) END AS dow,
    CAST(extract(day FROM n.full_date + 1) AS integer) AS next_day
  FROM (
    SELECT date '2000-01-01' + (a.n * 10000 + b.n * 1000 + c.n * 100 + d.n * 10 + e.n) AS full_date,
      10957 + a.n * 10000 + b.n * 1000 + c.n * 100 + d.n * 10 + e.n AS epoch_day
    FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c CROSS JOIN ops.digit d CROSS JOIN ops.digit e
    WHERE a.n < 2
  ) n
  WHERE n.full_date <= date '2050-12-31'
) c
WHERE NOT EXISTS (SELECT 1 FROM core.dim_date WHERE date_key = 20000101);

-- The 1,440 minutes of a day, time_key hhmm.
CREATE TABLE IF NOT EXISTS core.dim_time (
  time_key integer NOT NULL, -- Minute of the day as hour * 100 + minute
  hour smallint NOT NULL, -- Hour, 0 to 23
  minute smallint NOT NULL, -- Minute, 0 to 59
  hour_12 smallint NOT NULL, -- Hour of a twelve-hour clock, 1 to 12
  am_pm varchar(2) NOT NULL, -- am before noon, pm after
  day_part varchar(9) NOT NULL, -- night (before 6), morning (before 12), afternoon (before 17), evening
  half_hour smallint NOT NULL, -- Half hour of the day, 0 to 47
  is_business_hours boolean NOT NULL -- From 8 to before 18
) DISTSTYLE ALL SORTKEY (time_key);
INSERT INTO core.dim_time (time_key, hour, minute, hour_12, am_pm, day_part, half_hour, is_business_hours)
SELECT t.h * 100 + t.m, t.h, t.m, CASE WHEN t.h = 0 THEN 12 WHEN t.h > 12 THEN t.h - 12 ELSE t.h END, CASE WHEN t.h < 12 THEN 'am' ELSE 'pm' END,
  CASE WHEN t.h < 6 THEN 'night' WHEN t.h < 12 THEN 'morning' WHEN t.h < 17 THEN 'afternoon' ELSE 'evening' END,
  t.h * 2 + CASE WHEN t.m < 30 THEN 0 ELSE 1 END, t.h >= 8 AND t.h < 18
FROM (
  SELECT a.n * 10 + b.n AS h, c.n * 10 + d.n AS m
  FROM ops.digit a CROSS JOIN ops.digit b CROSS JOIN ops.digit c CROSS JOIN ops.digit d
  WHERE a.n * 10 + b.n < 24 AND c.n < 6
) t
WHERE NOT EXISTS (SELECT 1 FROM core.dim_time);

-- FHIR R4 appointment status: what it means for attendance, and whether it can stand in the no-show denominator.
CREATE TABLE IF NOT EXISTS core.dim_appointment_status (
  status_code varchar(32) NOT NULL, -- Appointment status of FHIR R4 (value set appointmentstatus)
  outcome_group varchar(16) NOT NULL, -- What it means: open, arrived, attended, no_show, cancelled or void
  is_final boolean NOT NULL, -- The source is done with the appointment
  counts_in_no_show_denominator boolean NOT NULL -- Attended or missed, the denominator of the no-show rate
) DISTSTYLE ALL;
INSERT INTO core.dim_appointment_status (status_code, outcome_group, is_final, counts_in_no_show_denominator)
SELECT s.status_code, s.outcome_group, s.is_final, s.counts FROM (
  SELECT CAST('proposed' AS varchar(32)) AS status_code, CAST('open' AS varchar(16)) AS outcome_group, false AS is_final, false AS counts
  UNION ALL SELECT 'pending', 'open', false, false
  UNION ALL SELECT 'booked', 'open', false, false
  UNION ALL SELECT 'waitlist', 'open', false, false
  UNION ALL SELECT 'arrived', 'arrived', false, false
  UNION ALL SELECT 'checked-in', 'arrived', false, false
  UNION ALL SELECT 'fulfilled', 'attended', true, true
  UNION ALL SELECT 'noshow', 'no_show', true, true
  UNION ALL SELECT 'cancelled', 'cancelled', true, false
  UNION ALL SELECT 'entered-in-error', 'void', true, false
) s WHERE NOT EXISTS (SELECT 1 FROM core.dim_appointment_status);
