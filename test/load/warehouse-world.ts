import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { planBatch } from '../../core/ingest';
import { Keyring } from '../../core/records/keys';
import { readLoadSql } from '../../core/load/load-sql';
import type { LoadContext } from '../../lambdas/load/context';
import { migrate, type Migrated } from '../../lambdas/migrate/apply';
import type { SelectContext } from '../../lambdas/select-load/select';
import { fingerprintBody } from '../../lambdas/shared/keyring';
import { RealClock } from '@carelake/laptop/clock';
import { createEndpoints, type Endpoints } from '@carelake/laptop/endpoints/server';
import { generate } from '../../synthetic';
import { SQL_DIR } from './setup';

const keys = Keyring.fromSecret(JSON.stringify({ key_version: 1, secret: 'a secret of at least sixteen bytes' }));
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The real SQL on the local engine behind the real protocols. */
export interface World {
  readonly dataDir: string;
  readonly endpoints: Endpoints;
  readonly context: LoadContext & SelectContext;
  /** Moves the selection's time on, so that a load counts as left by its execution. */
  pass(ms: number): void;
  migrate(sqlHash?: string, sqlDir?: string): Promise<Migrated>;
  put(key: string, body: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export async function openWorld(warehouseMemory = '1GB'): Promise<World> {
  const dataDir = mkdtempSync(join(tmpdir(), 'carelake-load-'));
  const endpoints = await createEndpoints({
    dataDir,
    clock: new RealClock(),
    region: 'us-east-1',
    account: '000000000000',
    warehouseMemory,
  });
  const { url } = await endpoints.listen(0);
  for (const bucket of ['test-silver', 'test-control', 'test-quarantine']) endpoints.s3.createBucket(bucket);
  await endpoints.s3.put('test-control', '_key/fingerprint.json', fingerprintBody(keys));
  const settings = {
    endpoint: url,
    region: 'us-east-1',
    credentials: endpoints.callers.user,
  };
  const data = new RedshiftDataClient(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  let passed = 0;
  let runs = 0;
  const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, Math.min(ms, 50)));
  const place = { workgroup: 'carelake-local', database: 'carelake', sleep, fault: () => undefined, log: silent };
  return {
    dataDir,
    endpoints,
    context: {
      ...place,
      s3,
      data,
      sql: readLoadSql(SQL_DIR),
      sqlDir: SQL_DIR,
      silverBucket: 'test-silver',
      controlBucket: 'test-control',
      quarantineBucket: 'test-quarantine',
      caps: { objects: 2000, bytes: 1e9 },
      windowHours: 48,
      settleAfterHours: 96,
      now: () => Date.now() + passed,
      remainingMs: () => 300_000,
    },
    pass: (ms) => void (passed += ms),
    migrate: (sqlHash, sqlDir = SQL_DIR) =>
      migrate(
        {
          ...place,
          data,
          secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:admin',
          runId: `run-${runs++}`,
          remainingMs: () => Infinity,
        },
        sqlDir,
        sqlHash,
      ),
    put: async (key, body) => void (await endpoints.s3.put('test-silver', key, body)),
    close: async () => {
      s3.destroy();
      data.destroy();
      await endpoints.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Silver objects of a small clinic network, as ingest makes them: in portions, some records in two objects. */
export function silverPortions(count: number): { key: string; body: Uint8Array }[][] {
  const records = [...generate({ patients: 60, events: 900, seed: 11 })];
  const arrived = Date.now() * 1000;
  const size = Math.ceil(records.length / count);
  return Array.from({ length: count }, (_, i) => {
    // A retried batch has other boundaries, so that neighbours overlap.
    const from = Math.max(0, i * size - 20);
    const batch = records.slice(from, (i + 1) * size).map((r, at) => ({
      sequence: String(from + at + 1).padStart(12, '0'),
      partitionKey: r.partitionKey,
      arrivedAt: arrived,
      data: r.data,
    }));
    return planBatch({ stream: 'events', shardId: 'shardId-000000000000', records: batch }, keys, 'test-bronze').silver;
  });
}

const TABLES = [
  ...['clinic', 'provider', 'patient'].flatMap((d) => [`core.${d}_log`, `core.dim_${d}_history`]),
  'core.fact_appointment',
  'core.appointment_superseded',
  'core.appointment',
  'gold_phi.obt_appointment',
  'gold_phi.no_show_rate',
  'ops.loaded_object',
  'ops.conservation',
];

/** Every table without the columns that name a load, in one order: what must be equal whatever happened on the way. */
export async function dump(w: World): Promise<Record<string, unknown[][]>> {
  const tables: Record<string, unknown[][]> = {};
  for (const table of TABLES) {
    const columns = /^(gold_phi\.no_show_rate|ops\.conservation)$/.test(table) ? '*' : '* EXCLUDE (load_id)';
    tables[table] = (await w.endpoints.warehouse.queryEngine(`SELECT ${columns} FROM ${table} ORDER BY ALL`)).rows;
  }
  for (const table of ['ops.touched_member', 'ops.restated', 'ops.unreferenced', 'ops.guard'])
    tables[table] = (await w.endpoints.warehouse.queryEngine(`SELECT * FROM ${table}`)).rows;
  return tables;
}
