import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Command } from 'commander';
import { loadConfig } from '../../config';
import { contextValue } from '../context';
import { copySecret } from './backup';

/** ARN of a secret of the keys stack, by the beginning of its logical id. */
async function secretOf(stack: string, id: string): Promise<string> {
  const { StackResources = [] } = await new CloudFormationClient({}).send(
    new DescribeStackResourcesCommand({ StackName: stack }),
  );
  const found = StackResources.find((r) => r.LogicalResourceId?.startsWith(id))?.PhysicalResourceId;
  if (!found)
    throw new Error(`${stack} has no ${id}: only production environments have a backup, once they are deployed`);
  return found;
}

async function main(): Promise<void> {
  const command = new Command('key-backup')
    .description(
      'Copies the secret of the durable keys into its backup, within the account and without writing it anywhere.',
    )
    .requiredOption('-c, --context <key=value>', 'the environment, as for cdk: -c env=prod')
    .option('--restore', 'copy the backup into the key secret instead, over the value that a new deployment made up')
    .parse();
  const options = command.opts<{ context: string; restore?: boolean }>();
  const { env } = loadConfig(contextValue(options.context, 'env'));
  const stack = `carelake-${env}-keys`;
  const [key, backup] = [await secretOf(stack, 'DurableKeySecret'), await secretOf(stack, 'DurableKeyBackup')];
  const client = new SecretsManagerClient({});
  const done = options.restore
    ? await copySecret(client, backup, key, { replace: true })
    : await copySecret(client, key, backup);
  console.log(`${options.restore ? 'key secret from backup' : 'backup of the key secret'}: ${done}`);
}

main().catch((error: unknown) => {
  console.error(`key-backup: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
