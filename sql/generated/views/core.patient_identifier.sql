-- Identifiers that the members of patient hold now, beside their natural keys. named_key: by which a fact of the same source may name the holder.
-- is_valid: 0 where it is known to be wrong, which does not matter within one source.
CREATE VIEW core.patient_identifier AS
SELECT h.mrn_alias_key AS named_key, h.patient_key AS member_key, h.source_system, h.mrn_system AS identifier_system, h.mrn AS identifier_value,
  1 AS is_valid
FROM core.dim_patient_history h
WHERE h.is_current AND NOT h.is_deleted AND NOT h.is_inferred AND h.mrn_alias_key IS NOT NULL
UNION ALL
SELECT h.member_id_alias_key AS named_key, h.patient_key AS member_key, h.source_system, h.member_id_system AS identifier_system, h.member_id AS identifier_value,
  1 AS is_valid
FROM core.dim_patient_history h
WHERE h.is_current AND NOT h.is_deleted AND NOT h.is_inferred AND h.member_id_alias_key IS NOT NULL;
