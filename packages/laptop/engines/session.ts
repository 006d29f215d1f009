import { type DuckDBConnection, type DuckDBResult, DuckDBTypeId, type DuckDBValue } from '@duckdb/node-api';
import { copySource, verify } from './copy';
import { CopyError } from './copy-error';
import type { ColumnDefinition } from './column-definition';
import type { Plan } from './plan';
import { grantsGone, grantSql } from './grants';
import type { Lake } from './lake';
import type { TableLocks } from './locks';
import type { StagedFiles } from './staging';
import type { SessionColumns } from './table-columns';
import type { Held, Limits } from './held-lengths';
import { DialectError, type Name, quoteName, quoteText, spell } from './sql-tokens';
import { columnInfo, plainValue, type QueryResult } from './values';
import { lateBinding, refuseWhileRead, withCatalogue } from './view-usage';

/** A temporary table of this session. */
interface TempTable {
  columns: () => Promise<readonly ColumnDefinition[]>;
  readonly createSql: string;
  /** True while it has never held a row. */
  empty: boolean;
  /** SELECTs over Parquet that stand for its rows, while nothing but COPY has written it. */
  lazy?: string[];
}

/** Largest result: rows and bytes of text that are kept. */
const MAX_ROWS = 1_000_000;
const MAX_RESULT_BYTES = 100 * 1024 * 1024;

const NOTHING: QueryResult = { columns: [], rows: [], rowsChanged: 0 };

/** One session: a connection of its own, whose temporary tables end with it. */
export class Session {
  private readonly temps = new Map<string, TempTable>();

  constructor(
    private readonly connection: DuckDBConnection,
    private readonly lake: Lake,
    private readonly locks: TableLocks,
    private readonly files: StagedFiles,
    private readonly columns: SessionColumns,
    private readonly signal?: AbortSignal,
  ) {}

  /** Runs one plan inside the caller's transaction. */
  async run(plan: Plan, parameters: Record<string, string>): Promise<QueryResult> {
    switch (plan.kind) {
      case 'lock':
        for (const table of plan.tables) await this.locks.acquire(spell(table), this, this.signal);
        return NOTHING;
      case 'copy':
        return this.copy(plan);
      case 'unload':
        return this.unload(plan);
      case 'create-table':
        return this.createTable(plan, parameters);
      case 'alter-table':
        return this.alterTable(plan, parameters);
      case 'grant':
        for (const { sql, parameters: own } of grantSql(plan)) await this.connection.run(sql, own);
        return NOTHING;
      case 'merge':
        await this.settle(plan.target);
        if ((await this.rows(plan.duplicates, parameters)).length > 0)
          throw new Error(
            'Found multiple matches to update the same tuple: the source of MERGE has duplicate rows for one target row',
          );
        return this.execute(await this.held(plan.target, plan.held), parameters);
      case 'write':
        await this.settle(plan.target);
        return this.execute(plan.held ? await this.held(plan.target, plan.held) : plan.sql, parameters);
      case 'ddl':
        await this.settle(plan.target);
        return this.define(plan, parameters);
      case 'query':
        return this.execute(await withCatalogue(this.connection, plan.sql), parameters);
    }
  }

  /** Views, schemas and drops: what a view reads cannot be dropped, and what is dropped loses its grants, as in the account. */
  private async define(plan: Extract<Plan, { kind: 'ddl' }>, parameters: Record<string, string>): Promise<QueryResult> {
    const { target } = plan;
    if (plan.drops === 'relation' && target.schema !== undefined && !plan.cascade)
      await refuseWhileRead(this.connection, target, `drop ${spell(target)}`);
    const result = await this.execute(plan.sql, parameters);
    if (plan.lateBinding) await this.connection.run(lateBinding(target));
    if (plan.drops === 'relation' && target.schema === undefined) this.temps.delete(target.name);
    if (plan.drops) {
      const gone = grantsGone(plan.drops === 'schema' ? { schema: target.name, name: '*' } : target);
      await this.connection.run(gone.sql, gone.parameters);
    }
    return result;
  }

  /** Ends the session. */
  close(): void {
    this.locks.release(this);
    this.columns.end();
    this.connection.closeSync();
    this.files.close();
  }

  private async execute(sql: string, parameters: Record<string, string>): Promise<QueryResult> {
    const used = Object.fromEntries(
      Object.entries(parameters).filter(([name]) => new RegExp(`\\$${name}(?![A-Za-z0-9_])`).test(sql)),
    );
    return collect(await this.connection.stream(sql, used));
  }

  private async rows(sql: string, parameters: Record<string, string>): Promise<unknown[][]> {
    return (await this.execute(sql, parameters)).rows;
  }

  /** Before a statement changes a table that stands for Parquet files, the table gets its rows. */
  private async settle(target: Name): Promise<void> {
    const temp = this.tempNamed(target);
    if (!temp) return;
    temp.empty = false;
    if (!temp.lazy) return;
    const selects = temp.lazy;
    temp.lazy = undefined;
    const name = quoteName({ name: target.name });
    await this.connection.run(`DROP VIEW temp.${name}`);
    await this.connection.run(temp.createSql);
    for (const select of selects) await this.connection.run(`INSERT INTO temp.${name} ${select}`);
  }

  private async held(target: Name, held: Held): Promise<string> {
    return held(limitsOf(await this.columnsOf(target)));
  }

  private tempNamed(target: Name, temps: ReadonlyMap<string, TempTable> = this.temps): TempTable | undefined {
    return target.schema === undefined ? temps.get(target.name) : undefined;
  }

  private async createTable(
    plan: Extract<Plan, { kind: 'create-table' }>,
    parameters: Record<string, string>,
  ): Promise<QueryResult> {
    if (plan.ifNotExists && (await this.exists(plan.table, plan.temporary))) return NOTHING;
    const result = await this.execute(plan.sql, parameters);
    if (plan.temporary) this.temps.set(plan.table.name, this.temporary(plan));
    else
      for (const column of plan.columns ?? (await this.made(plan, this.temps, this.columns.of(plan.table))))
        await this.note(plan.table, column);
    return { ...result, columns: [], rows: [] };
  }

  private temporary(plan: Extract<Plan, { kind: 'create-table' }>): TempTable {
    // It reads those that stand now. Most are never written: their columns are asked for when they are needed.
    const temps = new Map(this.temps);
    let columns: Promise<readonly ColumnDefinition[]> | undefined;
    return {
      columns: () =>
        (columns ??= plan.columns
          ? Promise.resolve(plan.columns)
          : this.made(plan, temps, this.columns.ofTemporary(plan.table.name))),
      createSql: plan.sql,
      empty: plan.columns !== undefined,
    };
  }

  /** Columns of a table that was made of a query, with the lengths that are known. */
  private async made(
    { lengths }: Extract<Plan, { kind: 'create-table' }>,
    temps: ReadonlyMap<string, TempTable>,
    columns: Promise<readonly ColumnDefinition[]>,
  ): Promise<readonly ColumnDefinition[]> {
    const known = await lengths?.((table) => this.columnsOf(table, temps));
    return (await columns).map((column) => (isText(column) ? { ...column, ...known?.get(column.name) } : column));
  }

  private async exists({ schema = 'public', name }: Name, temporary: boolean): Promise<boolean> {
    if (temporary) return this.temps.has(name);
    const found = await this.rows(
      'SELECT 1 FROM information_schema.tables WHERE table_schema = $schema AND table_name = $name',
      { schema, name },
    );
    return found.length > 0;
  }

  /** The local engine forgets the length of a varchar; a comment on the column remembers its type. */
  private async note(table: Name, column: ColumnDefinition): Promise<void> {
    if (column.maxBytes !== undefined)
      await this.connection.run(
        `COMMENT ON COLUMN ${quoteName(table)}.${quoteName({ name: column.name })} IS ${quoteText(column.type)}`,
      );
  }

  private async alterTable(
    plan: Extract<Plan, { kind: 'alter-table' }>,
    parameters: Record<string, string>,
  ): Promise<QueryResult> {
    await this.settle(plan.target);
    const temp = this.tempNamed(plan.target);
    const before = await temp?.columns();
    if (plan.column && !plan.sql) {
      const { name, type } = plan.column;
      if ((await this.existing(plan.target)).some((c) => c.name === name && c.type === type))
        throw new DialectError('target column size should be different');
      await refuseWhileRead(this.connection, plan.target, `alter type of ${spell(plan.target)}.${name}`);
    }
    if (plan.sql) await this.execute(plan.sql, parameters);
    if (temp) {
      const known = [...(plan.column ? [plan.column] : []), ...(before ?? [])];
      const now = await this.columns.ofTemporary(plan.target.name);
      temp.columns = () => Promise.resolve(now.map((column) => known.find((k) => k.name === column.name) ?? column));
    } else if (plan.column) await this.note(plan.target, plan.column);
    return NOTHING;
  }

  private async copy(plan: Extract<Plan, { kind: 'copy' }>): Promise<QueryResult> {
    const all = await this.existing(plan.target);
    const columns = (plan.columns ?? all.map((c) => c.name)).map((name) => {
      const column = all.find((c) => c.name === name);
      if (!column) throw new CopyError(`column ${name} of ${spell(plan.target)} does not exist`);
      return column;
    });
    const files = await this.lake.files(plan.uri, plan.manifest);
    if (files.length === 0) return NOTHING;
    const source = await copySource(this.connection, this.files.open(files), columns);
    await verify(this.connection, source, columns);
    const temp = this.tempNamed(plan.target);
    // An empty temporary table that is filled as a whole need not be filled at all: the files do not change, and the engine reads
    // from them just the columns that a statement needs.
    if (temp && (temp.empty || temp.lazy) && !plan.columns) return this.stand(plan.target.name, temp, source.select);
    await this.settle(plan.target);
    const result = await this.execute(
      `INSERT INTO ${quoteName(plan.target)} (${columns.map((c) => quoteName({ name: c.name })).join(', ')}) ${source.select}`,
      {},
    );
    return { ...NOTHING, rowsChanged: result.rowsChanged };
  }

  private async stand(name: string, temp: TempTable, select: string): Promise<QueryResult> {
    const selects = [...(temp.lazy ?? []), select];
    await this.connection.run(`DROP ${temp.lazy ? 'VIEW' : 'TABLE'} temp.${quoteName({ name })}`);
    await this.connection.run(`CREATE TEMP VIEW ${quoteName({ name })} AS ${selects.join(' UNION ALL ')}`);
    temp.lazy = selects;
    temp.empty = false;
    return NOTHING;
  }

  private async columnsOf(
    target: Name,
    temps: ReadonlyMap<string, TempTable> = this.temps,
  ): Promise<readonly ColumnDefinition[]> {
    return this.tempNamed(target, temps)?.columns() ?? this.columns.of(target);
  }

  private async existing(target: Name): Promise<readonly ColumnDefinition[]> {
    const columns = await this.columnsOf(target);
    if (columns.length === 0) throw new CopyError(`relation "${spell(target)}" does not exist`);
    return columns;
  }

  private async unload(plan: Extract<Plan, { kind: 'unload' }>): Promise<QueryResult> {
    await this.lake.admit(plan.uri, plan.overwrite);
    const draft = this.files.draft();
    await this.connection.run(`COPY (${plan.sql}) TO ${quoteText(draft)} (FORMAT parquet, COMPRESSION snappy)`);
    await this.lake.store(plan.uri, '0000_part_00.parquet', draft);
    return NOTHING;
  }
}

const limitsOf = (columns: readonly ColumnDefinition[]): Limits => ({
  columns: columns.map((c) => c.name),
  bytes: new Map(columns.flatMap(({ name, maxBytes }) => (maxBytes === undefined ? [] : [[name, maxBytes]]))),
});

const isText = ({ type }: ColumnDefinition): boolean => type === 'varchar(65535)';

/** Reads a result whole. @throws Error when it is larger than a client could fetch in any sensible time. */
async function collect(result: DuckDBResult): Promise<QueryResult> {
  const types = result.columnTypes();
  if (types.some((type) => type?.typeId === DuckDBTypeId.STRUCT))
    throw new DialectError('Redshift has no whole row as one value; write the columns, or t.* for all of them');
  const columns = result.columnNames().map((name, i) => columnInfo(name, types[i] as (typeof types)[number]));
  const rows: unknown[][] = [];
  let bytes = 0;
  for await (const chunk of result) {
    for (const row of chunk.getRows()) {
      const plain = row.map((value: DuckDBValue) => plainValue(value));
      for (const value of plain) bytes += typeof value === 'string' ? value.length + 8 : 8;
      rows.push(plain);
    }
    if (rows.length > MAX_ROWS || bytes > MAX_RESULT_BYTES)
      throw new Error(`Query result exceeds ${MAX_ROWS} rows or ${MAX_RESULT_BYTES} bytes`);
  }
  return { columns, rows, rowsChanged: result.rowsChanged };
}
