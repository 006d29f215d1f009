-- Identifiers that the members of location hold now, beside their natural keys. named_key: by which a fact of the same source may name the holder.
-- is_valid: 0 where it is known to be wrong, which does not matter within one source.
CREATE VIEW core.location_identifier AS
SELECT h.identifier_alias_key AS named_key, h.location_key AS member_key, h.source_system, h.identifier_system AS identifier_system, h.identifier_value AS identifier_value,
  1 AS is_valid
FROM core.dim_location_history h
WHERE h.is_current AND NOT h.is_deleted AND NOT h.is_inferred AND h.identifier_alias_key IS NOT NULL;
