-- Diagnostic report: the facts and the log of the keys that are read again are forgotten. Parameter: :load_id.
DELETE FROM core.diagnostic_report WHERE diagnostic_report_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'diagnostic_report');
DELETE FROM core.diagnostic_report_superseded WHERE diagnostic_report_key IN (SELECT k.entity_key FROM ops.reread_key k WHERE k.load_id = :load_id AND k.entity = 'diagnostic_report');
