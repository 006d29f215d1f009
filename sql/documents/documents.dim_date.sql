-- The calendar under the names of the data model of the documents, with the federal holidays of the United States (5 U.S.C. 6103, on their own days and not the
-- weekdays on which they are observed) and its fiscal year, which begins on 1 October. The unknown date is -1.
CREATE VIEW documents.dim_date AS
SELECT h.date_id, h.fulldate, h.year, h.quarter, h.month, h.month_name, h.day, h.day_of_week_iso, h.day_name, h.week_iso, h.iso_year, h.is_weekend,
  h.holiday_name, h.holiday_name IS NOT NULL AS is_us_holiday,
  CAST(CASE WHEN h.month >= 10 THEN h.year + 1 ELSE h.year END AS smallint) AS fiscal_year,
  CAST(CASE WHEN h.month >= 10 THEN 1 ELSE h.quarter + 1 END AS smallint) AS fiscal_quarter
FROM (
  SELECT d.date_key AS date_id, d.full_date AS fulldate, d.year, d.quarter, d.month, d.month_name, d.day, d.day_of_week_iso, d.day_name, d.week_iso, d.iso_year, d.is_weekend,
    CAST(CASE
      WHEN d.month = 1 AND d.day = 1 THEN 'New Year''s Day'
      WHEN d.month = 1 AND d.day_of_week_iso = 1 AND d.day BETWEEN 15 AND 21 THEN 'Birthday of Martin Luther King, Jr.'
      WHEN d.month = 2 AND d.day_of_week_iso = 1 AND d.day BETWEEN 15 AND 21 THEN 'Washington''s Birthday'
      WHEN d.month = 5 AND d.day_of_week_iso = 1 AND d.day >= 25 THEN 'Memorial Day'
      WHEN d.month = 6 AND d.day = 19 AND d.year >= 2021 THEN 'Juneteenth'
      WHEN d.month = 7 AND d.day = 4 THEN 'Independence Day'
      WHEN d.month = 9 AND d.day_of_week_iso = 1 AND d.day <= 7 THEN 'Labor Day'
      WHEN d.month = 10 AND d.day_of_week_iso = 1 AND d.day BETWEEN 8 AND 14 THEN 'Columbus Day'
      WHEN d.month = 11 AND d.day = 11 THEN 'Veterans Day'
      WHEN d.month = 11 AND d.day_of_week_iso = 4 AND d.day BETWEEN 22 AND 28 THEN 'Thanksgiving Day'
      WHEN d.month = 12 AND d.day = 25 THEN 'Christmas Day' END AS varchar(40)) AS holiday_name
  FROM core.dim_date d
) h;
