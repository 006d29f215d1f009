import { Aws, TimeZone } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as schedulerTargets from 'aws-cdk-lib/aws-scheduler-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';
import { CarelakeFunction, type CodeOf } from './function';
import { allow, fixed, roleWith, useKey } from './grants';

/** Looks every day whether a key or a secret of the platform is disabled or scheduled for deletion. */
export class KeyWatch extends Construct {
  readonly fn: lambda.Function;

  constructor(
    scope: Construct,
    id: string,
    props: {
      config: CarelakeConfig;
      code: CodeOf;
      key: kms.IKey;
      keyArns: string[];
      secretArns: string[];
      undelivered: sqs.Queue;
    },
  ) {
    super(scope, id);
    const { config, key, keyArns, secretArns, undelivered } = props;
    this.fn = new CarelakeFunction(this, 'WatchKeys', {
      name: 'watch-keys',
      config,
      code: props.code,
      logKey: key,
      description: 'Counts keys and secrets that are disabled or scheduled for deletion',
      memoryMb: 256,
      timeoutSeconds: 60,
      environment: { KEY_ARNS: keyArns.join(' '), SECRET_ARNS: secretArns.join(' ') },
      statements: [allow(['kms:DescribeKey'], keyArns), allow(['secretsmanager:DescribeSecret'], secretArns)],
    }).fn;
    const role = roleWith(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
      description: 'Starts the daily look at the keys',
      statements: [
        allow(['lambda:InvokeFunction'], [this.fn.functionArn]),
        allow(['sqs:SendMessage'], [undelivered.queueArn]),
        useKey(key, 'sqs', 'readWrite'),
      ],
    });
    const { expression, timezone } = config.load.sweep;
    new scheduler.Schedule(this, 'Daily', {
      schedule: scheduler.ScheduleExpression.expression(`cron(${expression})`, TimeZone.of(timezone)),
      description: 'Looks for keys and secrets that are about to be deleted',
      target: new schedulerTargets.LambdaInvoke(this.fn, { role: fixed(role), deadLetterQueue: undelivered }),
    });
  }
}
