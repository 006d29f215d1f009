import { join } from 'node:path';
import { ENTITY_NAMES, type EntityName } from '../../contracts';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import type { Warehouse } from '@carelake/laptop/engines/warehouse';
import { FINGERPRINT_KEY } from '../../core/lake/names';
import { writeObjectList } from '../../core/lake/parquet';
import { readLoadSql } from '../../core/load/load-sql';
import { copyGroups, loadIdOf, loadNames, manifest, type LoadObject, type LoadPlan } from '../../core/load/plan';
import { packSteps, stepOf } from '../../core/load/statements';
import { applyStep } from '../../core/load/steps';
import { viewTransactions } from '../../core/warehouse/view-plan';
import { readSql, readViews } from '../../core/warehouse/sql-files';

export const SQL = join(__dirname, '../../sql');
/** Bucket of the lists and manifests of loads that nobody else carries; removed when they are done. */
const SCRATCH = 'carelake-check';
/** Objects of one load. */
const OBJECTS = 2000;

/** Tables and views of this release in an empty warehouse. */
export async function migrateEmpty(warehouse: Warehouse): Promise<void> {
  for (const file of readSql(SQL, 'migrations').values()) await warehouse.run(file.statements);
  const views = { views: readViews(SQL), installed: [], grantsOn: () => [], lock: 'LOCK TABLE ops.load_lock' };
  for (const sqls of viewTransactions(views)) await warehouse.run(sqls);
}

/** Loads silver objects by the statements of the load function, transaction by transaction; leaves no receipt. */
export async function loadAll(
  warehouse: Warehouse,
  s3: S3Store,
  buckets: Readonly<Record<string, string>>,
  objects: readonly LoadObject[],
  tell: (detail: string) => void,
): Promise<void> {
  const stored = JSON.parse((await s3.get(buckets.control!, FINGERPRINT_KEY)).toString('utf8')) as {
    fingerprint: string;
  };
  const sorted = [...objects].sort((a, b) => (a.object < b.object ? -1 : 1));
  const brought = new Set(objects.map((o) => o.entity));
  const absent = new Set(ENTITY_NAMES.filter((entity) => !brought.has(entity)));
  removeScratch(s3);
  s3.createBucket(SCRATCH);
  try {
    for (let at = 0; at < sorted.length; at += OBJECTS) {
      tell(`${at} of ${sorted.length} silver objects`);
      await loadOnce(warehouse, s3, buckets.silver!, sorted.slice(at, at + OBJECTS), stored.fingerprint, absent);
    }
  } finally {
    removeScratch(s3);
  }
}

async function loadOnce(
  warehouse: Warehouse,
  s3: S3Store,
  silverBucket: string,
  objects: readonly LoadObject[],
  fingerprint: string,
  /** No load has rows of these: to restate them, a load into this warehouse would only plan for nothing. */
  absent: ReadonlySet<EntityName>,
): Promise<void> {
  const sql = readLoadSql(SQL);
  const plan: LoadPlan = {
    load_id: loadIdOf(objects),
    revision: 0,
    stale: 0,
    complete: false,
    key_fingerprint: fingerprint,
    objects,
    steps: packSteps(sql, objects, [], undefined, absent),
  };
  const names = loadNames(plan.load_id);
  await s3.put(SCRATCH, names.objects, writeObjectList(objects));
  for (const { entity, version } of copyGroups(objects)) {
    const members = objects.filter((o) => o.entity === entity && o.version === version);
    await s3.put(SCRATCH, names.manifest(entity, version), manifest(silverBucket, members));
  }
  for (const step of plan.steps.keys()) {
    const { sqls, parameters } = stepOf(sql, plan, applyStep(step), SCRATCH);
    await warehouse.run(sqls, { parameters });
  }
}

function removeScratch(s3: S3Store): void {
  if (!s3.hasBucket(SCRATCH)) return;
  for (let page = s3.list(SCRATCH); page.objects.length > 0; page = s3.list(SCRATCH))
    for (const { key } of page.objects) s3.delete(SCRATCH, key);
  s3.deleteBucket(SCRATCH);
}
