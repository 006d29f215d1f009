import { existsSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { RealClock } from '@carelake/laptop/clock';
import { openWarehouse, warehouseFile } from '@carelake/laptop/engines/warehouse';
import { filesUnder } from '../../cli/lake-files';
import { textOf } from '../e2e/laptop';
import type { Random } from '../../synthetic/random';

/** What a power failure or a hand does to a folder that nobody serves. @returns whether there was anything to damage */
type Damage = (dataDir: string, random: Random) => boolean;

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function cut(path: string, bytes: number): void {
  truncateSync(path, Math.max(0, sizeOf(path) - bytes));
}

/** Small files of state that a start can do without, or names with their mend; what is known of objects is no part of them. */
const STATE = ['esm', 'executions', 'custom-resources', 'redshift-data'];
const ALONE = ['run.json', 'credentials.json', 'clock.json', 'endpoint.json', 'lock'];

export const DAMAGES = {
  'warehouse-tail': (dataDir, random) => {
    const log = `${warehouseFile(dataDir)}.wal`;
    if (sizeOf(log) === 0) return false;
    cut(log, random.between(1, Math.min(sizeOf(log), 20_000)));
    return true;
  },
  'warehouse-gone': (dataDir) => {
    if (!existsSync(warehouseFile(dataDir))) return false;
    for (const path of [warehouseFile(dataDir), `${warehouseFile(dataDir)}.wal`]) rmSync(path, { force: true });
    return true;
  },
  'warehouse-damaged': (dataDir) => {
    if (sizeOf(warehouseFile(dataDir)) === 0) return false;
    writeFileSync(warehouseFile(dataDir), Buffer.alloc(8192, 'garbage\0'), { flag: 'r+' });
    return true;
  },
  'stream-tail': (dataDir, random) => {
    const logs = [...filesUnder(join(dataDir, 'kinesis'), '.log')].filter((log) => sizeOf(log) > 0).sort();
    if (logs.length === 0) return false;
    cut(logs.at(-1)!, random.between(1, sizeOf(logs.at(-1)!)));
    return true;
  },
  'state-torn': (dataDir, random) => {
    const files = [
      ...STATE.flatMap((folder) => [...filesUnder(join(dataDir, folder), '')]),
      ...ALONE.map((name) => join(dataDir, name)).filter(existsSync),
    ].sort();
    if (files.length === 0) return false;
    const file = random.pick(files);
    truncateSync(file, random.below(sizeOf(file) + 1));
    return true;
  },
} satisfies Record<string, Damage>;

/** Losses that the platform cannot make good: they prove that a round can fail. */
export const LOSSES = {
  /** A row, once everything was compared by the last start. */
  row: {
    when: 'last',
    async lose(dataDir: string): Promise<void> {
      const table = 'core.dim_patient_history';
      await withWarehouse(dataDir, (ask) =>
        ask(`DELETE FROM ${table} WHERE patient_key = (SELECT min(patient_key) FROM ${table})`),
      );
    },
  },
  /** A silver object, before the last start. */
  object: {
    when: 'before the last start',
    async lose(dataDir: string): Promise<void> {
      const silver = readdirSync(join(dataDir, 's3')).find((bucket) => bucket.endsWith('-silver'))!;
      rmSync([...filesUnder(join(dataDir, 's3', silver), '.parquet')].sort()[0]!);
    },
  },
} as const;

export type Ask = (sql: string) => Promise<unknown[][]>;

/** Asks the warehouse of a folder that nobody serves. */
export async function withWarehouse<T>(dataDir: string, use: (ask: Ask) => Promise<T>): Promise<T> {
  const warehouse = await openWarehouse({ dataDir, s3: await openS3Store(dataDir, new RealClock()) });
  try {
    return await use(async (sql) => textOf((await warehouse.query(sql)).rows));
  } finally {
    await warehouse.close();
  }
}
