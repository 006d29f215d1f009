import { Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

/**
 * Statements of least privilege. They are written out, and not left to the grant methods of the library, since those
 * grant whole buckets, wildcards of actions, and keys without the service through which they may be used.
 */

/** Objects under the given prefixes; no prefix means the whole bucket. */
const under = (bucket: IBucket, prefixes: string[]): string[] =>
  (prefixes.length ? prefixes : ['']).map((p) => bucket.arnForObjects(`${p}*`));

/** Reads objects under the prefixes, metadata included. */
export const readObjects = (bucket: IBucket, ...prefixes: string[]): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: under(bucket, prefixes) });

/** Reads every version of every object of a bucket that keeps versions. */
export const readVersions = (bucket: IBucket): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions: ['s3:GetObject', 's3:GetObjectVersion'], resources: under(bucket, []) });

/** Writes objects under the prefixes. */
export const writeObjects = (bucket: IBucket, ...prefixes: string[]): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions: ['s3:PutObject'], resources: under(bucket, prefixes) });

/** Removes objects under the prefixes; where the bucket keeps versions, the last one stays for a while. */
export const removeObjects = (bucket: IBucket, ...prefixes: string[]): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions: ['s3:DeleteObject'], resources: under(bucket, prefixes) });

/**
 * Lists a bucket. It also makes S3 answer 404, and not 403, for an object that is not there; a condition on the prefix would undo that,
 * since reading an object states none.
 */
export const listObjects = (bucket: IBucket): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] });

/** Lists every version of every object of a bucket that keeps versions. */
export const listVersions = (bucket: IBucket): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions: ['s3:ListBucketVersions'], resources: [bucket.bucketArn] });

/** Asks S3 to fetch objects of a bucket from an archive. */
export const restoreObjects = (bucket: IBucket): iam.PolicyStatement =>
  new iam.PolicyStatement({ actions: ['s3:RestoreObject'], resources: under(bucket, []) });

/** Says in control that hours of silver are not settled any more (core/load/settled.ts). */
export const reopenHours = (control: IBucket): iam.PolicyStatement =>
  new iam.PolicyStatement({
    actions: ['s3:GetObject', 's3:PutObject'],
    resources: [control.arnForObjects('loads/_reopened.json')],
  });

/** Uses of a key, by what the caller does with the data behind it. */
const KEY_ACTIONS = {
  read: ['kms:Decrypt'],
  write: ['kms:GenerateDataKey'],
  readWrite: ['kms:Decrypt', 'kms:GenerateDataKey'],
} as const;

/** Use of a key through one service only, so that a role can never decrypt by hand what it may read as an object. */
export const useKey = (
  key: IKey,
  service: 's3' | 'kinesis' | 'secretsmanager' | 'sqs',
  use: keyof typeof KEY_ACTIONS,
): iam.PolicyStatement =>
  new iam.PolicyStatement({
    actions: [...KEY_ACTIONS[use]],
    resources: [key.keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `${service}.${Aws.REGION}.amazonaws.com` } },
  });

/**
 * Use of the key that encrypts a state machine, by the machine's own role. The role exists before the machine, so that its name is not
 * known here; the context holds the key to histories of this account's machines, and to what goes from there to a log.
 */
export const useKeyOfMachine = (key: IKey): iam.PolicyStatement[] => {
  const here = `${Aws.REGION}:${Aws.ACCOUNT_ID}`;
  const context = (name: string, arn: string) => ({
    StringLike: { [`kms:EncryptionContext:${name}`]: `arn:${Aws.PARTITION}:${arn}` },
  });
  return [
    allow(
      [...KEY_ACTIONS.readWrite],
      [key.keyArn],
      context('aws:states:stateMachineArn', `states:${here}:stateMachine:*`),
    ),
    allow([...KEY_ACTIONS.write], [key.keyArn], context('SourceArn', `logs:${here}:*`)),
  ];
};

/** Plain statement. */
export const allow = (
  actions: string[],
  resources: string[],
  conditions?: Record<string, unknown>,
): iam.PolicyStatement => new iam.PolicyStatement({ actions, resources, conditions });

/** Asks after the caller's own statements: describing and reading results know no resources, and are held to who ran them. */
const ownStatements = () =>
  allow(['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'], ['*'], {
    StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' },
  });

/** Runs statements through the Redshift Data API on one workgroup. */
export const redshiftData = (workgroupArn: string): iam.PolicyStatement[] => [
  allow(['redshift-data:ExecuteStatement', 'redshift-data:BatchExecuteStatement'], [workgroupArn]),
  ownStatements(),
];

/** Runs transactions of questions alone. */
export const redshiftQuestions = (workgroupArn: string): iam.PolicyStatement[] => [
  allow(['redshift-data:BatchExecuteStatement'], [workgroupArn]),
  ownStatements(),
];

/**
 * A role with exactly these statements. They stand in a managed policy that exists before the role does: whatever takes
 * the role finds its rights in place, and a library construct that is handed the role cannot add to it.
 */
export function roleWith(
  scope: Construct,
  id: string,
  props: { assumedBy: iam.IPrincipal; statements: iam.PolicyStatement[]; description: string },
): iam.Role {
  const policy = new iam.ManagedPolicy(scope, `${id}Policy`, {
    statements: props.statements,
    description: props.description,
  });
  return new iam.Role(scope, id, {
    assumedBy: props.assumedBy,
    managedPolicies: [policy],
    description: props.description,
  });
}

/** The same role, closed against additions by library constructs. */
export const fixed = (role: iam.Role): iam.IRole => role.withoutPolicyUpdates();
