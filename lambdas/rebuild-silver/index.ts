import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { environment } from '../shared/errors';
import { guarded, makeLogger } from '../shared/log';
import { keyringOnce } from '../shared/keyring';
import { faultIfFails } from '../shared/metrics';
import { rebuildSilver, type RebuildEvent, type RebuildResult } from './rebuild';

const logger = makeLogger();
const s3 = new S3Client({});
const secrets = new SecretsManagerClient({});
const keyring = keyringOnce(() => ({
  s3,
  secrets,
  secretArn: environment('KEY_SECRET_ARN'),
  controlBucket: environment('CONTROL_BUCKET'),
}));

/** Regenerates silver and quarantine from the records in bronze of a range of days. */
export const handler = guarded<RebuildEvent, RebuildResult>(
  logger,
  faultIfFails(async (event, context) => {
    const result = await rebuildSilver(
      {
        s3,
        keys: await keyring(),
        bronze: environment('BRONZE_BUCKET'),
        silver: environment('SILVER_BUCKET'),
        quarantine: environment('QUARANTINE_BUCKET'),
        now: Date.now,
        remainingMs: () => context.getRemainingTimeInMillis(),
      },
      event,
    );
    logger.info('silver rebuilt', { rebuilt: result.rebuilt, ...result.bronze });
    return result;
  }),
);
