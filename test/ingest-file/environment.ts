/** The environment that the template gives the function. Imported before the handler, whose logger reads it when it is made. */
export const BUCKETS = { landing: 'landing', silver: 'silver', quarantine: 'quarantine', control: 'control' };

Object.assign(process.env, {
  SILVER_BUCKET: BUCKETS.silver,
  QUARANTINE_BUCKET: BUCKETS.quarantine,
  CONTROL_BUCKET: BUCKETS.control,
  FILE_SLOTS: '4',
  SETTLE_AFTER_HOURS: '72',
  KEY_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:keys',
  POWERTOOLS_METRICS_NAMESPACE: 'Carelake',
  POWERTOOLS_METRICS_DISABLED: 'true',
  POWERTOOLS_SERVICE_NAME: 'ingest-file',
  LOG_LEVEL: 'SILENT',
});
