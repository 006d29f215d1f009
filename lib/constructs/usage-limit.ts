import { CustomResource, Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';
import { CarelakeFunction, type CodeOf } from './function';
import { allow } from './grants';

/** A monthly limit on the warehouse's compute, by a function of ours: CloudFormation has no type for it. The laptop states none. */
export function limitUsage(
  scope: Construct,
  props: { config: CarelakeConfig; code: CodeOf; logKey: kms.IKey; workgroupArn: string },
): void {
  const limit = props.config.warehouse.usageLimit;
  if (!limit) return;
  const { fn } = new CarelakeFunction(scope, 'UsageLimit', {
    name: 'usage-limit',
    config: props.config,
    code: props.code,
    logKey: props.logKey,
    description: 'Sets the monthly usage limit of the warehouse',
    memoryMb: 256,
    timeoutSeconds: 60,
    statements: [
      // Usage limits are no resources of their own in the service's authorization.
      allow(
        [
          'redshift-serverless:CreateUsageLimit',
          'redshift-serverless:UpdateUsageLimit',
          'redshift-serverless:DeleteUsageLimit',
          'redshift-serverless:ListUsageLimits',
        ],
        ['*'],
      ),
    ],
  });
  new CustomResource(scope, 'MonthlyUsageLimit', {
    resourceType: 'Custom::CarelakeUsageLimit',
    serviceToken: fn.functionArn,
    serviceTimeout: Duration.minutes(5),
    properties: {
      ResourceArn: props.workgroupArn,
      RpuHoursPerMonth: limit.rpuHoursPerMonth,
      BreachAction: limit.breachAction,
    },
  });
}
