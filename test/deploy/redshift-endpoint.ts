import { mkdirSync } from 'node:fs';
import { RealClock } from '@carelake/laptop/clock';
import { createDoors } from '@carelake/laptop/endpoints/server';
import { ACCOUNT, REGION } from './emulator';

/** The platform's own Data API over an empty warehouse, for the migration that a deployment runs. */
export async function startRedshiftDoor(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  mkdirSync(folder, { recursive: true });
  const doors = await createDoors({ dataDir: folder, clock: new RealClock(), region: REGION, account: ACCOUNT });
  const { url } = await doors.listen(0);
  return { url, stop: () => doors.close() };
}
