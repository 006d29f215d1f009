import { Duration } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';
import type { KeysStack } from '../stacks/keys';
import type { LakeStack } from '../stacks/lake';
import type { StreamStack } from '../stacks/stream';
import { CarelakeFunction, type CodeOf } from './function';
import { allow, listObjects, readObjects, removeObjects, reopenHours, useKey, writeObjects } from './grants';

/** What the functions of the stream stand on. */
export interface StreamFunctionsProps {
  readonly config: CarelakeConfig;
  readonly code: CodeOf;
  readonly keys: KeysStack;
  readonly lake: LakeStack;
  readonly stream: StreamStack;
  readonly logKey: kms.IKey;
  /** What every function needs that makes silver and quarantine of records. */
  readonly statements: iam.PolicyStatement[];
}

/** The function that takes batches of the stream in, with its mapping, and the one that takes in what the mapping gave up. */
export const streamFunctions = (scope: Construct, props: StreamFunctionsProps) => ({
  ingestStream: ingestStreamFunction(scope, props),
  replayFailed: replayFailedFunction(scope, props),
});

const common = ({ config, code, logKey }: StreamFunctionsProps, name: Parameters<CodeOf>[0], description: string) => ({
  name,
  config,
  code,
  description,
  logKey,
});

/** How records that are FHIR are read. */
export const fhirOf = ({ ingest: { fhir } }: CarelakeConfig) => ({
  FHIR_PROFILE: fhir.profile,
  FHIR_SOURCE_SYSTEM: fhir.sourceSystem,
});

/** Where a function writes what records become, the secret of their keys, and how FHIR is read. */
const zonesOfRecords = ({ config, keys, lake: { buckets } }: StreamFunctionsProps) => ({
  ...fhirOf(config),
  BRONZE_BUCKET: buckets.bronze.bucketName,
  SILVER_BUCKET: buckets.silver.bucketName,
  QUARANTINE_BUCKET: buckets.quarantine.bucketName,
  CONTROL_BUCKET: buckets.control.bucketName,
  KEY_SECRET_ARN: keys.keySecret.secretArn,
});

/** Records of the stream into bronze, silver and quarantine. */
function ingestStreamFunction(scope: Construct, props: StreamFunctionsProps): lambda.Function {
  const { config, keys, lake, stream } = props;
  const { bronze, control, failed } = lake.buckets;
  const failedKey = keys.useFailed(scope);
  const { fn } = new CarelakeFunction(scope, 'IngestStream', {
    ...common(props, 'ingest-stream', 'Validates records of the stream: bronze first, then silver or quarantine'),
    memoryMb: config.ingest.memoryMb,
    timeoutSeconds: config.ingest.timeoutSeconds,
    reservedConcurrency: config.ingest.reservedConcurrency,
    environment: zonesOfRecords(props),
    statements: [
      ...props.statements,
      // Reading back what stands under a name that is taken tells a retry from a conflict.
      readObjects(bronze),
      writeObjects(bronze),
      allow(
        [
          'kinesis:DescribeStream',
          'kinesis:DescribeStreamSummary',
          'kinesis:GetRecords',
          'kinesis:GetShardIterator',
          'kinesis:ListShards',
        ],
        [stream.stream.streamArn],
      ),
      useKey(keys.use(scope, 'stream'), 'kinesis', 'read'),
      // Marks of attempts at a record that may end the process.
      writeObjects(control, 'attempts/'),
      removeObjects(control, 'attempts/'),
      // The event-source mapping looks into the bucket before it writes what it gave up on.
      listObjects(failed),
      writeObjects(failed, 'aws/lambda/'),
      ...(failedKey ? [useKey(failedKey, 's3', 'write')] : []),
    ],
  });
  new lambda.EventSourceMapping(scope, 'StreamMapping', {
    target: fn,
    eventSourceArn: stream.stream.streamArn,
    startingPosition: lambda.StartingPosition.TRIM_HORIZON,
    batchSize: config.ingest.batchSize,
    maxBatchingWindow: Duration.seconds(config.ingest.windowSeconds),
    parallelizationFactor: config.ingest.parallelization,
    reportBatchItemFailures: true,
    bisectBatchOnError: true,
    maxRecordAge: Duration.seconds(config.ingest.maxRecordAgeSeconds),
    onFailure: { bind: () => ({ destination: failed.bucketArn }) },
  });
  return fn;
}

/** Batches that the mapping gave up into bronze, silver and quarantine, as ingest-stream would have. */
function replayFailedFunction(scope: Construct, props: StreamFunctionsProps): lambda.Function {
  const { config, keys, lake } = props;
  const { bronze, control, failed } = lake.buckets;
  const failedKey = keys.useFailed(scope);
  return new CarelakeFunction(scope, 'ReplayFailed', {
    ...common(props, 'replay-failed', 'Ingests the batches of the stream that were given up'),
    memoryMb: config.ingest.memoryMb,
    timeoutSeconds: 900,
    environment: {
      FAILED_BUCKET: failed.bucketName,
      ...zonesOfRecords(props),
    },
    statements: [
      ...props.statements,
      readObjects(bronze),
      writeObjects(bronze),
      listObjects(failed),
      readObjects(failed, 'aws/lambda/'),
      removeObjects(failed, 'aws/lambda/'),
      // Marks of attempts at an object that may end the process.
      writeObjects(control, 'attempts/replay/'),
      removeObjects(control, 'attempts/replay/'),
      // Records that were held for long go into hours that a sweep over silver may have settled.
      reopenHours(control),
      listObjects(control),
      ...(failedKey ? [useKey(failedKey, 's3', 'read')] : []),
    ],
  }).fn;
}
