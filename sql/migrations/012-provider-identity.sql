-- transactional: true
-- Which source providers are one person or organization. Without a row a provider stands for itself.
CREATE TABLE IF NOT EXISTS core.provider_identity (
  provider_key varchar(32) NOT NULL, -- Durable key of the provider, as one source knows them
  enterprise_provider_key varchar(32) NOT NULL, -- Key of the person: the least key of all providers that are one
  load_id varchar(32) NOT NULL -- The load that said so
) DISTSTYLE ALL;
