import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnswersDocument } from '../../cli/answers';
import { readRun, type RunState, servedBy } from '../../cli/folder';
import { queryFolder } from '../../cli/laptop';
import { textOf } from '../../cli/output';
import { openReadOnly } from '@carelake/laptop/engines/warehouse';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
export const ROOT = join(__dirname, '..', '..');

/** What a finished command left behind. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A command of the real command line in a process of its own. */
export class Cli {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  private readonly ended: Promise<number | null>;

  constructor(args: string[], options: { cwd?: string; input?: string | Buffer } = {}) {
    this.child = spawn(process.execPath, [join(ROOT, 'cli/carelake.js'), ...args], {
      cwd: options.cwd ?? ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
    });
    this.child.stdin!.on('error', () => undefined);
    this.child.stdin!.end(options.input ?? '');
    this.child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((done) => this.child.on('close', (code) => done(code)));
  }

  async done(): Promise<Outcome> {
    return { code: await this.ended, stdout: this.stdout, stderr: this.stderr };
  }

  /** Waits until something holds, and fails with what was said if the command ends before. */
  async until<T>(what: string, probe: () => T | undefined | Promise<T | undefined>, ms = 150_000): Promise<T> {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = await probe();
      if (found !== undefined) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended before ${what}:\n${this.stderr}\n${this.stdout}`);
      if (Date.now() > deadline) throw new Error(`no ${what} after ${ms} ms:\n${this.stderr}`);
      await sleep(20);
    }
  }

  /** Ends the process as a power cut would, and waits until it is gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Ends a serving process as a user does. */
  async interrupt(): Promise<Outcome> {
    this.child.kill('SIGINT');
    return this.done();
  }
}

export const cli = (args: string[], options?: { cwd?: string; input?: string | Buffer }): Promise<Outcome> =>
  new Cli(args, options).done();

/** Runs a command that must work. */
export async function must(args: string[], options?: { input?: string | Buffer }): Promise<string> {
  const outcome = await cli(args, options);
  if (outcome.code !== 0) throw new Error(`carelake ${args.join(' ')} ended with ${outcome.code}:\n${outcome.stderr}`);
  return outcome.stdout;
}

export const newFolder = (name: string): string => join(mkdtempSync(join(tmpdir(), `carelake-${name}-`)), 'data');

/** A key secret, so that two folders make the same keys. */
export function keySecretFile(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'carelake-key-')), 'secret.json');
  writeFileSync(file, JSON.stringify({ key_version: 1, secret: 'a secret of the tests, 32 characters and more' }), {
    mode: 0o600,
  });
  return file;
}

/** Starts serving and waits for the answers. */
export async function serve(args: string[]): Promise<{ process: Cli; document: AnswersDocument }> {
  const process = new Cli(['start', '--json', '--port', '0', ...args]);
  const line = await process.until('answers', () => (process.stdout.includes('\n') ? process.stdout : undefined));
  return { process, document: JSON.parse(line) as AnswersDocument };
}

export const runOf = (dataDir: string): RunState => readRun(dataDir)!;
export const endpointOf = (dataDir: string): NonNullable<ReturnType<typeof servedBy>> => servedBy(dataDir)!;

/** Rows of a query on a folder that nobody serves. */
export async function rowsOf(dataDir: string, sql: string): Promise<unknown[][]> {
  return (await queryFolder(dataDir, runOf(dataDir).names!, sql)).rows;
}

export { textOf };

/** Views of gold by the files that make them, sorted. */
export const goldViews = (): string[] =>
  [
    ...readdirSync(join(ROOT, 'sql/generated/views')).filter((file) => file.startsWith('gold_phi.')),
    ...readdirSync(join(ROOT, 'sql/marts')).map((file) => `gold_phi.${file}`),
  ]
    .map((file) => file.replace('.sql', ''))
    .sort();

/** Asks a warehouse, served or not. */
export type Query = (sql: string) => Promise<unknown[][]>;

/**
 * Every row of every table and view of core and gold, lineage aside, as comparable text. `load_id` is the one column that
 * may differ between two ways to the same data.
 * @param source only rows of this source system, of the tables that know one
 */
export async function contentsOf(query: Query, source?: string): Promise<Record<string, string[]>> {
  const columns = await query(
    `SELECT table_schema, table_name, column_name FROM information_schema.columns WHERE table_schema IN ('core', 'gold_phi') AND column_name <> 'load_id' ORDER BY 1, 2, 3`,
  );
  const tables = new Map<string, string[]>();
  for (const [schema, table, column] of columns as string[][])
    tables.set(`${schema}.${table}`, [...(tables.get(`${schema}.${table}`) ?? []), column!]);
  const contents: Record<string, string[]> = {};
  for (const [table, names] of tables) {
    if (source !== undefined && !names.includes('source_system')) continue;
    const where = source === undefined ? '' : ` WHERE source_system = '${source}'`;
    const rows = await query(`SELECT ${names.map((name) => `"${name}"`).join(', ')} FROM ${table}${where}`);
    contents[table] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return contents;
}

/** How many events the warehouse has read. */
export const readSoFar = async (query: Query): Promise<number> =>
  Number((await query('SELECT coalesce(sum("read"), 0) FROM ops.conservation'))[0]![0]);

/** Waits until the warehouse has read so many events. */
export async function untilRead(query: Query, total: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if ((await readSoFar(query)) >= total) return;
    await sleep(200);
  }
  throw new Error(
    `the warehouse never read ${total} events: ${JSON.stringify(await query('SELECT * FROM ops.conservation'))}`,
  );
}

/** The same of a folder that nobody serves, which is opened once: opening it takes longer than most tables. */
export async function tablesOf(dataDir: string): Promise<Record<string, string[]>> {
  const warehouse = await openReadOnly(dataDir);
  try {
    return await contentsOf(async (sql) => textOf((await warehouse.query(sql)).rows));
  } finally {
    await warehouse.close();
  }
}
