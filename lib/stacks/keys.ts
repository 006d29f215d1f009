import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { dataRemoval } from '../constructs/retention';
import { BaseStack, type BaseProps } from './base';

/** Classes of data that may have a key of their own. */
export const KEY_CLASSES = ['lake', 'stream', 'warehouse', 'platform'] as const;
/** One class of data. */
export type KeyClass = (typeof KEY_CLASSES)[number];

/** Customer managed keys, and the secret from which every durable key of a person, visit or place is derived. */
export class KeysStack extends BaseStack {
  readonly keySecret: secrets.Secret;
  /** The secret of the durable keys, and its backup where there is one. */
  readonly secretArns: string[];
  private readonly keys: Record<KeyClass, kms.Key>;
  private readonly failed?: kms.Key;

  constructor(scope: Construct, id: string, { config }: BaseProps) {
    super(scope, id, 'encryption keys and the secret of the durable keys', config, true);
    const make = (name: string, what: string): kms.Key =>
      new kms.Key(this, name, {
        description: `Carelake ${config.env}: ${what}`,
        enableKeyRotation: true,
        rotationPeriod: Duration.days(config.keys.rotationDays),
        removalPolicy: dataRemoval(config),
        pendingWindow: Duration.days(30),
      });
    if (config.keys.scheme === 'one') {
      const key = make('Key', 'all data');
      this.keys = { lake: key, stream: key, warehouse: key, platform: key };
    } else {
      this.keys = {
        lake: make('LakeKey', 'lake'),
        stream: make('StreamKey', 'stream'),
        warehouse: make('WarehouseKey', 'warehouse'),
        platform: make('PlatformKey', 'logs, secrets and notifications'),
      };
      this.failed = make('FailedKey', 'batches of the stream that were given up');
    }
    allowServices(this.keys.platform);
    if (config.producers) allowProducers(this.keys.stream, config.producers);

    this.keySecret = new secrets.Secret(this, 'DurableKeySecret', {
      description: 'HMAC secret of the durable keys. It never rotates: another value would rename every patient.',
      encryptionKey: kms.Key.fromKeyArn(this, 'SecretKey', this.keys.platform.keyArn),
      // Editing anything below makes CloudFormation generate another value; the stateful inventory refuses it.
      generateSecretString: {
        secretStringTemplate: '{"key_version":1}',
        generateStringKey: 'secret',
        passwordLength: 64,
        excludePunctuation: true,
        includeSpace: false,
      },
      removalPolicy: config.allowRemoval ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    this.secretArns = [
      this.keySecret.secretArn,
      ...(config.production ? [this.addBackup(`Carelake ${config.env}`)] : []),
    ];
  }

  /** Empty until `npm run key-backup` copies the value into it; under another key, so that the loss of one key does not lose both. */
  private addBackup(of: string): string {
    const backup = new secrets.CfnSecret(this, 'DurableKeyBackup', {
      description: `${of}: copy of the secret of the durable keys; kept whatever becomes of the stack`,
      kmsKeyId: this.keys.lake.keyArn,
    });
    backup.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    return backup.ref;
  }

  /**
   * The key of a class, for use in another stack. It is imported by ARN so that no construct of that stack can change the key's policy,
   * which would tie the stacks into a circle.
   */
  use(scope: Construct, keyClass: KeyClass): kms.IKey {
    const id = `${keyClass[0]!.toUpperCase()}${keyClass.slice(1)}KeyRef`;
    const known = scope.node.tryFindChild(id) as kms.IKey | undefined;
    return known ?? kms.Key.fromKeyArn(scope, id, this.keys[keyClass].keyArn);
  }

  /** ARN of every key, each once. */
  get arns(): string[] {
    return [...new Set([...Object.values(this.keys), ...(this.failed ? [this.failed] : [])])].map((key) => key.keyArn);
  }

  /**
   * The key of batches that were given up, or undefined where all data has one key: S3 then encrypts them under its own,
   * since a batch is given up when the lake cannot be written, and its key may be the reason.
   */
  useFailed(scope: Construct): kms.IKey | undefined {
    const known = scope.node.tryFindChild('FailedKeyRef') as kms.IKey | undefined;
    return known ?? (this.failed && kms.Key.fromKeyArn(scope, 'FailedKeyRef', this.failed.keyArn));
  }
}

/** Services that act in their own name on logs and notifications, each held to this account. Everything else goes by the callers' own policies. */
function allowServices(key: kms.Key): void {
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'LogGroupsOfThisAccount',
      principals: [new iam.ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)],
      actions: [
        'kms:Encrypt',
        'kms:Decrypt',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
        'kms:GenerateDataKey',
        'kms:DescribeKey',
      ],
      resources: ['*'],
      conditions: {
        ArnLike: {
          'kms:EncryptionContext:aws:logs:arn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:*`,
        },
      },
    }),
  );
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      // Without a condition: EventBridge sends neither aws:SourceAccount nor aws:SourceArn when it writes to an encrypted topic or
      // dead-letter queue, and with one every message would be refused unseen. Policies of topic and queue say who may send.
      sid: 'AlarmsAndEvents',
      principals: ['cloudwatch', 'events'].map((s) => new iam.ServicePrincipal(`${s}.amazonaws.com`)),
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
    }),
  );
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'BudgetsOfThisAccount',
      principals: [new iam.ServicePrincipal('budgets.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  );
  // What state machines hand over to their log is encrypted in between, with the log's ARN for a context.
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'LogDeliveryOfStateMachines',
      principals: [new iam.ServicePrincipal('delivery.logs.amazonaws.com')],
      actions: ['kms:Decrypt'],
      resources: ['*'],
      conditions: {
        StringLike: {
          'kms:EncryptionContext:SourceArn': `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:*`,
        },
      },
    }),
  );
}

/** Roles outside encrypt what they put into the stream, and only through Kinesis. Whoever puts a record decrypts none. */
function allowProducers(key: kms.Key, roles: readonly string[]): void {
  key.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'Producers',
      principals: roles.map((role) => new iam.ArnPrincipal(role)),
      actions: ['kms:GenerateDataKey'],
      resources: ['*'],
      conditions: { StringEquals: { 'kms:ViaService': `kinesis.${Aws.REGION}.amazonaws.com` } },
    }),
  );
}
