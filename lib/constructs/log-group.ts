import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { CarelakeConfig } from '../../config';
import { dataRemoval } from './retention';

/** A log group with the environment's retention and key. A name is given only where a service dictates it. */
export const encryptedLogGroup = (
  scope: Construct,
  id: string,
  props: { config: CarelakeConfig; key: kms.IKey; logGroupName?: string },
): logs.LogGroup =>
  new logs.LogGroup(scope, id, {
    logGroupName: props.logGroupName,
    retention: props.config.logs.retentionDays as logs.RetentionDays,
    encryptionKey: props.key,
    removalPolicy: dataRemoval(props.config),
  });
