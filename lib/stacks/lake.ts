import { CfnOutput, Duration } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { dataRemoval } from '../constructs/retention';
import { BaseStack, type BaseProps } from './base';
import type { KeysStack } from './keys';

/** The zones of the lake, each a bucket. */
export const ZONES = ['landing', 'bronze', 'silver', 'gold', 'quarantine', 'control'] as const;
/** One zone of the lake. */
export type Zone = (typeof ZONES)[number];

/** Zones whose new objects start something. */
const ANNOUNCING: readonly Zone[] = ['landing', 'silver', 'quarantine'];
/** Zones that are kept but seldom read again. */
const COOLING: readonly Zone[] = ['landing', 'bronze'];

/** The lake: one bucket a zone, versioned, encrypted, TLS only. */
export class LakeStack extends BaseStack {
  readonly buckets: Record<Zone, s3.Bucket>;

  constructor(scope: Construct, id: string, { config, keys }: BaseProps & { keys: KeysStack }) {
    super(scope, id, 'landing, bronze, silver, gold, quarantine, control', config, true);
    const key = keys.use(this, 'lake');
    const make = (zone: Zone): s3.Bucket => {
      const bucket = new s3.Bucket(this, `${zone[0]!.toUpperCase()}${zone.slice(1)}`, {
        encryption: s3.BucketEncryption.KMS,
        encryptionKey: key,
        bucketKeyEnabled: true,
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
            transitions:
              config.lake.coldAfterDays && COOLING.includes(zone)
                ? [
                    {
                      storageClass: s3.StorageClass.INFREQUENT_ACCESS,
                      transitionAfter: Duration.days(config.lake.coldAfterDays),
                    },
                  ]
                : undefined,
          },
        ],
      });
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
