import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DamagedState } from '../endpoints/files';
import { warehouseFile } from './warehouse';
import { startWarehouse } from './warehouse-process';

/** A warehouse that is gone or unreadable. All it held lies in silver too, which is what it is made of. */
const damagedWarehouse = (dataDir: string): DamagedState =>
  new DamagedState(
    warehouseFile(dataDir),
    'the warehouse',
    'carelake rebuild: it rebuilds the warehouse from silver, and loses nothing',
  );

/** The engine's words for a file that it cannot read as a database. */
const DAMAGED =
  /not a valid DuckDB database|could not read enough bytes|serialization error|corrupt|checksum|INTERNAL Error/i;

/** Whether tables are remembered as made in it. */
function isMade(dataDir: string): boolean {
  const applied = join(dataDir, 'custom-resources');
  return existsSync(applied) && readdirSync(applied).length > 0;
}

/**
 * Opens the warehouse, or says that its file is damaged: the engine's words name no way on. A file that a full disk or a kill cut short while
 * it was being made holds nothing yet, and is made again.
 * @throws DamagedState
 */
export async function openOrTell(options: Parameters<typeof startWarehouse>[0]): ReturnType<typeof startWarehouse> {
  const { dataDir } = options;
  return startWarehouse(options).catch((error: Error) => {
    if (!DAMAGED.test(error.message)) throw error;
    if (isMade(dataDir)) throw damagedWarehouse(dataDir);
    const file = warehouseFile(dataDir);
    for (const part of [file, `${file}.wal`]) rmSync(part, { force: true });
    return startWarehouse(options);
  });
}

/**
 * Refuses to start on a folder whose warehouse was deleted: its tables are remembered as made, so an empty one would stay without them.
 * @throws DamagedState
 */
export function refuseLostWarehouse(dataDir: string): void {
  if (!isMade(dataDir)) return;
  if ((statSync(warehouseFile(dataDir), { throwIfNoEntry: false })?.size ?? 0) === 0) throw damagedWarehouse(dataDir);
}
