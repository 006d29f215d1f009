import { PermissionsBoundary, Stack, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';

/** What every stack takes. */
export interface BaseProps {
  readonly config: CarelakeConfig;
}

/**
 * A stack of one environment. Its construct id is the same in every environment, so that construct paths and logical ids compare across them;
 * its CloudFormation name carries the environment.
 */
export class BaseStack extends Stack {
  constructor(scope: Construct, id: string, description: string, config: CarelakeConfig, stateful: boolean) {
    super(scope, id, {
      stackName: `carelake-${config.env}-${id.toLowerCase()}`,
      description: `Carelake ${config.env}: ${description}`,
      permissionsBoundary: config.permissionsBoundary
        ? PermissionsBoundary.fromName(config.permissionsBoundary)
        : undefined,
      terminationProtection: stateful && !config.allowRemoval,
    });
    for (const [key, value] of Object.entries(config.tags ?? {})) Tags.of(this).add(key, value);
    Tags.of(this).add('carelake:environment', config.env);
    Tags.of(this).add('carelake:stack', id.toLowerCase());
  }
}
