import type { Context, KinesisStreamEvent } from 'aws-lambda';

/** Stands for a value of a patient; it may be nowhere but in the lake. */
export const CANARY = 'Zq7Canary';

export const context = {
  awsRequestId: 'r-1',
  functionName: 'ingest-stream',
  invokedFunctionArn: 'arn:f',
  memoryLimitInMB: '512',
  getRemainingTimeInMillis: () => 60_000,
} as Context;
/** What the template sets, and how the SDK and Powertools run in a test. */
export const ENV = {
  BRONZE_BUCKET: 'bronze',
  SILVER_BUCKET: 'silver',
  QUARANTINE_BUCKET: 'quarantine',
  CONTROL_BUCKET: 'control',
  KEY_SECRET_ARN: 'arn:key',
  FHIR_PROFILE: 'fhir-r4',
  FHIR_SOURCE_SYSTEM: 'fhir-r4',
  POWERTOOLS_SERVICE_NAME: 'ingest-stream',
  POWERTOOLS_METRICS_NAMESPACE: 'Carelake',
  POWERTOOLS_DEV: 'true',
  POWERTOOLS_METRICS_DISABLED: 'false',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 'b',
  AWS_MAX_ATTEMPTS: '1',
  LOG_LEVEL: 'DEBUG',
};

/** An event of the mapping: one shard, sequence numbers from 1 on. */
export function event(values: unknown[], over: { shard?: string; from?: number } = {}): KinesisStreamEvent {
  const { shard = 'shardId-000000000000', from = 1 } = over;
  const Records = values.map((value, i) => ({
    eventID: `${shard}:${from + i}`,
    eventName: 'aws:kinesis:record',
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    awsRegion: 'us-east-1',
    invokeIdentityArn: 'arn:role',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: `${CANARY}-${i}`,
      sequenceNumber: String(from + i),
      approximateArrivalTimestamp: 1_767_344_399.987,
      data: (value instanceof Uint8Array
        ? Buffer.from(value)
        : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
      ).toString('base64'),
    },
  }));
  return { Records };
}
