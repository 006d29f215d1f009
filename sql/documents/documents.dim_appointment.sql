-- What describes an appointment and is no dimension of its own, under the names of the data model of the documents.
CREATE VIEW documents.dim_appointment AS
SELECT f.appointment_key, f.appointment_id, f.priority_code AS priority, o.provider_specialty AS specialty, f.hospital_name AS hospital,
  f.appointment_type, f.modality_code AS modality, f.channel_code AS booking_channel, f.status_code AS status
FROM core.fact_appointment f
JOIN gold_phi.obt_appointment o ON o.appointment_key = f.appointment_key
WHERE f.status_code <> 'entered-in-error';
