import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RealClock } from '@carelake/laptop/clock';
import { DiskFull, noteFull } from '@carelake/laptop/disk';
import { FolderRefused } from '@carelake/laptop/data-folder';
import { DamagedState } from '@carelake/laptop/endpoints/files';
import { createEndpoints } from '@carelake/laptop/endpoints/server';
import type { AlarmState, AlarmStatus } from '@carelake/laptop/engines/alarms';
import { hasRows } from '@carelake/laptop/engines/statement-list';
import { StatementError, type Warehouse, warehouseFile } from '@carelake/laptop/engines/warehouse';
import { FolderInUse } from '@carelake/laptop/lock';
import { bootPlatform, PLACE, type BootOptions, type Platform } from '@carelake/laptop/runtime';
import type { Ask } from './ask';
import { askingAgain } from './ask-again';
import type { ZoneFolders } from './conservation';
import { CliError, EXIT } from './errors';
import { asCliError } from './failures';
import type { Names, Served } from './folder';
import { again, ofFolder } from './hints';
import { bucketFolder } from './lake-files';
import { textOf } from './output';
import type { QueryResult } from './sql';

export { StatementError };

/** Boots the assembly and tells the port's owner apart from other failures. */
export async function boot(options: BootOptions): Promise<Platform> {
  try {
    return await bootPlatform(options);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || /port \d+ .*in use/.test(message)) {
      throw new CliError('the port is in use by another program', {
        where: `127.0.0.1:${options.port}`,
        next: `${again('--port', '0')} (any free port)`,
        exitCode: EXIT.busy,
      });
    }
    if (error instanceof FolderInUse) {
      throw new CliError('this data folder is already being served', {
        where: `${error.dataDir}, by process ${error.pid}`,
        next: 'use it (sql, push, env), stop it with Ctrl-C, or start another with --data DIR --port 0',
        exitCode: EXIT.busy,
      });
    }
    if (/key secret|secret of/i.test(message) && options.keySecretFile !== undefined) {
      throw new CliError(message, {
        where: options.keySecretFile,
        next: 'give the secret that the folder was made with, or another folder: --data DIR',
      });
    }
    if (
      error instanceof FolderRefused ||
      error instanceof DamagedState ||
      error instanceof DiskFull ||
      code !== undefined
    )
      throw asCliError(error);
    // The engine's own words, where it opens its file.
    if (/no space left on device|disk quota exceeded/i.test(message))
      throw asCliError(noteFull(warehouseFile(options.dataDir)));
    const log = join(options.dataDir, 'logs', 'platform.log');
    throw new CliError(message, {
      where: options.dataDir,
      lines: existsSync(log) ? [`log: ${log}`] : [],
      next: `${again()}; if it still fails: carelake wipe ${ofFolder(options.dataDir)}`,
      exitCode: EXIT.failed,
    });
  }
}

/** The line that tells of an alarm that is raised or over; undefined for changes that are no news, such as first data. */
export function alarmLine({ name, description, state }: AlarmStatus, was?: AlarmState): string | undefined {
  if (state === 'ALARM') return `ALARM ${name}: ${description}`;
  return was === 'ALARM' ? `cleared: alarm ${name}` : undefined;
}

/** The names that people need, from the outputs of the stacks. */
export function namesOf(platform: Platform): Names {
  const outputs = Object.assign({}, ...Object.values(platform.outputs)) as Record<string, unknown>;
  const output = (name: string): string => {
    if (typeof outputs[name] !== 'string')
      throw new CliError(`no stack has the output ${name}`, { where: 'lib/stacks', exitCode: EXIT.failed });
    return outputs[name];
  };
  const buckets = Object.keys(outputs).flatMap((name) => /^([A-Z]\w+)BucketName$/.exec(name)?.[1] ?? []);
  return {
    stream: output('StreamName'),
    buckets: Object.fromEntries(buckets.map((zone) => [zone.toLowerCase(), output(`${zone}BucketName`)])),
    workgroup: output('WorkgroupName'),
    database: output('DatabaseName'),
    loadMachine: output('LoadMachineArn'),
    replayMachine: output('ReplayFailedMachineArn'),
    sweepMachine: output('SweepMachineArn'),
    filesMachine: output('IngestFileMachineArn'),
    rebuildMachine: output('RebuildMachineArn'),
    ...PLACE,
  };
}

/** How clients reach a platform that this process booted. */
export function servedHere({ url, page, endpoints }: Platform): Served {
  return { url, page, credentials: endpoints.callers.user };
}

/** Asks the warehouse of a booted or opened laptop: rows by column name. */
export function asker(warehouse: Warehouse, dataDir: string): Ask {
  return async (sql) => {
    const { columns, rows } = await askingAgain(warehouse)
      .query(sql)
      .catch((error: Error) => {
        throw new CliError('the warehouse failed a query of the platform itself', {
          where: warehouseFile(dataDir),
          lines: error.message.split('\n').slice(0, 3),
          next: 'a table or view is missing or was changed; to rebuild the warehouse from silver: carelake rebuild',
          exitCode: EXIT.failed,
        });
      });
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
    // A folder that an earlier release made has none until it is served again.
    failed: bucketFolder(dataDir, names.buckets.failed ?? 'none'),
  };
}

/**
 * Runs statements on the folder itself, which nobody may be serving: several as one transaction.
 * @param maxQuerySeconds what one of them may take
 */
export async function runOnFolder(
  dataDir: string,
  names: Names,
  sqls: readonly string[],
  maxQuerySeconds?: number,
): Promise<QueryResult[]> {
  const endpoints = await createEndpoints({
    dataDir,
    clock: new RealClock(),
    region: names.region,
    account: names.account,
    workgroups: [names.workgroup],
    database: names.database,
    maxQuerySeconds,
  });
  try {
    return (await endpoints.warehouse.run(sqls)).map(({ columns, rows }, i) =>
      hasRows(sqls[i]!)
        ? {
            columns: columns.map((column) => column.name),
            rows: textOf(rows),
          }
        : { columns: [], rows: [] },
    );
  } finally {
    await endpoints.close();
  }
}

/** The same of one statement, for as long as it takes. */
export const queryFolder = async (dataDir: string, names: Names, sql: string): Promise<QueryResult> =>
  (await runOnFolder(dataDir, names, [sql]))[0]!;
