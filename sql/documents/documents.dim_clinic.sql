-- Clinics under the names of the data model of the documents. location: city and state, as far as they are known.
CREATE VIEW documents.dim_clinic AS
SELECT k.clinic_key, k.clinic_id, k.clinic_name, CASE WHEN k.city IS NULL THEN k.state WHEN k.state IS NULL THEN k.city ELSE k.city || ', ' || k.state END AS location,
  c.created_at, k.timezone, k.latitude, k.longitude, k.organization_id, k.source_system
FROM core.dim_clinic k
LEFT JOIN (SELECT l.clinic_key, min(l.recorded_at) AS created_at FROM core.clinic_log l GROUP BY l.clinic_key) c ON c.clinic_key = k.clinic_key;
