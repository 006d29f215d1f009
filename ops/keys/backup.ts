import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';

/** The value of a secret, or undefined where it has none yet. It stays in memory: no file, no argument, no output. */
async function valueOf(client: SecretsManagerClient, id: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetSecretValueCommand({ SecretId: id }))).SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/**
 * Copies the value of one secret into another, and reads it back.
 * @param replace lets another value give way: for a restore, where a new deployment has made up one of its own
 * @throws Error when there is nothing to copy, when another value would be lost, or when the copy reads differently
 */
export async function copySecret(
  client: SecretsManagerClient,
  from: string,
  to: string,
  { replace = false }: { replace?: boolean } = {},
): Promise<'copied' | 'equal already'> {
  const value = await valueOf(client, from);
  if (!value) throw new Error(`${from} has no value to copy`);
  const present = await valueOf(client, to);
  if (present === value) return 'equal already';
  if (present !== undefined && !replace)
    throw new Error(
      `${to} holds another value, which was left as it is: if the key secret was lost and this is its backup, restore it with --restore`,
    );
  await client.send(new PutSecretValueCommand({ SecretId: to, SecretString: value }));
  if ((await valueOf(client, to)) !== value) throw new Error(`${to} does not read back as written: run this again`);
  return 'copied';
}
