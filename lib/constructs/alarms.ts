import { Duration } from 'aws-cdk-lib';
import * as budgets from 'aws-cdk-lib/aws-budgets';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Aws } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';

/** What the alarms look at. */
export interface Watched {
  readonly stream: kinesis.Stream;
  readonly ingestStream: lambda.Function;
  readonly files: sfn.StateMachine;
  readonly loads: sfn.StateMachine;
  readonly undelivered: sqs.Queue;
  readonly failed: s3.IBucket;
}

/** The topic that people subscribe to, and everything that speaks to it. */
export class Alarms extends Construct {
  readonly topic: sns.Topic;
  private readonly config: CarelakeConfig;

  constructor(scope: Construct, id: string, props: { config: CarelakeConfig; key: kms.IKey }) {
    super(scope, id);
    this.config = props.config;
    this.topic = new sns.Topic(this, 'Topic', { masterKey: props.key, enforceSSL: true });
    const mayPublish = (sid: string, services: string[], conditions?: Record<string, unknown>): unknown =>
      this.topic.addToResourcePolicy(
        new iam.PolicyStatement({
          sid,
          principals: services.map((s) => new iam.ServicePrincipal(`${s}.amazonaws.com`)),
          actions: ['sns:Publish'],
          resources: [this.topic.topicArn],
          conditions,
        }),
      );
    mayPublish('ServicesOfThisAccount', ['cloudwatch', 'budgets'], {
      StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
    });
    // EventBridge takes no condition in the policy of a topic.
    mayPublish('Events', ['events']);
    for (const email of props.config.alarms.emails)
      this.topic.addSubscription(new subscriptions.EmailSubscription(email));
    if (props.config.budget) this.addBudget(props.config.budget.monthlyUsd);
  }

  /** Everything that has to reach a person. */
  watch(w: Watched): void {
    const minutes = Duration.minutes;
    this.alarm('StreamAge', {
      metric: w.ingestStream.metric('IteratorAge', { statistic: 'max', period: minutes(5) }),
      threshold: this.config.stream.retentionHours * 3_600_000 * 0.25,
      description:
        'Records wait for a quarter of the time the stream keeps them: ingest does not keep up or stands still',
    });
    this.alarm('IngestErrors', {
      metric: w.ingestStream.metricErrors({ statistic: 'sum', period: minutes(15) }),
      threshold: 3,
      description: 'ingest-stream fails; bad data is quarantined, so this is infrastructure or our fault',
    });
    this.alarm('StreamThrottled', {
      metric: w.stream.metric('WriteProvisionedThroughputExceeded', { statistic: 'sum', period: minutes(15) }),
      threshold: 1,
      description: 'Producers are throttled: too few shards, or a partition key that is too hot',
    });
    this.alarm('FileFailed', {
      metric: w.files.metricFailed({ statistic: 'sum', period: minutes(15) }),
      threshold: 1,
      description: 'A landed file could not be ingested',
    });
    this.alarm('LoadFailed', {
      metric: w.loads.metricFailed({ statistic: 'sum', period: minutes(15) }),
      threshold: 1,
      description: 'A load into the warehouse failed',
    });
    this.alarm('LoadTimedOut', {
      metric: w.loads.metricTimedOut({ statistic: 'sum', period: minutes(15) }),
      threshold: 1,
      description: 'A load did not end in its time: the warehouse is busy, off, or over its usage limit',
    });
    this.alarm('StartUndelivered', {
      metric: w.undelivered.metricApproximateNumberOfMessagesVisible({ statistic: 'max', period: minutes(15) }),
      threshold: 1,
      description: 'A file or a schedule could not start its state machine; the start lies in the queue',
    });
    const limit = this.config.alarms.warehouseRpuHoursPerDay;
    if (limit) this.warehouseAlarm(limit);
    this.onGivenUpBatch(w.failed, w.undelivered);
  }

  /** Metric name and unit as Redshift Serverless publishes them: seconds of RPU, by workgroup. */
  private warehouseAlarm(rpuHoursPerDay: number): void {
    this.alarm('WarehouseCompute', {
      metric: new cloudwatch.Metric({
        namespace: 'AWS/Redshift-Serverless',
        metricName: 'ComputeSeconds',
        dimensionsMap: { Workgroup: `carelake-${this.config.env}` },
        statistic: 'sum',
        period: Duration.days(1),
      }),
      threshold: rpuHoursPerDay * 3600,
      description: 'The warehouse computes more a day than planned',
    });
  }

  /** Lambda writes a batch that it gave up on under this prefix; the message carries the object's name and nothing of its content. */
  private onGivenUpBatch(failed: s3.IBucket, undelivered: sqs.Queue): void {
    const rule = new events.Rule(this, 'BatchGivenUp', {
      description: 'Carelake: a batch of the stream was given up when its records were too old to hold',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [failed.bucketName] }, object: { key: [{ prefix: 'aws/lambda/' }] } },
      },
    });
    // Bound by hand: the library's target would add to the policy of a key in another stack.
    rule.addTarget({
      bind: () => ({
        id: 'Topic',
        arn: this.topic.topicArn,
        deadLetterConfig: { arn: undelivered.queueArn },
        input: events.RuleTargetInput.fromText(
          `A batch was given up and lies in ${events.EventField.fromPath('$.detail.object.key')}`,
        ),
      }),
    });
    undelivered.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'NoticeOfGivenUpBatch',
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [undelivered.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': rule.ruleArn } },
      }),
    );
  }

  private alarm(
    id: string,
    props: { metric: cloudwatch.IMetric; threshold: number; description: string },
  ): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, id, {
      metric: props.metric,
      threshold: props.threshold,
      alarmDescription: props.description,
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new actions.SnsAction(this.topic));
    return alarm;
  }

  /** Of the whole account, since a filter by tag sees nothing until somebody activates the tag for billing. */
  private addBudget(monthlyUsd: number): void {
    const budget = new budgets.CfnBudget(this, 'Budget', {
      budget: { budgetType: 'COST', timeUnit: 'MONTHLY', budgetLimit: { amount: monthlyUsd, unit: 'USD' } },
      notificationsWithSubscribers: [
        { type: 'ACTUAL', at: 80 },
        { type: 'FORECASTED', at: 100 },
      ].map(({ type, at }) => ({
        notification: {
          notificationType: type,
          comparisonOperator: 'GREATER_THAN',
          threshold: at,
          thresholdType: 'PERCENTAGE',
        },
        subscribers: [{ subscriptionType: 'SNS', address: this.topic.topicArn }],
      })),
    });
    // Budgets tests at its creation whether it may publish.
    budget.node.addDependency(this.topic.node.findChild('Policy'));
  }
}
