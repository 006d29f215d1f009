-- One row per {entity}, with its members as they were at {asOf}.
CREATE VIEW gold_phi.obt_{entity} AS
SELECT f.{key}, {f.naturals}, f.source_system,
  {obt.value} AS {obt},
  {allFlags} AS dq_flags,
  f.recorded_at AS known_at, f.load_id
FROM core.{entity} f{where};
