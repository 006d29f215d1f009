import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { parameterNames } from '../../core/warehouse/sql';
import { RealClock } from '@carelake/laptop/clock';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { openWarehouse, warehouseFile } from '@carelake/laptop/engines/warehouse';

/** What the load files need of an engine: transactions with named parameters, and rows back as text. */
export interface Engine {
  readonly name: string;
  /** Runs statements on a session of their own, all or none; temporary tables end with it. `role`: whose grants hold (laptop only). @returns rows of the last one */
  batch(sqls: readonly string[], parameters?: Record<string, string>, role?: string): Promise<(string | null)[][]>;
  /** Writes all that it holds to a file. */
  save(file: string): Promise<void>;
  /** Holds what was saved, and nothing else. */
  restore(file: string): Promise<void>;
  close(): Promise<void>;
}

const asText = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

/** The laptop's warehouse: DuckDB behind the dialect's allow-list. */
export async function laptop(): Promise<Engine> {
  const dataDir = mkdtempSync(join(tmpdir(), 'carelake-sql-'));
  const s3 = await openS3Store(dataDir, new RealClock());
  // A few rows leave a second thread nothing to do but wait for its turn.
  const opened = () => openWarehouse({ dataDir, s3, memory: '1GB', threads: 1 });
  let warehouse = await opened();
  return {
    name: 'duckdb',
    async batch(sqls, values = {}, role) {
      const used = new Set(sqls.flatMap(parameterNames));
      const parameters = [...used].map((name) => ({ name, value: values[name] }));
      const results = await warehouse.run(sqls, { parameters, role });
      return (results.at(-1)?.rows ?? []).map((row) => row.map(asText));
    },
    async save(file) {
      await warehouse.checkpoint();
      copyFileSync(warehouseFile(dataDir), file);
    },
    async restore(file) {
      await warehouse.close();
      rmSync(`${warehouseFile(dataDir)}.wal`, { force: true });
      copyFileSync(file, warehouseFile(dataDir));
      warehouse = await opened();
    },
    async close() {
      await warehouse.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Physical attributes of Redshift tables, which PostgreSQL has not. */
const withoutPhysicalAttributes = (sql: string): string =>
  sql
    .replace(/\s+DISTSTYLE\s+(ALL|KEY|EVEN|AUTO)\b/gi, '')
    .replace(/\s+(DISTKEY|SORTKEY)\s*\([^)]*\)/gi, '')
    .replace(/\s+ENCODE\s+RAW\b/gi, '');

const PARAMETER = /(?<![:\w]):([a-z_]+)\b/g;

interface Answer {
  id: number;
  rows?: (string | null)[][];
  error?: string;
}

/** PostgreSQL 18 in WebAssembly: the dialect that Redshift descends from. */
async function pglite(): Promise<Engine> {
  const worker = new Worker(join(__dirname, 'pglite-worker.cjs'));
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  worker.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer));
  const ask = async (request: object): Promise<(string | null)[][]> => {
    const id = ++last;
    const answer = await new Promise<Answer>((resolve) => {
      waiting.set(id, resolve);
      worker.postMessage({ id, ...request });
    });
    waiting.delete(id);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.rows ?? [];
  };
  return {
    name: 'pglite',
    async batch(sqls, parameters = {}) {
      const statements = sqls.map((sql) => {
        const names = parameterNames(sql);
        const text = withoutPhysicalAttributes(sql).replace(PARAMETER, (whole, name: string) =>
          names.includes(name) ? `$${names.indexOf(name) + 1}` : whole,
        );
        return { sql: text, values: names.map((name) => parameters[name]) };
      });
      return ask({ statements });
    },
    async save(file) {
      await ask({ save: file });
    },
    async restore(file) {
      await ask({ restore: file });
    },
    async close() {
      await worker.terminate();
    },
  };
}

export const engines = [
  { name: 'DuckDB', open: laptop },
  { name: 'PostgreSQL', open: pglite },
];
