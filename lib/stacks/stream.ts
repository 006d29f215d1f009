import { CfnOutput, Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type { Construct } from 'constructs';
import { dataRemoval } from '../constructs/retention';
import { BaseStack, type BaseProps } from './base';
import type { KeysStack } from './keys';

/** The stream that producers put records to. */
export class StreamStack extends BaseStack {
  readonly stream: kinesis.Stream;

  constructor(scope: Construct, id: string, { config, keys }: BaseProps & { keys: KeysStack }) {
    super(scope, id, 'the stream of events', config, true);
    this.stream = new kinesis.Stream(this, 'Events', {
      streamMode: config.stream.mode === 'provisioned' ? kinesis.StreamMode.PROVISIONED : kinesis.StreamMode.ON_DEMAND,
      shardCount: config.stream.mode === 'provisioned' ? config.stream.shards : undefined,
      retentionPeriod: Duration.hours(config.stream.retentionHours),
      encryption: kinesis.StreamEncryption.KMS,
      encryptionKey: keys.use(this, 'stream'),
      removalPolicy: dataRemoval(config),
    });
    if (config.producers) this.allowProducers(config.producers);
    new CfnOutput(this, 'StreamName', { value: this.stream.streamName, description: 'Kinesis stream for producers' });
  }

  /** Roles of other systems put records, and learn of the shards what a producer library asks; the stream's key lets them encrypt. */
  private allowProducers(roles: readonly string[]): void {
    const document = new iam.PolicyDocument({
      statements: [
        new iam.PolicyStatement({
          sid: 'Producers',
          principals: roles.map((role) => new iam.ArnPrincipal(role)),
          actions: ['kinesis:PutRecord', 'kinesis:PutRecords', 'kinesis:DescribeStreamSummary', 'kinesis:ListShards'],
          resources: [this.stream.streamArn],
        }),
      ],
    });
    new kinesis.CfnResourcePolicy(this, 'Producers', {
      resourceArn: this.stream.streamArn,
      resourcePolicy: document,
    });
  }
}
