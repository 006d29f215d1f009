import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { CarelakeConfig } from '../../config';
import type { LambdaName } from './bundle';
import { metricNamespace } from './function';

/** What the alarms look at. */
export interface Measured {
  readonly stream: kinesis.Stream;
  readonly ingestStream: lambda.Function;
  /** Functions that must not be throttled. */
  readonly functions: readonly lambda.Function[];
  readonly watchKeys: lambda.Function;
  readonly check: lambda.Function;
  readonly files: sfn.StateMachine;
  readonly loads: sfn.StateMachine;
  /** State machines that look for what the others left: the sweep over landing, and the replay of given-up batches. */
  readonly sweeps: readonly sfn.StateMachine[];
  readonly undelivered: sqs.Queue;
}

/** One alarm: raised at `threshold` and above, in one period, in `periods` in a row, or in `datapoints` of them. */
export interface AlarmDefinition {
  readonly id: string;
  readonly description: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  readonly periods?: number;
  readonly datapoints?: number;
  /** What the absence of values means; without it all is well. */
  readonly missing?: cloudwatch.TreatMissingData;
}

const QUARTER = Duration.minutes(15);
/** Minutes that records may wait beyond the window in which a batch is gathered. */
const LATE_MINUTES = 30;

/** A metric that functions publish under the name of their service. */
const own = (config: CarelakeConfig, service: LambdaName | 'platform', metricName: string, period = QUARTER) =>
  new cloudwatch.Metric({
    namespace: metricNamespace(config),
    metricName,
    dimensionsMap: { service },
    statistic: 'sum',
    period,
  });

/** Sum of several metrics of one period; what has no value counts as nothing. */
function sumOf(metrics: readonly cloudwatch.IMetric[], period = QUARTER): cloudwatch.MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, i) => [`m${i}`, metric]));
  return new cloudwatch.MathExpression({
    expression: `SUM([${Object.keys(usingMetrics).join(', ')}])`,
    usingMetrics,
    period,
  });
}

/**
 * One where something came in and nothing came out since, of periods in a row. A period with output is zero. One without either says what the
 * one before said: what came in last is still to come out, and it is a full period old when two agree.
 */
function stuck(came: string, went: string, usingMetrics: Record<string, cloudwatch.IMetric>, period: Duration) {
  const expression = `FILL(IF(FILL(${went}, 0) > 0, 0, IF(${came} > 0, 1, 0)), REPEAT)`;
  return {
    metric: new cloudwatch.MathExpression({ expression, usingMetrics, period }),
    threshold: 1,
    periods: 2,
    missing: cloudwatch.TreatMissingData.IGNORE,
  };
}

/** Quarters of an hour: the longest that an alarm on them may look back, and how long records may be on their way. */
const DAY = 96;
const SIX_HOURS = 24;
/** Part of a day's records that may be missing before it is told. */
const BAND = 0.01;

/**
 * What came into the stream within a day against what ingest received, summed up quarter by quarter. A record is received within minutes, so
 * that those of the quarter in question may still be missing; a loss goes on missing. It is a band and no equation: Kinesis publishes its
 * counts as well as it can; a batch that is delivered again after it was counted, when its answer was lost, is received twice; and the first
 * quarters receive what came before them. What is missing beyond one quarter and one per cent, for six hours, is lost or stands still.
 * Records that were throttled never came in, and do not count.
 */
function missing(config: CarelakeConfig, m: Measured): AlarmDefinition {
  return {
    id: 'RecordsMissing',
    metric: new cloudwatch.MathExpression({
      expression: `${1 - BAND} * RUNNING_SUM(FILL(incoming, 0)) - FILL(incoming, 0) - RUNNING_SUM(FILL(received, 0))`,
      usingMetrics: {
        incoming: m.stream.metric('IncomingRecords', { statistic: 'sum', period: QUARTER }),
        received: own(config, 'ingest-stream', 'Received'),
      },
      period: QUARTER,
    }),
    threshold: 1,
    periods: DAY,
    datapoints: SIX_HOURS,
    description: 'More than 1 % of a day of the stream was not received for six hours: lost, or held',
  };
}

/** Alarms that every environment has. */
function always(config: CarelakeConfig, m: Measured): AlarmDefinition[] {
  const half = Duration.minutes(config.alarms.loadOverdueHours * 30);
  return [
    {
      id: 'StreamAge',
      metric: m.ingestStream.metric('IteratorAge', { statistic: 'max', period: Duration.minutes(5) }),
      threshold: (LATE_MINUTES * 60 + config.ingest.windowSeconds) * 1000,
      description: 'Records wait half an hour longer than the batching window: ingest is too slow or has stopped',
    },
    {
      id: 'StreamStandsStill',
      ...stuck(
        'incoming',
        'invocations',
        {
          incoming: m.stream.metric('IncomingRecords', { statistic: 'sum', period: QUARTER }),
          invocations: m.ingestStream.metricInvocations({ statistic: 'sum', period: QUARTER }),
        },
        QUARTER,
      ),
      description: 'Records arrived in the stream and nothing read them: the mapping is disabled or lacks permission',
    },
    {
      id: 'GivenUpUndelivered',
      metric: m.ingestStream.metric('DestinationDeliveryFailures', { statistic: 'sum', period: QUARTER }),
      threshold: 1,
      description:
        'A batch that was given up could not be written to the on-failure bucket: it is lost with the stream',
    },
    {
      id: 'StartUndelivered',
      metric: m.undelivered.metricApproximateNumberOfMessagesVisible({ statistic: 'max', period: QUARTER }),
      threshold: 1,
      description: 'A file, a schedule or a notice could not be delivered; it is in the queue',
    },
    {
      id: 'LoadOverdue',
      ...stuck(
        'SUM([streamed, filed])',
        'loaded',
        {
          streamed: own(config, 'ingest-stream', 'Accepted', half),
          filed: own(config, 'ingest-file', 'Accepted', half),
          loaded: own(config, 'load', 'LoadedObjects', half),
        },
        half,
      ),
      description: `Data arrived and no load was committed for ${config.alarms.loadOverdueHours / 2} hours or more`,
    },
  ];
}

/** One alarm for each kind of fault. */
function each(config: CarelakeConfig, m: Measured): AlarmDefinition[] {
  const sum = { statistic: 'sum', period: QUARTER };
  const fault = (id: string, service: LambdaName, metric: string, description: string): AlarmDefinition => ({
    id,
    metric: own(config, service, metric),
    threshold: 1,
    description,
  });
  const counts = (service: LambdaName, metric: string) => own(config, service, metric, Duration.hours(1));
  return [
    missing(config, m),
    {
      id: 'IngestErrors',
      metric: m.ingestStream.metricErrors(sum),
      threshold: 3,
      description:
        'ingest-stream fails; bad data is quarantined, so this is a fault of the infrastructure or of the platform',
    },
    {
      id: 'BatchesNotWritten',
      metric: own(config, 'ingest-stream', 'BatchesNotWritten'),
      threshold: 3,
      description:
        'Batches of the stream cannot be written to the lake and are held: the stream keeps them for a while',
    },
    {
      id: 'FunctionsThrottled',
      metric: sumOf(m.functions.map((fn) => fn.metricThrottles(sum))),
      threshold: 10,
      description: 'Functions are throttled: the concurrency of the account is used up',
    },
    {
      id: 'StreamThrottled',
      metric: m.stream.metric('WriteProvisionedThroughputExceeded', sum),
      threshold: 1,
      description: 'Producers are throttled: too few shards, or a hot partition key',
    },
    {
      id: 'QuarantineShare',
      metric: new cloudwatch.MathExpression({
        expression: `IF(SUM([r1, r2]) >= 50, SUM([FILL(q1, 0), FILL(q2, 0)]) / SUM([r1, r2]), 0)`,
        usingMetrics: {
          r1: counts('ingest-stream', 'Received'),
          r2: counts('ingest-file', 'Received'),
          q1: counts('ingest-stream', 'Quarantined'),
          q2: counts('ingest-file', 'Quarantined'),
        },
        period: Duration.hours(1),
      }),
      threshold: config.alarms.quarantineShare,
      description: `At least ${Math.round(config.alarms.quarantineShare * 100)} % of the records of an hour were quarantined: a source has changed`,
    },
    {
      id: 'FileFailed',
      metric: sumOf(
        [m.files, ...m.sweeps].flatMap((machine) => [machine.metricFailed(sum), machine.metricTimedOut(sum)]),
      ),
      threshold: 1,
      description: 'A landed file could not be ingested, or the sweep over landing, a backfill or a replay failed',
    },
    fault(
      'FileRefused',
      'ingest-file',
      'RefusedFiles',
      'A landed file does not match its profile and was refused as a whole',
    ),
    fault(
      'LandedUnread',
      'sweep-landing',
      'UnreadLanded',
      'The daily sweep found landed files that nothing had read, and started them',
    ),
    {
      id: 'LoadFailed',
      metric: m.loads.metricFailed(sum),
      threshold: 1,
      description: 'A load into the warehouse failed',
    },
    {
      id: 'LoadTimedOut',
      metric: m.loads.metricTimedOut(sum),
      threshold: 1,
      description: 'A load did not finish in time: the warehouse is busy, off, or over its usage limit',
    },
    fault(
      'ObjectRefused',
      'load',
      'RefusedObjects',
      'COPY refused a silver object: its rows are missing from the warehouse',
    ),
    fault('ObjectUnreadable', 'select-load', 'UnreadableObjects', 'Silver holds objects whose names no load can read'),
    {
      id: 'CheckFailed',
      metric: sumOf(
        [
          own(config, 'check', 'CheckFailed', Duration.days(1)),
          m.check.metricErrors({ statistic: 'sum', period: Duration.days(1) }),
        ],
        Duration.days(1),
      ),
      threshold: 1,
      description: 'The daily check found that warehouse, silver and receipts disagree, or could not run',
    },
    {
      id: 'KeysEndangered',
      metric: sumOf(
        [
          own(config, 'watch-keys', 'EndangeredKeys', Duration.days(1)),
          m.watchKeys.metricErrors({ statistic: 'sum', period: Duration.days(1) }),
        ],
        Duration.days(1),
      ),
      threshold: 1,
      description: 'A key or a secret is disabled or scheduled for deletion, or could not be checked',
    },
  ];
}

/**
 * The same in few: what ends an execution, and one metric of all other faults. Each metric is billed, so that some are heard of in another way: a file
 * whose execution timed out is found unread by the sweep, and the functions of sweeps and replays count their own failures among the faults.
 */
function folded(config: CarelakeConfig, m: Measured): AlarmDefinition[] {
  const sum = { statistic: 'sum', period: QUARTER };
  return [
    {
      id: 'ExecutionFailed',
      metric: sumOf([m.files.metricFailed(sum), m.loads.metricFailed(sum), m.loads.metricTimedOut(sum)]),
      threshold: 1,
      description: 'A landed file could not be ingested, or a load failed or did not finish in time',
    },
    {
      id: 'Faults',
      metric: own(config, 'platform', 'Faults'),
      threshold: 1,
      description:
        'Something was refused, held, unreadable, mostly quarantined, about to be deleted or inconsistent; the logs of the functions name it',
    },
  ];
}

/** Every alarm of an environment but the warehouse's use. */
export const alarmsOf = (config: CarelakeConfig, m: Measured): AlarmDefinition[] => [
  ...always(config, m),
  ...(config.alarms.scheme === 'each' ? each(config, m) : folded(config, m)),
];
