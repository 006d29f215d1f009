import { RealClock } from '../local/clock';
import { createDoors } from '../local/doors/server';
import type { Warehouse } from '../local/engines/warehouse';
import { bootPlatform, type Platform } from '../local/runtime';
import type { Ask } from './answers';
import type { ZoneFolders } from './conservation';
import { CliError, EXIT } from './errors';
import type { Names } from './folder';
import { bucketFolder } from './lake-files';
import type { QueryResult } from './sql';

/** Region and account that the laptop's templates resolve to. */
export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';

/** Boots the assembly and tells the port's owner apart from other failures. */
export async function boot(options: {
  assemblyDir: string;
  dataDir: string;
  port: number;
  keySecretFile?: string;
  onProgress?: (detail: string) => void;
}): Promise<Platform> {
  try {
    return await bootPlatform(options);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || /EADDRINUSE|port \d+ is (taken|in use)/i.test(message)) {
      throw new CliError('the port is in use by another program', {
        where: `127.0.0.1:${options.port}`,
        next: 'npm start -- --port 0 (any free port), or --port N',
        exitCode: EXIT.busy,
      });
    }
    throw error;
  }
}

/** Asks the warehouse of a booted or opened laptop: rows by column name. */
export function asker(warehouse: Warehouse): Ask {
  return async (sql) => {
    const { columns, rows } = await warehouse.query(sql);
    return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column.name, row[i]])));
  };
}

/** Folders of the zones that conservation counts. */
export function zonesOf(dataDir: string, names: Names): ZoneFolders {
  const folder = (zone: string) => bucketFolder(dataDir, names.buckets[zone]!);
  return {
    bronze: folder('bronze'),
    silver: folder('silver'),
    quarantine: folder('quarantine'),
    control: folder('control'),
  };
}

/** Runs one statement on the folder itself, which nobody may be serving. */
export async function queryFolder(dataDir: string, names: Names, sql: string): Promise<QueryResult> {
  const doors = await createDoors({
    dataDir,
    clock: new RealClock(),
    region: names.region,
    account: names.account,
    workgroups: [names.workgroup],
    database: names.database,
  });
  try {
    const { columns, rows } = await doors.warehouse.query(sql);
    return {
      columns: columns.map((column) => column.name),
      rows: rows.map((row) => row.map((cell) => (typeof cell === 'bigint' ? String(cell) : cell))),
    };
  } finally {
    await doors.close();
  }
}
