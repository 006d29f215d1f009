import { mkdirSync } from 'node:fs';
import { RealClock } from '@carelake/laptop/clock';
import { createEndpoints } from '@carelake/laptop/endpoints/server';
import { ACCOUNT, REGION } from './emulator';

/** The platform's own Data API over an empty warehouse, for the migration that a deployment runs. */
export async function startRedshiftEndpoint(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  mkdirSync(folder, { recursive: true });
  const endpoints = await createEndpoints({
    dataDir: folder,
    clock: new RealClock(),
    region: REGION,
    account: ACCOUNT,
    user: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { url } = await endpoints.listen(0);
  return { url, stop: () => endpoints.close() };
}
