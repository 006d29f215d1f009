-- Minutes of a day under the names of the data model of the documents.
CREATE VIEW documents.dim_time AS
SELECT t.time_key AS time_id, t.hour, t.minute, t.day_part, t.is_business_hours FROM core.dim_time t;
