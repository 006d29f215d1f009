import { DuckDBInstance } from '@duckdb/node-api';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What the load files need of an engine: statements with named parameters, and rows back as text. */
export interface Engine {
  readonly name: string;
  /** Runs one statement; `:name` parameters are bound by the engine. Rows come back as text or null. */
  run(sql: string, parameters?: Record<string, string>): Promise<(string | null)[][]>;
  close(): Promise<void>;
}

const PARAMETER = /(?<![:\w]):([a-z_]+)\b/g;

/** Physical attributes of Redshift tables, which neither engine here has. */
export const withoutPhysicalAttributes = (sql: string): string =>
  sql.replace(/\s+DISTSTYLE\s+(ALL|KEY|EVEN|AUTO)\b/gi, '').replace(/\s+(DISTKEY|SORTKEY)\s*\([^)]*\)/gi, '');

function namesIn(sql: string): string[] {
  return [...new Set([...sql.matchAll(PARAMETER)].map((match) => match[1]))];
}

const asText = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

/** DuckDB in memory with the settings that make it read SQL as Redshift does. */
export async function duckdb(): Promise<Engine> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    `SET integer_division = true; SET default_null_order = 'nulls_last_on_asc_first_on_desc'; SET TimeZone = 'UTC'`,
  );
  return {
    name: 'duckdb',
    async run(sql, parameters = {}) {
      const text = withoutPhysicalAttributes(sql);
      if (/^LOCK\b/i.test(text)) return [];
      const values = Object.fromEntries(namesIn(text).map((name) => [name, parameters[name]]));
      const result = await connection.runAndReadAll(text.replace(PARAMETER, '$$$1'), values);
      return result.getRows().map((row) => row.map(asText));
    },
    async close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

interface Answer {
  id: number;
  rows?: (string | null)[][];
  error?: string;
}

/** PostgreSQL 18 in WebAssembly: the dialect that Redshift descends from. */
export async function pglite(): Promise<Engine> {
  const worker = new Worker(join(__dirname, 'pglite-worker.cjs'));
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  worker.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer));
  return {
    name: 'pglite',
    async run(sql, parameters = {}) {
      const names = namesIn(sql);
      const text = withoutPhysicalAttributes(sql).replace(
        PARAMETER,
        (_, name: string) => `$${names.indexOf(name) + 1}`,
      );
      const id = ++last;
      const answer = await new Promise<Answer>((resolve) => {
        waiting.set(id, resolve);
        worker.postMessage({ id, sql: text, values: names.map((name) => parameters[name]) });
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
  { name: 'DuckDB', open: duckdb },
  { name: 'PostgreSQL', open: pglite },
];
