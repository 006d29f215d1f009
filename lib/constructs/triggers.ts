import { Aws, Duration, TimeZone } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as schedulerTargets from 'aws-cdk-lib/aws-scheduler-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { CarelakeConfig, LoadTrigger } from '../../config';
import { allow, fixed, roleWith, useKey } from './grants';

/** On the first of a month: what came into an hour that was settled, though nobody had said so, is found. */
const FULL_PASS = scheduler.ScheduleExpression.expression('cron(30 4 1 * ? *)', TimeZone.ETC_UTC);
/** What the load looks through (lambdas/select-load/look.ts). */
const windowOf = (window: 'open' | 'sweep' | 'full') => ({ window });

/** What starts the state machines: a landed file, a new silver object or the clock, and a daily sweep. */
export class Triggers extends Construct {
  /** Where a start that could not be delivered ends up; an alarm watches it. */
  readonly undelivered: sqs.Queue;

  constructor(
    scope: Construct,
    id: string,
    props: {
      config: CarelakeConfig;
      key: kms.IKey;
      landing: s3.IBucket;
      silver: s3.IBucket;
      files: sfn.StateMachine;
      loads: sfn.StateMachine;
      sweep: sfn.StateMachine;
    },
  ) {
    super(scope, id);
    this.undelivered = new sqs.Queue(this, 'Undelivered', {
      encryption: sqs.QueueEncryption.KMS,
      encryptionMasterKey: props.key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.onObject('FileLanded', props.landing, props.files, {
      bucket: events.EventField.fromPath('$.detail.bucket.name'),
      key: events.EventField.fromPath('$.detail.object.key'),
      etag: events.EventField.fromPath('$.detail.object.etag'),
      size: events.EventField.fromPath('$.detail.object.size'),
      version_id: events.EventField.fromPath('$.detail.object.version-id'),
    });
    const { trigger, sweep } = props.config.load;
    const clock = new Clock(this, 'Clock', {
      key: props.key,
      machines: [props.loads, props.sweep],
      undelivered: this.undelivered,
    });
    clock.add(
      'LandingSweep',
      props.sweep,
      cron(props.config.files.sweep),
      {},
      'Looks for landed objects that nobody read',
    );
    if (trigger.kind === 'onArrival') this.onObject('SilverArrived', props.silver, props.loads, { window: 'open' });
    else clock.add('Cadence', props.loads, scheduleOf(trigger), windowOf('open'), 'Loads what is pending');
    clock.add(
      'Sweep',
      props.loads,
      cron(sweep),
      windowOf('sweep'),
      'Looks for pending objects in silver that is not settled',
    );
    clock.add('FullPass', props.loads, FULL_PASS, windowOf('full'), 'Looks for pending objects in all of silver');
  }

  private onObject(id: string, bucket: s3.IBucket, machine: sfn.StateMachine, input: Record<string, unknown>): void {
    const rule = new events.Rule(this, id, {
      description: `Carelake: starts ${machine.node.scope?.node.id} for each new object`,
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [bucket.bucketName] } },
      },
    });
    const role = roleWith(this, `${id}Role`, {
      assumedBy: new iam.ServicePrincipal('events.amazonaws.com'),
      description: `Starts ${machine.node.scope?.node.id}`,
      statements: [allow(['states:StartExecution'], [machine.stateMachineArn])],
    });
    rule.addTarget(
      new targets.SfnStateMachine(machine, {
        role: fixed(role),
        input: events.RuleTargetInput.fromObject(input),
        deadLetterQueue: this.undelivered,
        maxEventAge: Duration.hours(24),
        retryAttempts: 185,
      }),
    );
  }
}

/** Schedules that start the load and the sweep over landing, all with one role. */
class Clock extends Construct {
  private readonly role: iam.IRole;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: { key: kms.IKey; machines: sfn.StateMachine[]; undelivered: sqs.Queue },
  ) {
    super(scope, id);
    this.role = fixed(
      roleWith(this, 'Role', {
        assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
          conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
        }),
        description: 'Starts loads and sweeps by the clock',
        statements: [
          allow(
            ['states:StartExecution'],
            props.machines.map((m) => m.stateMachineArn),
          ),
          allow(['sqs:SendMessage'], [props.undelivered.queueArn]),
          useKey(props.key, 'sqs', 'readWrite'),
        ],
      }),
    );
  }

  add(
    id: string,
    machine: sfn.StateMachine,
    schedule: scheduler.ScheduleExpression,
    input: Record<string, unknown>,
    description: string,
  ): void {
    new scheduler.Schedule(this, id, {
      schedule,
      description,
      target: new schedulerTargets.StepFunctionsStartExecution(machine, {
        role: this.role,
        input: scheduler.ScheduleTargetInput.fromObject(input),
        deadLetterQueue: this.props.undelivered,
      }),
    });
  }
}

const cron = (c: { expression: string; timezone: string }): scheduler.ScheduleExpression =>
  scheduler.ScheduleExpression.expression(`cron(${c.expression})`, TimeZone.of(c.timezone));

const scheduleOf = (trigger: Exclude<LoadTrigger, { kind: 'onArrival' }>): scheduler.ScheduleExpression =>
  trigger.kind === 'cron' ? cron(trigger) : scheduler.ScheduleExpression.rate(Duration.minutes(trigger.minutes));
