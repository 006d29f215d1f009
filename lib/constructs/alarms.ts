import { Duration } from 'aws-cdk-lib';
import * as budgets from 'aws-cdk-lib/aws-budgets';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Aws } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';
import { alarmsOf, type AlarmDefinition, type Measured } from './alarm-list';

/** What the alarms look at, and the bucket of batches that were given up. */
export interface Watched extends Measured {
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
    for (const definition of alarmsOf(this.config, w)) this.alarm(definition);
    const limit = this.config.alarms.warehouseRpuHoursPerDay;
    if (limit) this.warehouseAlarm(limit);
    this.onGivenUpBatch(w.failed, w.undelivered);
  }

  /** Metric name and unit as Redshift Serverless publishes them: seconds of RPU, by workgroup. */
  private warehouseAlarm(rpuHoursPerDay: number): void {
    this.alarm({
      id: 'WarehouseCompute',
      metric: new cloudwatch.Metric({
        namespace: 'AWS/Redshift-Serverless',
        metricName: 'ComputeSeconds',
        dimensionsMap: { Workgroup: `carelake-${this.config.env}` },
        statistic: 'sum',
        period: Duration.days(1),
      }),
      threshold: rpuHoursPerDay * 3600,
      description: 'The warehouse uses more compute a day than planned',
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
          `A batch was given up and is in ${events.EventField.fromPath('$.detail.object.key')}`,
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

  private alarm({ id, metric, threshold, description, periods = 1, datapoints, missing }: AlarmDefinition): void {
    new cloudwatch.Alarm(this, id, {
      metric,
      threshold,
      alarmDescription: description,
      evaluationPeriods: periods,
      datapointsToAlarm: datapoints,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: missing ?? cloudwatch.TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(new actions.SnsAction(this.topic));
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
