import { DuckDBInstance } from '@duckdb/node-api';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ENTITY_NAMES, type EntityName } from '../../contracts';
import { viewTransactions } from '../../core/warehouse/view-plan';
import { parseSql } from '../../core/warehouse/sql';
import { readSql, readViews } from '../../core/warehouse/sql-files';
import { writeObjectList } from '../../core/lake/parquet';
import { copyGroups, loadIdOf, loadNames, manifest, type LoadObject, type LoadPlan } from '../../core/load/plan';
import { readLoadSql } from '../../core/load/load-sql';
import { packSteps, stepOf } from '../../core/load/statements';
import { applyStep } from '../../core/load/steps';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import { openWarehouse, warehouseFile, type Warehouse } from '@carelake/laptop/engines/warehouse';
import { FINGERPRINT, ROOT, SILVER } from './input';
import { answers, control, type Ask, type Counts } from './questions';

const SQL = join(ROOT, 'sql');
const CONTROL_BUCKET = 'bench-control';
const MEMORY = '5GB';

/** One run of W: times in seconds, CPU of the whole process, peak resident size, size on disk, check sums. */
export interface Run {
  wall: number;
  cpu: number;
  peakMb: number;
  diskMb: number;
  phases: Record<string, number>;
  ans: string;
  ctl: string;
  counts: Counts;
}

/** Takes wall, CPU and peak resident size from its making to `stop`. */
class Meter {
  private readonly t0 = process.hrtime.bigint();
  private readonly cpu0 = process.cpuUsage();
  private at = this.t0;
  private peak = 0;
  private readonly timer = setInterval(() => (this.peak = Math.max(this.peak, process.memoryUsage.rss())), 50);
  readonly phases: Record<string, number> = {};

  mark(phase: string): void {
    const now = process.hrtime.bigint();
    this.phases[phase] = (this.phases[phase] ?? 0) + Number(now - this.at) / 1e9;
    this.at = now;
  }

  stop(): Pick<Run, 'wall' | 'cpu' | 'peakMb' | 'phases'> {
    clearInterval(this.timer);
    const { user, system } = process.cpuUsage(this.cpu0);
    return {
      wall: Number(this.at - this.t0) / 1e9,
      cpu: (user + system) / 1e6,
      peakMb: Math.max(this.peak, process.memoryUsage.rss()) / 1e6,
      phases: this.phases,
    };
  }
}

const sizeMb = (file: string): number => statSync(file).size / 1e6;

/**
 * The hand-written star of the peers, star.sql as it stands, on the engine that the platform uses.
 * @param tuned with the platform's storage settings instead of the engine's own
 */
export async function runStar(folder: string, halves: ('base' | 'delta')[], tuned: boolean): Promise<Run> {
  const file = join(folder, 'star.duckdb');
  for (const f of [file, `${file}.wal`]) rmSync(f, { force: true });
  const storage: Record<string, string> = tuned
    ? { storage_compatibility_version: 'latest', disabled_compression_methods: 'fsst,dictionary,zstd' }
    : {};
  const meter = new Meter();
  const instance = await DuckDBInstance.create(file, {
    threads: '2',
    memory_limit: MEMORY,
    preserve_insertion_order: 'false',
    temp_directory: join(folder, 'star.tmp'),
    ...storage,
  });
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  const input = join(folder, 'input');
  const globs = (entity: string): string =>
    `[${halves.map((half) => `'${input}/${half}/${entity}/*.parquet'`).join(', ')}]`;
  for (const statement of parseSql('star', readFileSync(join(ROOT, 'bench/peers/star.sql'), 'utf8')).statements) {
    await connection.run(
      statement
        .replace('{appointments}', globs('appointments'))
        .replace('{patients}', globs('patients'))
        .replace('{dir}', input),
    );
    meter.mark(statement.split(/\s+/)[2]);
  }
  const ask: Ask = async (sql) => {
    const result = await connection.runAndReadAll(sql);
    return {
      columns: result.columnNames().map((name, i) => ({ name, type: String(result.columnType(i)) })),
      rows: result.getRows(),
    };
  };
  const names = { obt: 'obt_appointment', fact: 'fact_appointment', patient: 'dim_patient' };
  const ans = await answers(ask, names);
  meter.mark('answers');
  const raw = `read_parquet(${globs('appointments')})`;
  const [[read, distinct, applied]] = (
    await ask(
      `SELECT (SELECT count(*) FROM ${raw}), (SELECT count(DISTINCT event_id) FROM ${raw}), (SELECT count(*) FROM fact_appointment)`,
    )
  ).rows.map((row) => row.map(Number));
  meter.mark('counts');
  await connection.run('CHECKPOINT');
  meter.mark('checkpoint');
  const timed = meter.stop();
  const counts = { read, repeats: read - distinct, superseded: distinct - applied, applied };
  const ctl = await control(ask, names, counts);
  connection.closeSync();
  instance.closeSync();
  const run = { ...timed, diskMb: sizeMb(file), ans, ctl, counts };
  for (const f of [file, `${file}.wal`]) rmSync(f, { force: true });
  return run;
}

/** W's names over the platform's tables. Its delays are whole minutes. */
const VIEWS = [
  'CREATE SCHEMA IF NOT EXISTS w',
  `CREATE OR REPLACE VIEW w.fact AS SELECT CASE status_code WHEN 'booked' THEN 'scheduled' WHEN 'fulfilled' THEN 'attended' WHEN 'noshow' THEN 'no_show' ELSE status_code END AS status,
     scheduled_date_key, CAST(start_delay_min AS integer) AS delay_min, lead_time_days AS lead_days FROM core.fact_appointment`,
  `CREATE OR REPLACE VIEW w.obt AS SELECT clinic_id, is_no_show, is_attended, provider_npi, CAST(start_delay_min AS integer) AS delay_min, scheduled_month, primary_payer_id AS insurer, patient_gender AS sex,
     patient_age_at_appt AS patient_age, patient_zip5 AS zip5, lead_time_days AS lead_days, scheduled_dow AS dow, planned_duration_min, scheduled_hour, provider_specialty AS specialty, clinic_timezone AS timezone FROM gold_phi.obt_appointment`,
  `CREATE OR REPLACE VIEW w.patient AS SELECT primary_payer_id AS insurer, patient_id, CASE WHEN is_current THEN 1 ELSE 0 END AS is_current FROM core.dim_patient_history WHERE patient_id IS NOT NULL`,
];

/** The platform's warehouse in a data folder of its own: migrated, with W's views, empty. */
export async function openPlatform(folder: string, s3: S3Store): Promise<Warehouse> {
  for (const f of [warehouseFile(folder), `${warehouseFile(folder)}.wal`]) rmSync(f, { force: true });
  const warehouse = await openWarehouse({ dataDir: folder, s3, memory: MEMORY, threads: 2 });
  for (const file of readSql(SQL, 'migrations').values()) await warehouse.run(file.statements);
  const views = { views: readViews(SQL), installed: [], grantsOn: () => [], lock: 'LOCK TABLE ops.load_lock' };
  for (const sqls of viewTransactions(views)) await warehouse.run(sqls);
  for (const sql of VIEWS) await warehouse.query(sql);
  await warehouse.checkpoint();
  return warehouse;
}

/** Entities of which the lake of W holds nothing, as a load is told by what is in it. */
const ABSENT: ReadonlySet<EntityName> = new Set(
  ENTITY_NAMES.filter((name) => !['patient', 'clinic', 'provider', 'appointment'].includes(name)),
);

async function plan(s3: S3Store, objects: readonly LoadObject[]): Promise<LoadPlan> {
  const sorted = [...objects].sort((a, b) => (a.object < b.object ? -1 : 1));
  const loadId = loadIdOf(sorted);
  const names = loadNames(loadId);
  s3.createBucket(CONTROL_BUCKET);
  await s3.put(CONTROL_BUCKET, names.objects, writeObjectList(sorted));
  for (const { entity, version } of copyGroups(sorted))
    await s3.put(CONTROL_BUCKET, names.manifest(entity, version), manifest(SILVER, sorted.filter((o) => o.entity === entity && o.version === version))); // prettier-ignore
  return {
    load_id: loadId,
    revision: 0,
    stale: 0,
    complete: false,
    key_fingerprint: FINGERPRINT,
    objects: sorted,
    steps: packSteps(readLoadSql(SQL), sorted, [], undefined, ABSENT),
  };
}

/** Loads objects as the load function does, transaction by transaction, and asks W's questions. */
export async function runPlatform(
  folder: string,
  s3: S3Store,
  warehouse: Warehouse,
  objects: readonly LoadObject[],
  detail = false,
): Promise<Run> {
  const planned = await plan(s3, objects);
  const sql = readLoadSql(SQL);
  const meter = new Meter();
  for (let step = 0; step < planned.steps.length; step += 1) {
    const { sqls, parameters } = stepOf(sql, planned, applyStep(step), CONTROL_BUCKET);
    let phase = 'begin';
    await warehouse.run(sqls, {
      parameters,
      onStatement: (i, event) => {
        if (!event.result) return;
        phase = phaseOf(sqls[i], phase);
        meter.mark(detail ? `${phase}: ${sqls[i].slice(0, 48).replace(/\s+/g, ' ')}` : phase);
      },
    });
    meter.mark('commit');
  }
  const ask: Ask = (text) => warehouse.queryEngine(text);
  const names = { obt: 'w.obt', fact: 'w.fact', patient: 'w.patient' };
  const ans = await answers(ask, names);
  meter.mark('answers');
  const [row] = (
    await ask(`SELECT read, duplicate, superseded, applied FROM ops.conservation WHERE entity = 'appointment'`)
  ).rows;
  const [read, repeats, superseded, applied] = row.map(Number);
  meter.mark('counts');
  await warehouse.checkpoint();
  meter.mark('checkpoint');
  const timed = meter.stop();
  const counts = { read, repeats, superseded, applied };
  return { ...timed, diskMb: sizeMb(warehouseFile(folder)), ans, ctl: await control(ask, names, counts), counts };
}

const ENTITY = ENTITY_NAMES.join('|');
/** Phases of a load, by a table that the first statement of each names. */
const PHASES: readonly [phase: string, opening: RegExp][] = [
  ['begin', /^LOCK TABLE/],
  ['restate', /^CREATE TEMP TABLE \w+_restated\b/],
  ['prune', /^DELETE FROM core\.dim_\w+_history\s+WHERE is_inferred\b/],
  ['close', /^INSERT INTO ops\.guard \(touched_are_restated\)/],
];
const STAGE = new RegExp(`^create temporary table stage_(${ENTITY})(?:_v\\d+)?\\b`, 'i');

/** The phase that a statement opens, or the one before it. */
function phaseOf(sql: string, before: string): string {
  return PHASES.find(([, opening]) => opening.test(sql))?.[0] ?? STAGE.exec(sql)?.[1] ?? before;
}
