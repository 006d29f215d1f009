import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ENTITIES as CONTRACTS, ENTITY_NAMES, UNKNOWN_KEY, type EntityName } from '../../contracts';
import { silverColumns, stageDdl } from '../../contracts/derive';
import { parseSql } from '../../core/warehouse/sql';
import { generatedSql } from '../../core/warehouse/generated-sql';
import { readViews } from '../../core/warehouse/sql-files';
import { viewTransactions } from '../../core/warehouse/view-plan';
import type { Engine } from './engines';
import { asSaved } from './saved';

export const SQL = join(__dirname, '../../sql');
export const UNKNOWN = UNKNOWN_KEY;
const ofKind = (kind: 'dimension' | 'fact'): EntityName[] => ENTITY_NAMES.filter((e) => CONTRACTS[e].kind === kind);
export const DIMENSIONS = ofKind('dimension');
const FACTS = ofKind('fact');

/** Statements of a SQL file's text. */
export const statementsOf = (text: string): string[] => [...parseSql('test', text).statements];

/** Names of the SQL files in a folder of sql/, in order. */
export const sqlNames = (folder: string): string[] =>
  readdirSync(join(SQL, folder))
    .filter((name) => name.endsWith('.sql'))
    .sort();

export const sqlFile = (path: string): string => readFileSync(join(SQL, path), 'utf8');

/**
 * An engine as its migrations leave it. All of them at once are run by the first suite alone; the others take its file.
 * @param wanted of which migrations to run, by their text
 */
export async function migrate(engine: Engine, wanted?: (text: string) => boolean): Promise<void> {
  if (wanted) await runMigrations(engine, wanted);
  else await asSaved(engine, 'migrated', () => runMigrations(engine, () => true));
}

async function runMigrations(engine: Engine, wanted: (text: string) => boolean): Promise<void> {
  const texts = sqlNames('migrations').map((file) => sqlFile(`migrations/${file}`));
  for (const text of texts.filter(wanted)) await engine.batch(statementsOf(text));
  const rows = await engine.batch(['SELECT view_name, sha256, definition FROM ops.view']);
  const installed = rows.map(([name, sha256, select]) => ({ name: name!, sha256: sha256!, select: select! }));
  const state = { views: readViews(SQL), installed, grantsOn: () => [], lock: 'LOCK TABLE ops.load_lock' };
  for (const sqls of viewTransactions(state)) await engine.batch(sqls);
}

/** An event as silver carries it: columns by name. */
export interface Event {
  entity: EntityName;
  row: Record<string, string | number | null>;
}

/** Durable key of the tests: any function of the natural key will do. */
export const keyOf = (entity: EntityName, id: string): string =>
  createHash('sha256').update(`${entity}/${id}`).digest('hex').slice(0, 32);

/** Builds an event with its keys, its payload hash and the defaults of its contract. */
export function event(
  entity: EntityName,
  id: string,
  at: { event?: string; op?: 'upsert' | 'delete'; effective: string; recorded: string; order?: bigint },
  payload: Record<string, string | number | null> = {},
): Event {
  const contract = CONTRACTS[entity];
  const natural = contract.naturalKey[0];
  const op = at.op ?? 'upsert';
  const fields = { ...payload, [natural]: id };
  const hash = createHash('sha256')
    .update(JSON.stringify([entity, op, Object.entries(fields).sort()]))
    .digest()
    .readBigInt64BE();
  const references = Object.fromEntries(
    contract.references.map((r) => {
      const named = payload[r.field] ?? payload[r.orElse ?? r.field];
      return [r.column, named ? keyOf(r.entity, String(named)) : UNKNOWN];
    }),
  );
  const defaults = Object.fromEntries(
    contract.fields.filter((f) => f.default !== undefined).map((f) => [f.name, payload[f.name] ?? f.default!]),
  );
  return {
    entity,
    row: {
      event_id: at.event ?? `${id}-${at.effective}-${at.recorded}`,
      op,
      source_system: 'ehr',
      effective_at: at.effective,
      recorded_at: at.recorded,
      source_order: (at.order ?? 0n).toString(),
      payload_hash: hash.toString(),
      [`${entity}_key`]: keyOf(entity, id),
      ...references,
      ...fields,
      ...defaults,
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

const stage = (entity: EntityName, rows: Event[]): string[] => [
  stageDdl(CONTRACTS[entity], `stage_${entity}`),
  ...copied(`stage_${entity}`, entity, rows),
];

/** What a COPY of objects with these events does. */
export function copied(table: string, entity: EntityName, rows: readonly Event[]): string[] {
  const columns = silverColumns(entity);
  const sqls: string[] = [];
  for (let from = 0; from < rows.length; from += 500) {
    const values = rows
      .slice(from, from + 500)
      .map((r) => `(${columns.map((c) => literal(r.row[c.name])).join(', ')})`);
    sqls.push(`INSERT INTO ${table} VALUES ${values.join(', ')}`);
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
  /** Their contract versions, in the same order. */
  versions?: number[];
  /** Database role that loads. */
  role?: string;
  /** How many objects the plan listed, if not as many as there are. */
  planned?: number;
  /** Load files that a wrong plan leaves out. */
  without?: string[];
  /** Statements to run for a load file instead of its own. */
  files?: Record<string, string[]>;
  /** A statement that runs by itself before the transaction of that number. */
  before?: Record<number, string>;
  /** A SQL statement between dimensions and facts. */
  meddle?: string;
}

/** Entities of which a warehouse has had rows since it was emptied: all others have nothing to restate, and nothing to check. */
const loaded = new WeakMap<Engine, Set<EntityName>>();

/** Facts of which the warehouse has, or may have, rows once these entities have come. */
export function factsOf(engine: Engine, present: readonly EntityName[]): EntityName[] {
  const names = loaded.get(engine) ?? new Set();
  loaded.set(engine, new Set([...names, ...present]));
  return FACTS.filter((f) => loaded.get(engine)!.has(f));
}

/** Runs a load as the load function does: dimensions in one transaction, facts with what follows them and the close in the next. */
export async function load(engine: Engine, loadId: string, events: Event[], options: LoadOptions = {}): Promise<void> {
  const present = ENTITY_NAMES.filter((entity) => events.some((s) => s.entity === entity));
  const rowsOf = (entity: EntityName): Event[] => events.filter((s) => s.entity === entity);
  const listed = present.map(
    (entity, i) =>
      `INSERT INTO batch_object VALUES ('${options.objects?.[i] ?? `${loadId}/${entity}`}', '${entity}', ${options.versions?.[i] ?? 1}, ${rowsOf(entity).length}, NULL)`,
  );
  const begin = statementsOf(sqlFile('load/begin.sql')).flatMap((sql) => (sql.startsWith('COPY') ? listed : [sql]));
  const file = (name: string): string[] =>
    options.without?.includes(name)
      ? []
      : (options.files?.[name] ?? statementsOf(sqlFile(`generated/load/${name}.sql`)));
  const phase = (entity: EntityName): string[] =>
    present.includes(entity)
      ? [...stage(entity, rowsOf(entity)), ...(options.spoil ? [options.spoil] : []), ...file(entity)]
      : [];
  const facts = factsOf(engine, present);
  const transactions = [
    [...begin, ...DIMENSIONS.flatMap(phase)],
    [
      ...begin,
      ...(options.meddle ? [options.meddle] : []),
      ...facts.filter((f) => CONTRACTS[f].references.some((r) => r.identifier)).flatMap((f) => file(`rename-${f}`)),
      ...facts.flatMap((fact) => [...phase(fact), ...file(`${fact}-restate`)]),
      ...facts.filter((f) => CONTRACTS[f].relations).flatMap((f) => file(`relate-${f}`)),
      ...DIMENSIONS.filter((d) => facts.some((f) => CONTRACTS[f].references.some((r) => r.entity === d))).flatMap(
        (dimension) => file(`prune-${dimension}`),
      ),
      ...DIMENSIONS.filter((d) => CONTRACTS[d].identity).flatMap((d) => file(`identity-${d}`)),
      ...file('close'),
    ],
  ];
  const parameters = {
    load_id: loadId,
    object_count: String(options.planned ?? present.length),
    key_fingerprint: options.fingerprint ?? 'f00d',
  };
  const applied = [0, DIMENSIONS.filter((d) => present.includes(d)).length];
  for (const [i, sqls] of transactions.slice(0, options.stopAfter).entries()) {
    if (options.before?.[i]) await engine.batch([options.before[i]]);
    await engine.batch(sqls, { ...parameters, entities_applied: String(applied[i]) }, options.role);
  }
}

export const TABLES = [
  ...ENTITY_NAMES.flatMap((e) => [`core.${e}_log`, `core.${e}_superseded`]),
  ...DIMENSIONS.flatMap((d) => [`core.dim_${d}_history`, `core.dim_${d}`]),
  ...FACTS.flatMap((f) => [`core.${f}`, `core.fact_${f}`, `gold_phi.obt_${f}`]),
  ...sqlNames('marts').map((mart) => `gold_phi.${mart.replace('.sql', '')}`),
];

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

/** Tells the tables and views of entities of which there is no row: most, in most tests. */
async function emptyEntities(engine: Engine): Promise<(table: string) => boolean> {
  const rowOf = (e: EntityName): string =>
    DIMENSIONS.includes(e)
      ? `SELECT 1 FROM core.dim_${e}_history WHERE ${e}_key <> '${UNKNOWN}'`
      : `SELECT 1 FROM core.${e}`;
  const found = await engine.batch([
    ENTITY_NAMES.map(
      (e) => `SELECT '${e}' WHERE EXISTS (${rowOf(e)}) OR EXISTS (SELECT 1 FROM core.${e}_superseded)`,
    ).join(' UNION ALL '),
  ]);
  const filled = new Set(found.map(([entity]) => entity));
  const names = (e: EntityName): string[] => [
    `${e}_log`,
    `${e}_superseded`,
    `dim_${e}_history`,
    `dim_${e}`,
    e,
    `fact_${e}`,
    `obt_${e}`,
  ];
  const empty = new Set(ENTITY_NAMES.filter((e) => !filled.has(e)).flatMap(names));
  return (table) => empty.has(table.split('.')[1]!) && !table.endsWith('.obt_patient');
}

/** Every table as sorted text rows, lineage columns aside. */
export async function dump(engine: Engine, tables: string[] = TABLES): Promise<Record<string, string[]>> {
  const result: Record<string, string[]> = {};
  const isEmpty = tables === TABLES ? await emptyEntities(engine) : () => false;
  for (const table of tables) {
    if (isEmpty(table)) {
      result[table] = [];
      continue;
    }
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
  const names = loaded.get(engine);
  const used = (e: EntityName): boolean => names === undefined || names.has(e) || CONTRACTS[e].kind === 'dimension';
  loaded.delete(engine);
  const tables = [
    ...ENTITY_NAMES.filter(used).map((e) => `core.${e}_superseded`),
    ...FACTS.filter(used).map((f) => `core.${f}`),
    ...[
      'loaded_object',
      'load_ledger',
      'load_count',
      'reread',
      'reread_key',
      'key_fingerprint',
      'touched_member',
      'restated',
      'unreferenced',
    ].map((t) => `ops.${t}`),
    'core.patient_identity',
    'core.provider_identity',
  ];
  await engine.batch([
    ...tables.map((table) => `DELETE FROM ${table}`),
    ...DIMENSIONS.map((e) => `DELETE FROM core.dim_${e}_history WHERE ${e}_key <> '${UNKNOWN}'`),
    `UPDATE ops.load_lease SET load_id = NULL`,
  ]);
}

/** Names of the checks, hand-written and derived, whose query returns rows: each row is a violation. */
export async function brokenChecks(engine: Engine): Promise<string[]> {
  const broken: string[] = [];
  const checks = [...sqlNames('checks').map((file) => [file, sqlFile(`checks/${file}`)]), ...derivedChecks(engine)];
  for (const [file, text] of checks)
    for (const sql of statementsOf(text!))
      if ((await engine.batch([sql])).length > 0) broken.push(file!.replace('.sql', ''));
  return broken;
}

const rendered = new Map<string, [string, string][]>();

/** The derived checks of what is loaded: over all entities most of their time would go into tables without a row. */
function derivedChecks(engine: Engine): [string, string][] {
  const names = loaded.get(engine);
  const of = ENTITY_NAMES.filter((e) => !names || names.has(e) || DIMENSIONS.includes(e));
  const id = of.join();
  if (!rendered.has(id)) {
    const sql = generatedSql(
      join(SQL, '..'),
      of.map((e) => CONTRACTS[e]),
    );
    const checks = Object.entries(sql).filter(([path]) => path.startsWith('checks/'));
    rendered.set(
      id,
      checks.map(([path, text]) => [path.replace('checks/', ''), text]),
    );
  }
  return rendered.get(id)!;
}
