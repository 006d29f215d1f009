import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { bootPlatform, type Platform } from '@carelake/laptop/runtime';
import { namesOf, servedHere } from '../../cli/laptop';
import { clientsFor } from '../../cli/clients';
import { putRecords } from '../../cli/put-records';
import { readRun, servedBy, type Served } from '../../cli/folder';
import { queryServed } from '../../cli/sql';
import { parseSql } from '../../core/warehouse/sql';
import { ROOT, textOf, type Query } from './laptop';

const NOT_COPIED = new Set(
  ['.git', 'node_modules', 'build', 'cdk.out', '.carelake', '.venv', '.node24', 'reports', 'coverage'],
); // prettier-ignore

/** What a command said and how it ended. */
export interface Said {
  readonly code: number | null;
  readonly out: string;
}

/** A copy of the project in which somebody adds an entity, and what they type there. */
export class ProjectCopy {
  readonly root = mkdtempSync(join(tmpdir(), 'carelake-new-entity-'));
  readonly dataDir = join(this.root, '.carelake', 'demo');
  private serving = Promise.resolve();

  constructor() {
    for (const name of readdirSync(ROOT))
      if (!NOT_COPIED.has(name)) cpSync(join(ROOT, name), join(this.root, name), { recursive: true });
    // The packages are those of the project, but its own one is the copy's.
    const packages = join(this.root, 'node_modules');
    mkdirSync(join(packages, '@carelake'), { recursive: true });
    for (const name of readdirSync(join(ROOT, 'node_modules')))
      if (name !== '@carelake') symlinkSync(join(ROOT, 'node_modules', name), join(packages, name));
    symlinkSync(join('..', '..', 'packages', 'laptop'), join(packages, '@carelake', 'laptop'));
  }

  /** Starts shell commands as somebody types them. */
  spawn(commands: string): ChildProcess {
    const env = { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '', CI: 'true' };
    return spawn('bash', ['-ec', commands], { cwd: this.root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async run(commands: string): Promise<Said> {
    const child = this.spawn(commands);
    const said = listen(child);
    const code = await new Promise<number | null>((done) => child.on('close', done));
    return { code, out: said() };
  }

  /** @returns what was said. @throws Error where the commands fail */
  async must(commands: string): Promise<string> {
    const { code, out } = await this.run(commands);
    if (code !== 0) throw new Error(`${commands}\nended with ${code}:\n${out}`);
    return out;
  }

  /** Serves until it is told to stop or killed. @param commands those of the page */
  async serve(commands: string): Promise<void> {
    const child = this.spawn(commands);
    const said = listen(child);
    this.serving = new Promise((done) => child.on('close', () => done()));
    while (!said().includes('Serving at')) {
      if (child.exitCode !== null) throw new Error(`${commands}\nended before it served:\n${said()}`);
      await sleep(50);
    }
  }

  /** Ends what serves: by `SIGKILL` as a power cut would, and waits until it is gone. */
  async end(signal: 'SIGKILL' | 'SIGINT'): Promise<void> {
    process.kill(servedBy(this.dataDir)!.pid, signal);
    await this.serving;
  }

  /** Puts records into the stream of what serves, by the SDK's PutRecords. */
  push(lines: readonly string[]): Promise<void> {
    return put(servedBy(this.dataDir)!, readRun(this.dataDir)!.names!, lines);
  }

  /** Asks what serves, through the Data API. */
  readonly ask: Query = async (sql) =>
    (await queryServed(servedBy(this.dataDir)!, readRun(this.dataDir)!.names!, sql)).rows;

  /** Waits until so many records have been loaded in all. */
  async loaded(records: number): Promise<void> {
    while ((await this.reads()) < records) await sleep(100);
  }

  /** How many records the loads have read. */
  async reads(): Promise<number> {
    return Number((await this.ask('SELECT coalesce(sum("read"), 0) FROM ops.conservation'))[0][0]);
  }

  /** Edits a file. @returns what undoes it. @throws Error where the file does not hold the text */
  edit(path: string, from: string | RegExp, to: string): () => void {
    const file = join(this.root, path);
    const text = readFileSync(file, 'utf8');
    const edited = text.replace(from, to);
    if (edited === text) throw new Error(`${path} does not hold ${from}`);
    writeFileSync(file, edited);
    return () => writeFileSync(file, text);
  }

  /** Statements of all checks, by file. */
  checks(): [string, string][] {
    return ['sql/checks', 'sql/generated/checks'].flatMap((folder) =>
      readdirSync(join(this.root, folder)).map((name): [string, string] => [
        name,
        parseSql(name, readFileSync(join(this.root, folder, name), 'utf8')).statements[0],
      ]),
    );
  }
}

function listen(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  return () => text;
}

async function put(served: Served, names: { stream: string; region: string }, lines: readonly string[]): Promise<void> {
  const { kinesis, s3, redshift } = clientsFor(served, names.region);
  // One partition key, so that the order of the lines is that of the stream.
  await putRecords(
    kinesis,
    names.stream,
    lines.map((line) => ({ partitionKey: '1', data: Buffer.from(line) })),
  );
  for (const client of [kinesis, s3, redshift]) client.destroy();
}

/** A platform in this process, on what a copy synthesized. */
export class Booted {
  private constructor(
    readonly platform: Platform,
    readonly query: Query,
  ) {}

  static async on(assemblyDir: string, dataDir: string): Promise<Booted> {
    const platform = await bootPlatform({ assemblyDir, dataDir, port: 0 });
    const query: Query = async (sql) => textOf((await platform.endpoints.warehouse.query(sql)).rows);
    return new Booted(platform, query);
  }

  push(lines: readonly string[]): Promise<void> {
    return put(servedHere(this.platform), namesOf(this.platform), lines);
  }

  /** Removes the receipts, plans and state of all loads, as for a warehouse that was lost. */
  async forgetLoads(): Promise<void> {
    const names = namesOf(this.platform);
    const { kinesis, s3, redshift } = clientsFor(servedHere(this.platform), names.region);
    const Bucket = names.buckets.control;
    for (const Prefix of ['_ledger/', 'loads/']) {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
      for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    }
    for (const client of [kinesis, s3, redshift]) client.destroy();
  }
}

/** The shell blocks of a page by the name in the comment above each; one without a comment has the name `unmarked`. */
export function blocksOf(page: string): Record<string, string> {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const found = [...text.matchAll(/(?:<!-- run: (\w+) -->\n\n)?```sh\n([\s\S]*?)\n```/g)];
  return Object.fromEntries(found.map(([, name = 'unmarked', commands]) => [name, commands]));
}
