-- Identifiers that the members of {entity} hold now, beside their natural keys. named_key: by which a fact of the same source may name the holder.
-- is_valid: 0 where it is known to be wrong, which does not matter within one source.
CREATE VIEW core.{entity}_identifier AS
-- each identifier, UNION ALL
SELECT h.{identifier} AS named_key, h.{key} AS member_key, h.source_system, {identifier.system} AS identifier_system, h.{identifier.value} AS identifier_value,
  {identifier.valid} AS is_valid
FROM core.dim_{entity}_history h
WHERE h.is_current AND NOT h.is_deleted AND NOT h.is_inferred AND h.{identifier} IS NOT NULL
-- end
;
