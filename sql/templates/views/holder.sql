-- Who holds which right identifier of a {entity}: who states it, and who has it for an id, by the authority that assigned it, whether any source
-- describes that one or facts alone name it.
CREATE VIEW core.{entity}_holder AS
SELECT v.identifier_system, v.identifier_value, v.member_key, v.source_system FROM (
  SELECT i.identifier_system, i.identifier_value, i.member_key, i.source_system FROM core.{entity}_identifier i WHERE i.is_valid = 1
-- each bare
  UNION ALL
  SELECT CAST('{bare.system}' AS varchar(128)), h.{bare}, h.{key}, h.source_system
  FROM core.dim_{entity}_history h
  WHERE h.is_current AND h.is_inferred AND h.{bare} IS NOT NULL
-- end
-- each assigned
  UNION ALL
  SELECT {assigned.system}, h.{assigned.value}, m.{key}, m.source_system
  FROM core.dim_{entity}_history h JOIN core.dim_{entity}_history m ON m.{key} = h.{assigned}
  WHERE h.is_current AND NOT h.is_deleted AND NOT h.is_inferred AND m.is_current AND NOT m.is_deleted
-- end
) v
GROUP BY v.identifier_system, v.identifier_value, v.member_key, v.source_system;
