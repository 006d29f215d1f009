import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Tags } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';
import type { LambdaName } from './bundle';
import { allow, fixed, roleWith } from './grants';
import { encryptedLogGroup } from './log-group';

/** Where the code of a function comes from: the bundle when synthesizing, a line of text in tests. */
export type CodeOf = (name: LambdaName) => lambda.Code;

/** What one function of the platform is made of. */
export interface CarelakeFunctionProps {
  readonly name: LambdaName;
  readonly config: CarelakeConfig;
  readonly code: CodeOf;
  readonly logKey: kms.IKey;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment?: Record<string, string>;
  /** Concurrency that nothing else in the account can use up; absent: what the account has left. */
  readonly reservedConcurrency?: number;
  /** Everything the function may do, besides writing its own log. */
  readonly statements: iam.PolicyStatement[];
  /** Roles in the warehouse that the function's IAM identity stands for. */
  readonly databaseRoles?: string[];
}

/** Redshift reads the tags of the caller's role with the caller's own rights; without them it gives no database role. */
const readTags = () => allow(['tag:GetResources', 'tag:GetTagKeys'], ['*']);

/** Namespace of the functions' metrics; environments in one account do not count each other's. */
export const metricNamespace = (config: CarelakeConfig): string => `Carelake/${config.env}`;

/** One function with its own role, its own encrypted log, and nothing shared. */
export class CarelakeFunction extends Construct {
  readonly fn: lambda.Function;

  constructor(scope: Construct, id: string, props: CarelakeFunctionProps) {
    super(scope, id);
    const logGroup = encryptedLogGroup(this, 'Logs', { config: props.config, key: props.logKey });
    const role = roleWith(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `Carelake ${props.name}`,
      statements: [
        ...props.statements,
        ...(props.databaseRoles?.length ? [readTags()] : []),
        allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]),
      ],
    });
    // Redshift maps a caller to database roles by this tag, so that the identity in the database is the identity in the account.
    if (props.databaseRoles?.length) Tags.of(role).add('RedshiftDbRoles', props.databaseRoles.join(':'));
    this.fn = new lambda.Function(this, 'Function', {
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'index.handler',
      code: props.code(props.name),
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      reservedConcurrentExecutions: props.reservedConcurrency,
      role: fixed(role),
      logGroup,
      environment: {
        CARELAKE_ENV: props.config.env,
        LOG_LEVEL: props.config.logs.level,
        POWERTOOLS_SERVICE_NAME: props.name,
        POWERTOOLS_METRICS_NAMESPACE: metricNamespace(props.config),
        ...props.environment,
      },
    });
  }
}
