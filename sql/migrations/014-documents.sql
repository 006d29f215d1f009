-- transactional: true
-- Views under the names of the data model that the founding documents describe (sql/documents): PHI, as core and gold_phi.
CREATE SCHEMA IF NOT EXISTS documents;
