import { Aws, TimeZone } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as schedulerTargets from 'aws-cdk-lib/aws-scheduler-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { allow, fixed, roleWith, useKey } from './grants';

/** Calls a function by the clock; what cannot be delivered lies in the queue. */
export function callDaily(
  scope: Construct,
  props: {
    fn: lambda.IFunction;
    at: { expression: string; timezone: string };
    key: kms.IKey;
    undelivered: sqs.Queue;
    roleDescription: string;
    description: string;
  },
): void {
  const { fn, at, key, undelivered } = props;
  const role = roleWith(scope, 'Role', {
    assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
    description: props.roleDescription,
    statements: [
      allow(['lambda:InvokeFunction'], [fn.functionArn]),
      allow(['sqs:SendMessage'], [undelivered.queueArn]),
      useKey(key, 'sqs', 'readWrite'),
    ],
  });
  new scheduler.Schedule(scope, 'Daily', {
    schedule: scheduler.ScheduleExpression.expression(`cron(${at.expression})`, TimeZone.of(at.timezone)),
    description: props.description,
    target: new schedulerTargets.LambdaInvoke(fn, { role: fixed(role), deadLetterQueue: undelivered }),
  });
}
