-- Identifiers that the members of provider hold now, beside their natural keys. named_key: by which a fact of the same source may name the holder.
-- is_valid: 0 where it is known to be wrong, which does not matter within one source.
CREATE VIEW core.provider_identifier AS
SELECT h.npi_alias_key AS named_key, h.provider_key AS member_key, h.source_system, CAST('http://hl7.org/fhir/sid/us-npi' AS varchar(128)) AS identifier_system, h.npi AS identifier_value,
  CASE WHEN h.dq_flags LIKE '%DQ-ID-03%' THEN 0 ELSE 1 END AS is_valid
FROM core.dim_provider_history h
WHERE h.is_current AND NOT h.is_deleted AND NOT h.is_inferred AND h.npi_alias_key IS NOT NULL
UNION ALL
SELECT h.identifier_alias_key AS named_key, h.provider_key AS member_key, h.source_system, h.identifier_system AS identifier_system, h.identifier_value AS identifier_value,
  1 AS is_valid
FROM core.dim_provider_history h
WHERE h.is_current AND NOT h.is_deleted AND NOT h.is_inferred AND h.identifier_alias_key IS NOT NULL;
