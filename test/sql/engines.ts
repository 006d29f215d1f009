import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { parameterNames } from '../../core/warehouse/sql';
import { RealClock } from '@carelake/laptop/clock';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { openWarehouse } from '@carelake/laptop/engines/warehouse';

/** What the load files need of an engine: transactions with named parameters, and rows back as text. */
export interface Engine {
  readonly name: string;
  /** Runs statements on a session of their own, all or none; temporary tables end with it. `role`: whose grants hold (laptop only). @returns rows of the last one */
  batch(sqls: readonly string[], parameters?: Record<string, string>, role?: string): Promise<(string | null)[][]>;
  close(): Promise<void>;
}

const asText = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

/** The laptop's warehouse: DuckDB behind the dialect's allow-list. */
export async function laptop(): Promise<Engine> {
  const dataDir = mkdtempSync(join(tmpdir(), 'carelake-sql-'));
  const warehouse = await openWarehouse({ dataDir, s3: await openS3Store(dataDir, new RealClock()), memory: '1GB' });
  return {
    name: 'duckdb',
    async batch(sqls, values = {}, role) {
      const used = new Set(sqls.flatMap(parameterNames));
      const parameters = [...used].map((name) => ({ name, value: values[name] }));
      const results = await warehouse.run(sqls, { parameters, role });
      return (results.at(-1)?.rows ?? []).map((row) => row.map(asText));
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
      const id = ++last;
      const answer = await new Promise<Answer>((resolve) => {
        waiting.set(id, resolve);
        worker.postMessage({ id, statements });
      });
      waiting.delete(id);
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.rows ?? [];
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
