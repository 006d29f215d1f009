import { CfnOutput, Duration, Tags } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { dataRemoval } from '../constructs/retention';
import { BaseStack, type BaseProps } from './base';
import type { KeysStack } from './keys';

/** The zones of the lake, each a bucket. */
export const ZONES = ['landing', 'bronze', 'silver', 'gold', 'quarantine', 'control', 'failed'] as const;
/** One zone of the lake. */
export type Zone = (typeof ZONES)[number];

/** Zones whose new objects start something. */
const ANNOUNCING: readonly Zone[] = ['landing', 'silver', 'failed'];
/** Zones whose objects are removed when they are done with. */
const PASSING: readonly Zone[] = ['control', 'failed'];
/** Days after which a mark of an attempt at a record is forgotten: longer than any stream keeps the record. */
const ATTEMPT_DAYS = 400;
/** Zones that are kept but seldom read again. */
const COOLING: readonly Zone[] = ['landing', 'bronze'];

/** Moves of what is kept but seldom read. */
function transitionsOf({ lake }: BaseProps['config']): s3.Transition[] | undefined {
  const moves: s3.Transition[] = [];
  if (lake.coldAfterDays)
    moves.push({
      storageClass: s3.StorageClass.INFREQUENT_ACCESS,
      transitionAfter: Duration.days(lake.coldAfterDays),
    });
  if (lake.archive)
    moves.push({
      storageClass: new s3.StorageClass(lake.archive.storageClass),
      transitionAfter: Duration.days(lake.archive.afterDays),
    });
  return moves.length ? moves : undefined;
}

/** The lake: one bucket a zone, versioned, encrypted, TLS only. */
export class LakeStack extends BaseStack {
  readonly buckets: Record<Zone, s3.Bucket>;

  constructor(scope: Construct, id: string, { config, keys }: BaseProps & { keys: KeysStack }) {
    super(scope, id, 'landing, bronze, silver, gold, quarantine, control, failed', config, true);
    const key = keys.use(this, 'lake');
    const encryption = (zone: Zone) => {
      const of = zone === 'failed' ? keys.useFailed(this) : key;
      return of
        ? { encryption: s3.BucketEncryption.KMS, encryptionKey: of, bucketKeyEnabled: true }
        : { encryption: s3.BucketEncryption.S3_MANAGED };
    };
    const make = (zone: Zone): s3.Bucket => {
      const bucket = new s3.Bucket(this, `${zone[0]!.toUpperCase()}${zone.slice(1)}`, {
        ...encryption(zone),
        blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
        objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforceSSL: true,
        minimumTLSVersion: 1.2,
        versioned: true,
        removalPolicy: dataRemoval(config),
        lifecycleRules: [
          {
            abortIncompleteMultipartUploadAfter: Duration.days(3),
            noncurrentVersionExpiration: Duration.days(config.lake.noncurrentDays),
            transitions: COOLING.includes(zone) ? transitionsOf(config) : undefined,
          },
          // What is removed leaves a marker, which goes once the version under it is gone.
          ...(PASSING.includes(zone) ? [{ expiredObjectDeleteMarker: true }] : []),
          ...(zone === 'control' ? [{ prefix: 'attempts/', expiration: Duration.days(ATTEMPT_DAYS) }] : []),
        ],
      });
      // A bucket that stays after its stack keeps the policy that lets nobody in without TLS.
      bucket.policy!.applyRemovalPolicy(dataRemoval(config));
      // Read by the rule on encryption (guard/rules), which lets these alone lie under S3's own key.
      if (zone === 'failed') Tags.of(bucket).add('carelake:holds', 'given-up-batches');
      if (ANNOUNCING.includes(zone)) {
        // The construct's own switch would bring a custom resource written in Python.
        (bucket.node.defaultChild as s3.CfnBucket).notificationConfiguration = {
          eventBridgeConfiguration: { eventBridgeEnabled: true },
        };
      }
      new CfnOutput(this, `${zone[0]!.toUpperCase()}${zone.slice(1)}BucketName`, {
        value: bucket.bucketName,
        description: `Bucket of the ${zone} zone`,
      });
      return bucket;
    };
    this.buckets = Object.fromEntries(ZONES.map((zone) => [zone, make(zone)])) as Record<Zone, s3.Bucket>;
  }
}
