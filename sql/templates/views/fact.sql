-- One row per {entity}: its winning event and its measures{listed}.
CREATE VIEW core.fact_{entity} AS
SELECT
  {fact.value} -- each ,
FROM core.{entity} f{where};
