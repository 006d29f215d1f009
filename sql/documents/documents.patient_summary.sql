-- One row per person, under the name of the documents: gold_phi.obt_patient.
CREATE VIEW documents.patient_summary AS
SELECT o.enterprise_patient_key, o.patient_id, o.first_name, o.last_name, o.gender_code AS gender, o.birth_date AS dob, o.age, o.city, o.state, o.zip5,
  o.active_conditions, o.last_visit_at, o.next_appointment_at, o.visits_12m, o.no_show_rate,
  CAST(CAST(o.as_of AS date) - CAST(o.last_visit_at AS date) AS integer) AS days_since_last_visit, o.as_of
FROM gold_phi.obt_patient o;
