-- Which objects of a batch the ledger already holds: loads that were committed and whose receipts are missing.
-- Placeholder: objects_uri. The last statement answers.
CREATE TEMP TABLE batch_object (object varchar(1024), entity varchar(64), schema_version integer, row_count bigint, is_withdrawn boolean);
COPY batch_object FROM '{{objects_uri}}' IAM_ROLE default FORMAT AS PARQUET;
SELECT o.object, o.load_id, o.row_count, o.is_withdrawn FROM ops.loaded_object o
WHERE EXISTS (SELECT 1 FROM batch_object b WHERE b.object = o.object)
ORDER BY o.object;
