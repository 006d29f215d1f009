import { readOrNone } from '@carelake/laptop/endpoints/files';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openWarehouse, type Warehouse } from '@carelake/laptop/engines/warehouse';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import { isObjectWithdrawn } from '../../core/files/withdrawals';
import { receiptSubject } from '../../core/lake/names';
import { folderDecisions } from '../readings';
import type { LoadObject } from '../../core/load/plan';
import { digestOf } from '../../core/warehouse/migrations';
import { sha256Hex } from '../../core/records/hash';
import { readSql, readViews } from '../../core/warehouse/sql-files';
import { viewDigest } from '../../core/warehouse/views';
import type { Asked } from '../ask-again';
import { bucketFolder } from '../lake-files';
import { differenceOf, type Difference } from './difference';
import { compareTables } from './tables';
import { loadAll, migrateEmpty, SQL } from './load';
import { silverObjects } from './silver';

/** Where the warehouse of a folder and its lake lie. */
export interface WarehouseSources {
  readonly dataDir: string;
  readonly s3: S3Store;
  readonly buckets: Readonly<Record<string, string>>;
}

/** A row of the ledger: what the warehouse says of an object that it loaded. */
type Loaded = Readonly<Pick<LoadObject, 'object' | 'entity' | 'version' | 'rows'>> & { readonly isWithdrawn: boolean };

/**
 * Holds the warehouse to the lake: its own checks, the ledger against silver and receipts both ways, and every table and view against
 * those of a second warehouse that is made from the ledger's objects in silver.
 */
export async function checkWarehouse(at: WarehouseSources, warehouse: Asked, tell: (detail: string) => void) {
  tell('the checks of the warehouse');
  const own = await checkOwn(at, warehouse);
  const known = new Set((await ledger(warehouse)).flatMap((row) => (row.isWithdrawn ? [] : [row.object])));
  const objects = (await silverObjects(at.s3, at.buckets.silver!)).filter((o) => known.has(o.object));
  const tables = await withSecond(at, objects, tell, (second) => compareTables(warehouse, second));
  return [...own, ...tables];
}

/** All but the comparison with a second warehouse. */
export async function checkOwn(at: WarehouseSources, warehouse: Asked): Promise<Difference[]> {
  const silver = await silverObjects(at.s3, at.buckets.silver!);
  return [
    ...(await sqlChecks(warehouse)),
    ...(await checkRelease(warehouse)),
    ...(await checkLease(warehouse)),
    ...checkLedger(at, silver, await ledger(warehouse)),
  ];
}

const ledger = async (warehouse: Asked): Promise<Loaded[]> => {
  try {
    const { rows } = await warehouse.query(
      'SELECT object, entity, schema_version, row_count, is_withdrawn FROM ops.loaded_object',
    );
    return rows.map(([object, entity, version, n, isWithdrawn]) => ({
      object: String(object),
      entity: entity as Loaded['entity'],
      version: Number(version),
      rows: Number(n),
      isWithdrawn: isWithdrawn === true,
    }));
  } catch {
    return []; // the checks, which ask the same table, name it
  }
};

/** Between loads nobody holds the lease. */
async function checkLease(warehouse: Asked): Promise<Difference[]> {
  const rows = await warehouse.query('SELECT load_id FROM ops.load_lease WHERE load_id IS NOT NULL').then(
    (result) => result.rows.map(([loadId]) => `load ${String(loadId)}`),
    () => [], // a missing table is named by the comparison of the tables
  );
  return differenceOf('CHK-SQL-02', 'ops.load_lease', rows);
}

/** What ran and which views there are, by the warehouse's own record, against the files of this release. */
async function checkRelease(warehouse: Asked): Promise<Difference[]> {
  const compare = async (table: string, sql: string, release: Map<string, string>): Promise<Difference[]> => {
    const rows = await warehouse.query(sql).then((result) => result.rows, () => undefined); // prettier-ignore
    if (!rows) return differenceOf('CHK-TABLE-03', table, ['it is missing, or has different columns']);
    // A view's text is kept beside its digest.
    const digest = (sha256: unknown, text: unknown): string =>
      text === undefined || sha256Hex(String(text)) === sha256 ? String(sha256) : 'with a different text';
    const held = new Map(rows.map(([name, sha256, text]) => [String(name), digest(sha256, text)]));
    return [
      ...differenceOf('CHK-TABLE-01', table, [...release].filter(([name, sha256]) => held.get(name) !== sha256).map(([name]) => name)),
      ...differenceOf('CHK-TABLE-02', table, [...held].filter(([name, sha256]) => release.get(name) !== sha256).map(([name]) => name)),
    ]; // prettier-ignore
  };
  const files = new Map([...readSql(SQL, 'migrations')].map(([name, file]) => [name, digestOf(file)]));
  const views = new Map(readViews(SQL).map((view) => [view.name, viewDigest(view)]));
  const recorded = `SELECT name, sha256 FROM ops.migration WHERE name NOT LIKE 'release-%'`;
  return [
    ...(await compare('ops.migration', recorded, files)),
    ...(await compare('ops.view', 'SELECT view_name, sha256, definition FROM ops.view', views)),
  ];
}

/** Runs the files of sql/checks and sql/generated/checks: every row that one returns is a violation. */
async function sqlChecks(warehouse: Asked): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const [name, file] of [...readSql(SQL, 'checks'), ...readSql(SQL, 'generated/checks')])
    for (const sql of file.statements) {
      const rows = await warehouse.query(sql).then(
        (result) => result.rows.map((row) => row.slice(0, 2).map(String).join(' ')),
        () => ['it cannot be queried'],
      );
      found.push(...differenceOf('CHK-SQL-01', name, rows));
    }
  return found;
}

function checkLedger({ dataDir, s3, buckets }: WarehouseSources, silver: LoadObject[], loaded: Loaded[]): Difference[] {
  const inSilver = new Map(silver.map((o) => [o.object, o]));
  const inLedger = new Map(loaded.map((row) => [row.object, row]));
  const receipts = new Map<string, string>();
  let continuation: string | undefined;
  const refused = new Set<string>();
  do {
    const page = s3.list(buckets.control!, { prefix: '_ledger/', continuation });
    for (const { key } of page.objects) {
      const subject = receiptSubject(key);
      if (subject === undefined) continue;
      receipts.set(subject, key);
      if (isRefusal(s3, buckets.control!, key)) refused.add(subject);
    }
    continuation = page.next;
  } while (continuation !== undefined);
  const other = loaded.filter((row) => {
    const o = inSilver.get(row.object);
    return o !== undefined && (o.entity !== row.entity || o.version !== row.version || o.rows !== row.rows);
  });
  const pending = [...inSilver.keys()].filter((object) => !inLedger.has(object) && !refused.has(object));
  const decisions = folderDecisions(bucketFolder(dataDir, buckets.control!));
  const undecided = loaded.filter((row) => row.isWithdrawn !== isObjectWithdrawn(decisions, row.object));
  return [
    ...differenceOf('CHK-LEDGER-01', 'silver', pending),
    ...differenceOf('CHK-LEDGER-04', 'ops.loaded_object', undecided.map((row) => row.object)), // prettier-ignore
    ...differenceOf('CHK-LEDGER-03', 'ops.loaded_object', other.map((row) => row.object)), // prettier-ignore
    ...differenceOf('CHK-LEDGER-02', 'silver', [...inLedger.keys()].filter((object) => !inSilver.has(object))),
    ...differenceOf('CHK-RECEIPT-01', 'control', [...receipts.keys()].filter((object) => !inLedger.has(object) && !refused.has(object))),
    ...differenceOf('CHK-RECEIPT-02', 'control', [...inLedger.keys()].filter((object) => !receipts.has(object))),
  ]; // prettier-ignore
}

const isRefusal = (s3: S3Store, bucket: string, key: string): boolean =>
  readOrNone<{ status: string }>(s3.pathOf(bucket, key))?.status === 'refused';

/** Makes a second warehouse of these silver objects, in a folder of its own that goes when it was used. */
export async function withSecond<T>(
  at: WarehouseSources,
  objects: readonly LoadObject[],
  tell: (detail: string) => void,
  use: (second: Warehouse) => Promise<T>,
): Promise<T> {
  const folder = join(at.dataDir, 'check');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    const second = await openWarehouse({ dataDir: folder, s3: at.s3 });
    try {
      await migrateEmpty(second);
      await loadAll(second, at.s3, at.buckets, objects, tell);
      tell('the tables');
      return await use(second);
    } finally {
      await second.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
