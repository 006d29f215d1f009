import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DamagedState } from '../endpoints/files';
import { warehouseFile } from './warehouse';

/** A warehouse that is gone or unreadable. All it held lies in silver too, which is what it is made of. */
export const damagedWarehouse = (dataDir: string): DamagedState =>
  new DamagedState(
    warehouseFile(dataDir),
    'the warehouse',
    'carelake rebuild: it makes the warehouse again from what lies in silver, and loses nothing',
  );

/**
 * Refuses to start on a folder whose warehouse was deleted: its tables are remembered as made, so an empty one would stay without them.
 * @throws DamagedState
 */
export function refuseLostWarehouse(dataDir: string): void {
  const applied = join(dataDir, 'custom-resources');
  if (!existsSync(applied) || readdirSync(applied).length === 0) return;
  if ((statSync(warehouseFile(dataDir), { throwIfNoEntry: false })?.size ?? 0) === 0) throw damagedWarehouse(dataDir);
}
