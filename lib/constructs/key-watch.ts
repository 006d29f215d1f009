import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';
import { callDaily } from './daily';
import { CarelakeFunction, type CodeOf } from './function';
import { allow } from './grants';

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
    callDaily(this, {
      fn: this.fn,
      at: config.load.sweep,
      key,
      undelivered,
      roleDescription: 'Starts the daily look at the keys',
      description: 'Looks for keys and secrets that are about to be deleted',
    });
  }
}
