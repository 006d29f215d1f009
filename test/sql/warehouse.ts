import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { silverColumns, stageDdl } from '../../contracts/derive';
import type { EntityName } from '../../contracts/types';
import { parseSql } from '../../core/warehouse/sql';
import { readViews } from '../../core/warehouse/sql-files';
import { viewTransactions } from '../../core/warehouse/view-plan';
import type { Engine } from './engines';

export const SQL = join(__dirname, '../../sql');
export const ENTITIES: EntityName[] = ['clinic', 'provider', 'patient', 'appointment'];
export const UNKNOWN = '0'.repeat(32);

/** Statements of a SQL file's text. */
export const statementsOf = (text: string): string[] => [...parseSql('test', text).statements];

/** Names of the SQL files in a folder of sql/, in order. */
export const sqlNames = (folder: string): string[] =>
  readdirSync(join(SQL, folder))
    .filter((name) => name.endsWith('.sql'))
    .sort();

export const sqlFile = (path: string): string => readFileSync(join(SQL, path), 'utf8');

export async function migrate(engine: Engine): Promise<void> {
  for (const file of sqlNames('migrations')) await engine.batch(statementsOf(sqlFile(`migrations/${file}`)));
  const rows = await engine.batch(['SELECT view_name, sha256, definition FROM ops.view']);
  const installed = rows.map(([name, sha256, select]) => ({ name: name!, sha256: sha256!, select: select! }));
  const state = { views: readViews(SQL), installed, grantsOn: () => [], lock: 'LOCK TABLE ops.load_lock' };
  for (const sqls of viewTransactions(state)) await engine.batch(sqls);
}

/** A statement as silver carries it: columns by name. */
export interface Statement {
  entity: EntityName;
  row: Record<string, string | number | null>;
}

/** Durable key of the tests: any function of the natural key will do. */
export const keyOf = (entity: EntityName, id: string): string =>
  createHash('sha256').update(`${entity}/${id}`).digest('hex').slice(0, 32);

/** Builds a statement with its keys, its payload hash and the fields derived from local times. */
export function statement(
  entity: EntityName,
  id: string,
  at: { event?: string; op?: 'upsert' | 'delete'; effective: string; recorded: string },
  payload: Record<string, string | number | null> = {},
): Statement {
  const natural = { clinic: 'clinic_id', provider: 'npi', patient: 'patient_id', appointment: 'appointment_id' }[
    entity
  ];
  const op = at.op ?? 'upsert';
  const fields = { ...payload, [natural]: id };
  const hash = createHash('sha256')
    .update(JSON.stringify([entity, op, Object.entries(fields).sort()]))
    .digest()
    .readBigInt64BE();
  const references: Record<string, string> =
    entity === 'appointment'
      ? {
          patient_key: payload.patient_id ? keyOf('patient', String(payload.patient_id)) : UNKNOWN,
          clinic_key: payload.clinic_id ? keyOf('clinic', String(payload.clinic_id)) : UNKNOWN,
          provider_key: payload.provider_npi ? keyOf('provider', String(payload.provider_npi)) : UNKNOWN,
        }
      : {};
  const precision: Record<string, string | number> =
    entity === 'appointment' ? { scheduled_precision: payload.scheduled_precision ?? 'instant' } : {};
  return {
    entity,
    row: {
      event_id: at.event ?? `${id}-${at.effective}-${at.recorded}`,
      op,
      source_system: 'ehr',
      effective_at: at.effective,
      recorded_at: at.recorded,
      payload_hash: hash.toString(),
      [`${entity}_key`]: keyOf(entity, id),
      ...references,
      ...fields,
      ...precision,
      record_source: 'test',
      record_position: '1',
    },
  };
}

const literal = (value: string | number | null | undefined): string =>
  value === null || value === undefined
    ? 'NULL'
    : typeof value === 'number'
      ? String(value)
      : `'${value.replaceAll("'", "''")}'`;

function stage(entity: EntityName, rows: Statement[]): string[] {
  const columns = silverColumns(entity);
  const sqls = [stageDdl(entity, `stage_${entity}`)];
  for (let from = 0; from < rows.length; from += 500) {
    const values = rows
      .slice(from, from + 500)
      .map((r) => `(${columns.map((c) => literal(r.row[c.name])).join(', ')})`);
    sqls.push(`INSERT INTO stage_${entity} VALUES ${values.join(', ')}`);
  }
  return sqls;
}

export interface LoadOptions {
  fingerprint?: string;
  /** Stops after that many transactions, as a crash between two of them would. */
  stopAfter?: number;
  /** A statement that spoils what was staged. */
  spoil?: string;
  objects?: string[];
  /** Database role that loads. */
  role?: string;
  /** How many objects the plan listed, if not as many as there are. */
  planned?: number;
}

/** Runs a load as the load function does: dimensions in one transaction, facts and the closing of the books in the next. */
export async function load(
  engine: Engine,
  loadId: string,
  statements: Statement[],
  options: LoadOptions = {},
): Promise<void> {
  const present = ENTITIES.filter((entity) => statements.some((s) => s.entity === entity));
  const rowsOf = (entity: EntityName): Statement[] => statements.filter((s) => s.entity === entity);
  const listed = present.map(
    (entity, i) =>
      `INSERT INTO batch_object VALUES ('${options.objects?.[i] ?? `${loadId}/${entity}`}', '${entity}', 1, ${rowsOf(entity).length})`,
  );
  const begin = statementsOf(sqlFile('load/begin.sql')).flatMap((sql) => (sql.startsWith('COPY') ? listed : [sql]));
  const phase = (entity: EntityName): string[] => [
    ...stage(entity, rowsOf(entity)),
    ...(options.spoil ? [options.spoil] : []),
    ...statementsOf(sqlFile(`load/${entity}.sql`)),
  ];
  const transactions = [
    [...begin, ...present.filter((e) => e !== 'appointment').flatMap(phase)],
    [
      ...begin,
      ...present.filter((e) => e === 'appointment').flatMap(phase),
      ...statementsOf(sqlFile('load/finish.sql')),
    ],
  ];
  const parameters = {
    load_id: loadId,
    object_count: String(options.planned ?? present.length),
    key_fingerprint: options.fingerprint ?? 'f00d',
  };
  for (const sqls of transactions.slice(0, options.stopAfter)) await engine.batch(sqls, parameters, options.role);
}

export const TABLES = [
  'core.clinic_log', 'core.provider_log', 'core.patient_log', 'core.appointment_log',
  'core.dim_clinic_history', 'core.dim_provider_history', 'core.dim_patient_history',
  'core.fact_appointment', 'core.appointment_superseded', 'gold.obt_appointment', 'gold.no_show_rate',
]; // prettier-ignore

const LINEAGE = new Set(['load_id']);
const columnsOf = new Map<string, string[]>();

async function comparable(engine: Engine, table: string): Promise<string[]> {
  const known = columnsOf.get(table);
  if (known) return known;
  const [schema, name] = table.split('.');
  const rows = await engine.batch([
    `SELECT column_name FROM information_schema.columns WHERE table_schema = '${schema}' AND table_name = '${name}' ORDER BY ordinal_position`,
  ]);
  const columns = rows.map(([column]) => String(column)).filter((column) => !LINEAGE.has(column));
  columnsOf.set(table, columns);
  return columns;
}

/** Every table as sorted text rows, lineage columns aside. */
export async function dump(engine: Engine, tables: string[] = TABLES): Promise<Record<string, string[]>> {
  const result: Record<string, string[]> = {};
  for (const table of tables) {
    const columns = await comparable(engine, table);
    const rows = await engine.batch([
      `SELECT ${columns.map((c) => `CAST(${c} AS varchar(1024))`).join(', ')} FROM ${table}`,
    ]);
    result[table] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return result;
}

/** Rows of a query as text, every column cast by the caller or printed by the engine. */
export const rows = (engine: Engine, sql: string): Promise<(string | null)[][]> => engine.batch([sql]);

/** Leaves the warehouse as after its migrations. */
export async function empty(engine: Engine): Promise<void> {
  const tables = ['core.clinic_superseded', 'core.provider_superseded', 'core.patient_superseded', 'core.appointment_superseded', 'core.fact_appointment',
    'gold.obt_appointment', 'ops.loaded_object', 'ops.load_ledger', 'ops.key_fingerprint', 'ops.touched', 'core.patient_identity']; // prettier-ignore
  await engine.batch([
    ...tables.map((table) => `DELETE FROM ${table}`),
    ...['clinic', 'provider', 'patient'].map((e) => `DELETE FROM core.dim_${e}_history WHERE ${e}_key <> '${UNKNOWN}'`),
    `UPDATE ops.load_lease SET load_id = NULL`,
  ]);
}

/** Names of the checks in sql/checks whose query returns rows: each row is a violation. */
export async function brokenChecks(engine: Engine): Promise<string[]> {
  const broken: string[] = [];
  for (const file of sqlNames('checks'))
    for (const sql of statementsOf(sqlFile(`checks/${file}`)))
      if ((await engine.batch([sql])).length > 0) broken.push(file.replace('.sql', ''));
  return broken;
}
