import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { LakeStack } from '../stacks/lake';
import { allow, readObjects, useKey, writeObjects } from './grants';

/**
 * What every function needs that makes silver and quarantine of records: write both once, lay down the fingerprint of the keys, and read
 * the secret of the durable keys.
 */
export function ingestStatements(of: {
  lake: LakeStack;
  keySecret: secretsmanager.ISecret;
  lakeKey: kms.IKey;
  platformKey: kms.IKey;
}): iam.PolicyStatement[] {
  const { silver, quarantine, control } = of.lake.buckets;
  return [
    readObjects(silver),
    writeObjects(silver),
    readObjects(quarantine),
    writeObjects(quarantine),
    readObjects(control, '_key/'),
    writeObjects(control, '_key/'),
    useKey(of.lakeKey, 's3', 'readWrite'),
    allow(['secretsmanager:GetSecretValue'], [of.keySecret.secretArn]),
    useKey(of.platformKey, 'secretsmanager', 'read'),
  ];
}
