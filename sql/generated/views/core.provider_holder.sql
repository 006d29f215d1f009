-- Who holds which right identifier of a provider: who states it, and who has it for an id, by the authority that assigned it, whether any source
-- describes that one or facts alone name it.
CREATE VIEW core.provider_holder AS
SELECT v.identifier_system, v.identifier_value, v.member_key, v.source_system FROM (
  SELECT i.identifier_system, i.identifier_value, i.member_key, i.source_system FROM core.provider_identifier i WHERE i.is_valid = 1
  UNION ALL
  SELECT CAST('http://hl7.org/fhir/sid/us-npi' AS varchar(128)), h.npi, h.provider_key, h.source_system
  FROM core.dim_provider_history h
  WHERE h.is_current AND h.is_inferred AND h.npi IS NOT NULL
  UNION ALL
  SELECT h.identifier_system, h.identifier_value, m.provider_key, m.source_system
  FROM core.dim_provider_history h JOIN core.dim_provider_history m ON m.provider_key = h.identifier_assigned_key
  WHERE h.is_current AND NOT h.is_deleted AND NOT h.is_inferred AND m.is_current AND NOT m.is_deleted
) v
GROUP BY v.identifier_system, v.identifier_value, v.member_key, v.source_system;
