import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListObjectsV2Command, DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { bootPlatform } from '@carelake/laptop/runtime';
import { clientsFor } from '../../cli/clients';
import { EXIT } from '../../cli/errors';
import type { Names } from '../../cli/folder';
import { namesOf } from '../../cli/laptop';
import type { StartOptions } from '../../cli/source';
import { synthesize } from '../../cli/synthesize';
import { RECEIPTS } from '../../core/lake/names';
import { Random } from '../../synthetic/random';
import { cli, contentsOf, type Outcome, textOf } from '../e2e/laptop';
import { DAMAGES, LOSSES, withWarehouse } from './damage';
import { type End, killHard, Life } from './life';
import { heed } from './message';
import { type Material, materialOf } from './source';

const HOUR_MS = 3_600_000;
/** Starts and mends that messages may ask for, one after the other. */
const PATIENCE = 12;

/** What a round did. */
export interface Played {
  readonly seed: number;
  readonly records: number;
  readonly files: number;
  /** How often each fault was injected. */
  readonly faults: Readonly<Record<string, number>>;
  /** How often a message was followed, by what it asked for. */
  readonly followed: Readonly<Record<string, number>>;
}

/** A round that went wrong: the folder is kept. */
export class RoundFailed extends Error {
  constructor(
    readonly seed: number,
    readonly folder: string,
    cause: Error,
  ) {
    super(`seed ${seed}: ${cause.message}\n  folder: ${folder}\n  again:  npm run chaos -- --minutes 0 --seed ${seed}`);
  }
}

type Clients = ReturnType<typeof clientsFor>;
type Faults = Record<string, (life: Life, clients: Clients, names: Names) => unknown>;

/**
 * One folder, from nothing to the same tables as an undisturbed run: records and files come in pieces, repeated and in any order, while the
 * processes are broken, the folder is damaged between them, and messages are followed.
 * @param lose a loss that nothing can make good
 * @throws RoundFailed
 */
export async function playRound(seed: number, lose?: keyof typeof LOSSES): Promise<Played> {
  const home = mkdtempSync(join(tmpdir(), `carelake-chaos-${seed}-`));
  try {
    const played = await new Round(seed, home).play(lose && LOSSES[lose]);
    rmSync(home, { recursive: true, force: true });
    return played;
  } catch (error) {
    throw new RoundFailed(seed, home, error as Error);
  }
}

class Round {
  private readonly random: Random;
  private readonly material: Material;
  private readonly dataDir: string;
  private readonly keySecretFile: string;
  private readonly faults: Record<string, number> = {};
  private readonly followed: Record<string, number> = {};
  /** Records and files that are not acknowledged yet, by their places. */
  private waiting: number[];
  private unlanded: number[];
  private skewMs = 0;
  /** Whether the last process was told that its disk is full: it is left to end by itself, or in order. */
  private full = false;

  constructor(
    private readonly seed: number,
    private readonly home: string,
  ) {
    this.random = new Random(seed, 3);
    this.material = materialOf(seed);
    this.dataDir = join(home, 'data');
    this.keySecretFile = join(home, 'secret.json');
    writeFileSync(this.keySecretFile, JSON.stringify({ key_version: 1, secret: `a secret of chaos, seed ${seed}, no more` }), { mode: 0o600 }); // prettier-ignore
    this.waiting = [...this.material.records.keys()].filter((i) => i >= this.material.network.events);
    this.unlanded = [...this.material.files.keys()];
  }

  async play(loss?: (typeof LOSSES)[keyof typeof LOSSES]): Promise<Played> {
    for (let lives = this.random.between(2, 4); lives > 0; lives--) await this.live();
    this.skewMs = 0;
    await this.finish(loss?.when === 'before the last start' ? loss.lose : undefined);
    if (loss?.when === 'last') await loss.lose(this.dataDir);
    const is = await withWarehouse(this.dataDir, contentsOf);
    refuseDifference(is, await this.undisturbed());
    const { records, files } = this.material;
    return { seed: this.seed, records: records.length, files: files.length, faults: this.faults, followed: this.followed };
  } // prettier-ignore

  private get options(): StartOptions {
    const { patients, events, seed } = this.material.network;
    const { dataDir: data, keySecretFile } = this;
    return { env: 'local', port: 0, json: true, data, keySecretFile, patients, events, seed };
  }

  /** One process among faults, and what is done to the folder after it. */
  private async live(): Promise<void> {
    this.full = false;
    const life = new Life(this.dataDir, this.options, this.skewMs);
    const served = await life.serves();
    if (!served) return this.follow(await life.end());
    const clients = clientsFor(served, served.names.region);
    try {
      for (let steps = this.random.between(3, 9); steps > 0 && !life.isOver; steps--) {
        await this.step(life, clients, served.names);
        await sleep(this.random.below(600));
      }
    } finally {
      for (const client of Object.values(clients)) client.destroy();
    }
    if (life.isOver) return this.follow(await life.end());
    if (!this.full && this.random.chance(0.6)) {
      this.note('kill');
      await life.kill();
      this.damage();
    } else await this.follow(await life.interrupt());
  }

  private async step(life: Life, clients: Clients, names: Names): Promise<void> {
    const roll = this.random.fraction();
    if (roll < 0.55) return this.send(clients, names, this.random.between(1, 300));
    if (roll < 0.7) return this.land(clients, names);
    const kind = this.random.pick(Object.keys(this.breaks));
    if ((await this.breaks[kind]!(life, clients, names)) !== false) this.note(kind);
  }

  /** Faults of a process that serves; one that answers false found nothing to break. */
  private readonly breaks: Faults = {
    'warehouse-killed': (life) => killAny(this.random, life.helpers('warehouse-host')),
    'function-killed': (life) => killAny(this.random, life.helpers('worker-host')),
    'disk-full': (life) => {
      this.full = true;
      life.suffer({ kind: 'disk-full', operations: this.random.below(150) });
    },
    refused: (life) => life.suffer({ kind: 'refused', writes: this.random.between(1, 3) }),
    'receipts-gone': (_, clients, names) => this.removeReceipts(clients, names),
    'second-start': async () => {
      const { code, stderr } = await this.carelake('start', '--once', '--json', '--port', '0');
      // It may also find that the first has just ended.
      if (code !== EXIT.busy) await this.follow({ code, stderr });
    },
  };

  private damage(): void {
    if (this.random.chance(0.3)) {
      this.note('clock');
      this.skewMs = this.random.between(-3 * HOUR_MS, 3 * HOUR_MS);
    }
    if (!this.random.chance(0.7)) return;
    const kind = this.random.pick(Object.keys(DAMAGES)) as keyof typeof DAMAGES;
    if (!DAMAGES[kind](this.dataDir, this.random)) return;
    this.note(kind);
    // As after a power failure: what was pushed in its last seconds is pushed again.
    if (kind === 'stream-tail') this.sendAgain();
  }

  private sendAgain(): void {
    this.waiting = [...this.material.records.keys()];
  }

  /** Sends records that wait, in any order, and some that were sent before. */
  private async send(clients: Clients, names: Names, n: number): Promise<void> {
    this.random.shuffle(this.waiting);
    const fresh = this.waiting.splice(0, n);
    const repeats = Array.from({ length: this.random.below(40) }, () =>
      this.random.below(this.material.records.length),
    );
    const batch = [...fresh, ...repeats].slice(0, 500);
    this.random.shuffle(batch);
    if (batch.length === 0) return;
    const Records = batch.map((i) => this.material.records[i]!).map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data })); // prettier-ignore
    try {
      const answer = await clients.kinesis.send(new PutRecordsCommand({ StreamName: names.stream, Records }));
      this.waiting.push(...batch.filter((_, at) => answer.Records?.[at]?.SequenceNumber === undefined));
    } catch {
      // The process has ended, or its disk is full: nothing is known of any of them.
      this.waiting.push(...fresh);
    }
  }

  /** Puts a file that waits, or once more one that was put. */
  private async land(clients: Clients, names: Names): Promise<void> {
    const again = this.unlanded.length === 0 || this.random.chance(0.2);
    const at = again ? this.random.below(this.material.files.length) : this.random.pick(this.unlanded);
    const { key, body, mtime } = this.material.files[at]!;
    try {
      await clients.s3.send(new PutObjectCommand({ Bucket: names.buckets.landing, Key: key, Body: body, Metadata: { mtime } })); // prettier-ignore
      this.unlanded = this.unlanded.filter((other) => other !== at);
    } catch {
      // As above.
    }
  }

  private async removeReceipts({ s3 }: Clients, names: Names): Promise<boolean> {
    const Bucket = names.buckets.control;
    try {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: RECEIPTS }));
      const some = Contents.slice(0, this.random.between(1, 3));
      for (const { Key } of some) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      return some.length > 0;
    } catch {
      return false;
    }
  }

  /** Sends all that is left, then starts as somebody would who wants to know that all is well. */
  private async finish(lose?: (dataDir: string) => Promise<void>): Promise<void> {
    for (let tries = 0; tries < PATIENCE; tries++) {
      if (this.waiting.length > 0 || this.unlanded.length > 0) {
        await this.sendAll();
        continue;
      }
      await lose?.(this.dataDir);
      const end = await this.carelake('start', '--once', '--json');
      if (isGood(end.code)) return;
      if (lose) throw new Error(end.stderr);
      await this.follow(end);
    }
    throw new Error(`after ${PATIENCE} starts and mends it is not well: ${JSON.stringify(this.followed)}`);
  }

  private async sendAll(): Promise<void> {
    const life = new Life(this.dataDir, this.options, 0);
    const served = await life.serves();
    if (!served) return this.follow(await life.end());
    const clients = clientsFor(served, served.names.region);
    for (let calls = 0; calls < 100 && !life.isOver && this.waiting.length > 0; calls++)
      await this.send(clients, served.names, 450);
    for (let calls = 0; calls < 20 && !life.isOver && this.unlanded.length > 0; calls++)
      await this.land(clients, served.names);
    for (const client of Object.values(clients)) client.destroy();
    await this.follow(await ((await life.answers()) ? life.interrupt() : life.end()));
  }

  /** Does what a process that failed said. */
  private async follow({ code, stderr }: End): Promise<void> {
    if (code === EXIT.interrupted || isGood(code)) return;
    const { way, file } = heed(stderr, code);
    this.followed[way] = (this.followed[way] ?? 0) + 1;
    switch (way) {
      case 'start':
        return;
      case 'send again':
        return this.sendAgain();
      case 'remove':
        return rmSync(file!);
      case 'rebuild':
        return this.mustWork(await this.carelake('rebuild', '--yes', '--json'));
      default:
        return this.whileServing(way);
    }
  }

  private async whileServing(way: 'backfill' | 'replay-failed'): Promise<void> {
    const life = new Life(this.dataDir, this.options, 0);
    if (!(await life.serves())) return this.follow(await life.end());
    const day = (ms: number): string => new Date(Date.now() + ms).toISOString().slice(0, 10);
    const range = way === 'backfill' ? ['--from', day(-48 * HOUR_MS), '--to', day(48 * HOUR_MS)] : [];
    this.mustWork(await this.carelake(way, '--json', ...range));
    await this.follow(await ((await life.answers()) ? life.interrupt() : life.end()));
  }

  private mustWork({ code, stderr }: Outcome): void {
    if (code !== EXIT.ok) throw new Error(`what a message asked for ended with ${code}:\n${stderr.slice(-3000)}`);
  }

  private carelake(command: string, ...args: string[]): Promise<Outcome> {
    const { patients, events, seed } = this.material.network;
    const size = ['--patients', `${patients}`, '--events', `${events}`, '--seed', `${seed}`, '--key-secret-file', this.keySecretFile]; // prettier-ignore
    return cli([command, ...args, '--data', this.dataDir, ...(command === 'start' ? size : [])]);
  }

  /** The tables of a run in which nothing happened. */
  private async undisturbed(): Promise<Record<string, string[]>> {
    const dataDir = join(this.home, 'undisturbed');
    const { assemblyDir } = await synthesize(dataDir, 'local');
    const platform = await bootPlatform({ assemblyDir, dataDir, port: 0, keySecretFile: this.keySecretFile });
    try {
      const { stream, buckets } = namesOf(platform);
      const { kinesis, s3, warehouse } = platform.endpoints;
      const { records, files } = this.material;
      for (let at = 0; at < records.length; at += 500) kinesis.putRecords(stream, records.slice(at, at + 500));
      for (const { key, body, mtime } of files) await s3.put(buckets.landing!, key, body, { metadata: { mtime } });
      await platform.idle({ quietMs: 700 });
      return await contentsOf(async (sql) => textOf((await warehouse.query(sql)).rows));
    } finally {
      await platform.stop();
    }
  }

  private note(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }
}

/** The network plants defects: where few records were left to a start, most of them may be those, which is told and no failure. */
const isGood = (code: number | null): boolean => code === EXIT.ok || code === EXIT.rejected;

function killAny(random: Random, pids: readonly number[]): boolean {
  if (pids.length > 0) killHard(random.pick(pids));
  return pids.length > 0;
}

/** @throws Error naming the tables that differ, and by how many rows; never what is in them */
function refuseDifference(is: Record<string, string[]>, ought: Record<string, string[]>): void {
  const differing = [...new Set([...Object.keys(is), ...Object.keys(ought)])].sort().flatMap((table) => {
    const [missing, added] = [without(ought[table], is[table]), without(is[table], ought[table])];
    return missing + added === 0 ? [] : [`${table}: ${missing} rows are missing, ${added} are too many`];
  });
  if (differing.length > 0)
    throw new Error(`the tables are not those of an undisturbed run:\n  ${differing.join('\n  ')}`);
}

/** How many rows of one table the other lacks, as multisets. */
function without(rows: readonly string[] = [], others: readonly string[] = []): number {
  const left = new Map<string, number>();
  for (const row of others) left.set(row, (left.get(row) ?? 0) + 1);
  let lacking = 0;
  for (const row of rows) {
    const n = left.get(row) ?? 0;
    if (n === 0) lacking++;
    else left.set(row, n - 1);
  }
  return lacking;
}
