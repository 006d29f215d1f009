import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { environment, showError } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { faultCounter, faultIfFails, makeMetrics } from '../shared/metrics';

const logger = makeLogger();
const metrics = makeMetrics();
const kms = new KMSClient({});
const secrets = new SecretsManagerClient({});

/** What was looked at, and what of it is disabled or about to be deleted. */
export interface KeyReport {
  keys: number;
  secrets: number;
  endangered: string[];
}

const listed = (variable: string): string[] => environment(variable).split(' ').filter(Boolean);

const keyState = async (KeyId: string): Promise<string> =>
  (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState ?? 'unknown';

const secretState = async (SecretId: string): Promise<string> =>
  (await secrets.send(new DescribeSecretCommand({ SecretId }))).DeletedDate ? 'PendingDeletion' : 'Enabled';

/** One that cannot be looked at may be gone: it counts as endangered, and the others are looked at all the same. */
async function stateOf(arn: string, look: () => Promise<string>): Promise<{ arn: string; state: string }> {
  try {
    return { arn, state: await look() };
  } catch (error) {
    return { arn, state: showError(error).name };
  }
}

/**
 * Looks once a day at the keys and secrets of the platform: a deletion waits for days, in which it can be taken back, and after which the
 * data is gone for good. KMS publishes no event for it.
 */
export const handler = guarded<unknown, KeyReport>(
  logger,
  faultIfFails(async () => {
    const keys = await Promise.all(listed('KEY_ARNS').map((arn) => stateOf(arn, () => keyState(arn))));
    const kept = await Promise.all(listed('SECRET_ARNS').map((arn) => stateOf(arn, () => secretState(arn))));
    const endangered = [...keys, ...kept].filter(({ state }) => state !== 'Enabled');
    for (const { arn, state } of endangered) logger.error('key or secret is not safe', { arn, state });
    faultCounter(metrics)('EndangeredKeys', endangered.length);
    return { keys: keys.length, secrets: kept.length, endangered: endangered.map(({ arn }) => arn) };
  }),
);
