-- transactional: true
-- Dates 2000-01-01 to 2050-12-31 (date_key yyyymmdd) and -1, the unknown date: what lies outside the calendar resolves to it.
CREATE TABLE IF NOT EXISTS core.dim_date (
  date_key integer NOT NULL,
  full_date date,
  year smallint,
  quarter smallint,
  month smallint,
  month_name varchar(9),
  year_month varchar(7),
  week_iso smallint,
  iso_year smallint,
  day smallint,
  day_of_week_iso smallint,
  day_name varchar(9),
  day_of_year smallint,
  is_weekend boolean,
  is_month_end boolean,
  yyyymm integer,
  epoch_day integer
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
  time_key integer NOT NULL,
  hour smallint NOT NULL,
  minute smallint NOT NULL,
  hour_12 smallint NOT NULL,
  am_pm varchar(2) NOT NULL,
  day_part varchar(9) NOT NULL,
  half_hour smallint NOT NULL,
  is_business_hours boolean NOT NULL
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
  status_code varchar(32) NOT NULL,
  outcome_group varchar(16) NOT NULL,
  is_final boolean NOT NULL,
  counts_in_no_show_denominator boolean NOT NULL
) DISTSTYLE ALL;
INSERT INTO core.dim_appointment_status (status_code, outcome_group, is_final, counts_in_no_show_denominator)
SELECT s.status_code, s.outcome_group, s.is_final, s.counts FROM (
  SELECT 'proposed' AS status_code, 'open' AS outcome_group, false AS is_final, false AS counts
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
