-- Diagnostic report result: whether the facts that it belongs to are there. After all facts of a load, since either may come first; written only where it
-- differs, so that it holds whatever an earlier load has left.
UPDATE core.diagnostic_report_result SET diagnostic_report_is_known = 1
FROM core.diagnostic_report k
WHERE k.diagnostic_report_key = diagnostic_report_result.diagnostic_report_key AND diagnostic_report_result.diagnostic_report_is_known = 0;
UPDATE core.diagnostic_report_result SET diagnostic_report_is_known = 0
WHERE diagnostic_report_is_known = 1 AND diagnostic_report_key NOT IN (SELECT k.diagnostic_report_key FROM core.diagnostic_report k);
UPDATE core.diagnostic_report_result SET observation_is_known = 1
FROM core.observation k
WHERE k.observation_key = diagnostic_report_result.observation_key AND diagnostic_report_result.observation_is_known = 0;
UPDATE core.diagnostic_report_result SET observation_is_known = 0
WHERE observation_is_known = 1 AND observation_key NOT IN (SELECT k.observation_key FROM core.observation k);
-- A part stands while its parent lists as many.
UPDATE core.diagnostic_report_result SET is_listed = 1
FROM core.diagnostic_report k
WHERE k.diagnostic_report_key = diagnostic_report_result.diagnostic_report_key AND diagnostic_report_result.position <= k.result_count AND diagnostic_report_result.is_listed = 0;
UPDATE core.diagnostic_report_result SET is_listed = 0
WHERE is_listed = 1 AND diagnostic_report_result_key IN (
  SELECT f.diagnostic_report_result_key FROM core.diagnostic_report_result f
  LEFT JOIN core.diagnostic_report k ON k.diagnostic_report_key = f.diagnostic_report_key AND f.position <= k.result_count
  WHERE f.is_listed = 1 AND f.diagnostic_report_key <> '00000000000000000000000000000000' AND k.diagnostic_report_key IS NULL
);
