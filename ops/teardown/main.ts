import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import { rmSync } from 'node:fs';
import { Command } from 'commander';
import { loadConfig } from '../../config';
import { readTemplates, synthesize } from '../assembly';
import { contextValue } from '../context';
import { allowEmptying, emptyBucket } from './empty';

/** Buckets that the deployed stacks hold, by their names in the account; a stack that is not deployed has none. */
async function bucketsOf(stacks: readonly string[]): Promise<string[]> {
  const cloudFormation = new CloudFormationClient({});
  const found: string[] = [];
  for (const StackName of stacks) {
    try {
      const { StackResources = [] } = await cloudFormation.send(new DescribeStackResourcesCommand({ StackName }));
      const buckets = StackResources.filter(
        (r) => r.ResourceType === 'AWS::S3::Bucket' && r.ResourceStatus !== 'DELETE_COMPLETE',
      );
      found.push(...buckets.map((r) => r.PhysicalResourceId!));
    } catch (error) {
      if ((error as Error).name !== 'ValidationError') throw error;
    }
  }
  return found;
}

async function main(): Promise<void> {
  const command = new Command('empty-buckets')
    .description(
      'Removes every version of every object in every bucket of an environment, so that cdk destroy can remove the buckets.',
    )
    .requiredOption('-c, --context <key=value>', 'the environment, as for cdk: -c env=dev')
    .option('--confirm <name>', 'carelake-ENV, typed in full')
    .parse();
  const options = command.opts<{ context: string; confirm?: string }>();
  const config = loadConfig(contextValue(options.context, 'env'));
  allowEmptying(config, options.confirm);
  const assembly = synthesize(config.env);
  try {
    // Emulators are reached by an address, where a bucket's name cannot be part of the host.
    const s3 = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL !== undefined });
    for (const bucket of await bucketsOf(readTemplates(assembly).map(({ stack }) => stack))) {
      const { versions, markers } = await emptyBucket(s3, bucket);
      console.log(`${bucket}: ${versions} versions and ${markers} delete markers removed`);
    }
  } finally {
    rmSync(assembly, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(`empty-buckets: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
