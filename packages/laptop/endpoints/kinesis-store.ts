import { hash } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock';
import { refuseFull } from '../disk';
import type { Count } from '../engines/metrics';
import { EndpointError } from './errors';
import { readState, type StateKind, writeAtomically } from './files';
import { Numbers } from './shard-numbers';
import { ShardLog } from './shard-log';
import type {
  KinesisStore,
  LostRecords,
  PutRecord,
  ShardSummary,
  StartPosition,
  StoredRecord,
  StreamSummary,
} from './kinesis-types';

export type { KinesisStore, PutRecord, ShardSummary, StartPosition, StreamSummary } from './kinesis-types';

/** Largest answer to one read, in bytes of keys and data. */
export const MAX_READ_BYTES = 10 * 1024 * 1024;
const HASHES = 1n << 128n;
const TRIM_EVERY_MS = 600_000;

interface Shard {
  readonly summary: ShardSummary;
  readonly log: ShardLog;
  readonly numbers: Numbers;
  /** What stands before the ordinal in a sequence number. */
  readonly prefix: string;
}
interface Stream {
  readonly summary: StreamSummary;
  readonly shards: Shard[];
  trimmedAt: number;
}

/** Opens the streams under a folder. */
export function openKinesisStore(
  folder: string,
  options: { clock: Clock; region: string; account: string; segmentBytes?: number; count?: Count },
): KinesisStore {
  return new FileKinesisStore(
    folder,
    options.clock,
    `arn:aws:kinesis:${options.region}:${options.account}:stream/`,
    options.segmentBytes,
    options.count,
  );
}

const STREAM: StateKind<StreamSummary> = {
  what: 'the description of a stream',
  mend: 'restore this file from a copy; without one the records of the stream cannot be read: carelake wipe, or start another folder with --data DIR',
  valid: ({ name, arn, createdAt, shards }) =>
    typeof name === 'string' && typeof arn === 'string' && Number.isFinite(createdAt) && Array.isArray(shards),
};

class FileKinesisStore implements KinesisStore {
  private readonly streams = new Map<string, Stream>();
  private readonly listeners = new Set<(stream: string, shardId: string) => void>();

  constructor(
    private readonly folder: string,
    private readonly clock: Clock,
    private readonly arnPrefix: string,
    private readonly segmentBytes?: number,
    private readonly count?: Count,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      const summary = readState(join(folder, name, 'stream.json'), STREAM);
      if (summary) this.open(summary);
    }
  }

  createStream(name: string, shards: number, retentionHours: number): StreamSummary {
    const existing = this.streams.get(name)?.summary;
    if (existing && existing.shards.length !== shards)
      throw new EndpointError(
        'ResourceInUseException',
        `stream ${name} has ${existing.shards.length} shards in this data folder but the template asks for ${shards}; the shards of a folder with records cannot change`,
      );
    const createdAt = existing?.createdAt ?? this.clock.now();
    const summary: StreamSummary = {
      name,
      arn: this.arnPrefix + name,
      createdAt,
      retentionHours,
      shards: existing?.shards ?? shardsOf(shards, createdAt),
    };
    mkdirSync(join(this.folder, name), { recursive: true, mode: 0o700 });
    writeAtomically(join(this.folder, name, 'stream.json'), JSON.stringify(summary));
    if (existing) this.closeShards(this.stream(name));
    return this.open(summary);
  }

  describe(name: string): StreamSummary | undefined {
    return this.streams.get(name)?.summary;
  }

  list(): string[] {
    return [...this.streams.keys()].sort();
  }

  shardOf(name: string, record: PutRecord): string {
    const { shards } = this.stream(name);
    return shards[shardFor(record, shards.length)]!.summary.shardId;
  }

  putRecords(name: string, records: readonly PutRecord[]): { shardId: string; sequenceNumber: string }[] {
    if (records.length === 0) return [];
    const stream = this.stream(name);
    refuseFull(this.folder);
    const now = this.clock.now();
    const homes = records.map((r) => shardFor(r, stream.shards.length));
    const answers = new Array<{ shardId: string; sequenceNumber: string }>(records.length);
    const written: string[] = [];
    stream.shards.forEach((shard, i) => {
      const mine = homes.flatMap((home, at) => (home === i ? [at] : []));
      if (mine.length === 0) return;
      shard.numbers.take(shard.log.end + mine.length);
      const first = shard.log.append(
        mine.map((at) => records[at] as PutRecord),
        now,
      );
      mine.forEach((at, k) => {
        answers[at] = { shardId: shard.summary.shardId, sequenceNumber: sequenceNumber(shard, first + k) };
      });
      written.push(shard.summary.shardId);
    });
    this.count?.({
      namespace: 'AWS/Kinesis',
      name: 'IncomingRecords',
      dimensions: { StreamName: name },
      value: records.length,
    });
    if (now - stream.trimmedAt > TRIM_EVERY_MS) {
      stream.trimmedAt = now;
      for (const shard of stream.shards) shard.log.trim(now - stream.summary.retentionHours * 3_600_000);
    }
    for (const shardId of written) for (const listener of this.listeners) listener(name, shardId);
    return answers;
  }

  locate(name: string, shardId: string, position: StartPosition): number {
    const shard = this.shard(name, shardId);
    switch (position.type) {
      case 'TRIM_HORIZON':
        return shard.log.start;
      case 'LATEST':
        return shard.log.end;
      case 'AT_TIMESTAMP':
        return shard.log.ordinalAt(position.timestamp);
      default: {
        const { sequenceNumber: sought } = position;
        const ordinal = Number(sought.slice(shard.prefix.length));
        if (
          !sought.startsWith(shard.prefix) ||
          sought.length !== shard.summary.startingSequenceNumber.length ||
          !(ordinal <= shard.log.end)
        )
          throw new EndpointError(
            'InvalidArgumentException',
            `sequence number does not belong to shard ${shardId} in stream ${name}`,
          );
        return position.type === 'AT_SEQUENCE_NUMBER' ? ordinal : ordinal + 1;
      }
    }
  }

  read(name: string, shardId: string, from: number, limit: number): { records: StoredRecord[]; next: number } {
    const shard = this.shard(name, shardId);
    const first = shard.log.firstFrom(from);
    const found = shard.log.read(first, limit, MAX_READ_BYTES);
    const records = found.map((r, i) => ({ ...r, sequenceNumber: sequenceNumber(shard, first + i) }));
    return { records, next: first + records.length };
  }

  millisBehindLatest(name: string, shardId: string, ordinal: number): number {
    const { log } = this.shard(name, shardId);
    const now = this.clock.now();
    return ordinal < log.end ? Math.max(0, now - (log.read(ordinal, 1, 0)[0]?.arrivedAt ?? now)) : 0;
  }

  end(name: string, shardId: string): number {
    return this.shard(name, shardId).log.end;
  }

  runs(name: string, shardId: string): { from: number; to: number }[] {
    return this.shard(name, shardId).log.runs();
  }

  sequenceNumber(name: string, shardId: string, ordinal: number): string {
    return sequenceNumber(this.shard(name, shardId), ordinal);
  }

  async synced(name: string): Promise<void> {
    await Promise.all(this.stream(name).shards.map((shard) => shard.log.sync()));
  }

  goOnAbove(name: string, settled: (shardId: string) => number): LostRecords[] {
    return this.stream(name).shards.flatMap((shard) => {
      const held = shard.log.runs().at(-1)?.to ?? shard.log.start;
      const known = Math.max(settled(shard.summary.shardId), shard.numbers.acknowledged);
      const next = Math.max(shard.numbers.next(shard.log.end), known);
      const isShort = known > shard.log.end;
      shard.log.goOnAt(next);
      const at = (ordinal: number): string => sequenceNumber(shard, ordinal);
      return isShort ? [{ shardId: shard.summary.shardId, from: at(held), to: at(next - 1) }] : [];
    });
  }

  onAppend(listener: (stream: string, shardId: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    for (const stream of this.streams.values()) this.closeShards(stream);
    this.streams.clear();
    this.listeners.clear();
  }

  private closeShards({ shards }: Stream): void {
    for (const { log, numbers } of shards) {
      numbers.close(log.end);
      log.close();
    }
  }

  private open(summary: StreamSummary): StreamSummary {
    const shards = summary.shards.map((s) => ({
      summary: s,
      log: new ShardLog(join(this.folder, summary.name, s.shardId), this.segmentBytes),
      numbers: new Numbers(join(this.folder, summary.name, `${s.shardId}.json`)),
      prefix: s.startingSequenceNumber.slice(0, -ORDINAL_DIGITS),
    }));
    this.streams.set(summary.name, { summary, shards, trimmedAt: this.clock.now() });
    return summary;
  }

  private stream(name: string): Stream {
    const stream = this.streams.get(name);
    if (!stream)
      throw new EndpointError(
        'ResourceNotFoundException',
        `Stream ${name} under account ${this.arnPrefix.split(':')[4]} not found.`,
      );
    return stream;
  }

  private shard(name: string, shardId: string): Shard {
    const shard = this.stream(name).shards.find((s) => s.summary.shardId === shardId);
    if (!shard)
      throw new EndpointError('ResourceNotFoundException', `Shard ${shardId} in stream ${name} does not exist`);
    return shard;
  }
}

const ORDINAL_DIGITS = 16;
const sequenceNumber = (shard: Shard, ordinal: number): string =>
  shard.prefix + String(ordinal).padStart(ORDINAL_DIGITS, '0');

/**
 * Equal ranges of the 128-bit hash space. A sequence number is 49, the stream's birth, the shard, the ordinal: a stream that is made
 * again never repeats one, since objects in the lake are named after them.
 */
function shardsOf(count: number, createdAt: number): ShardSummary[] {
  const width = HASHES / BigInt(count);
  return Array.from({ length: count }, (_, i) => ({
    shardId: `shardId-${String(i).padStart(12, '0')}`,
    startingHashKey: String(width * BigInt(i)),
    endingHashKey: String(i === count - 1 ? HASHES - 1n : width * BigInt(i + 1) - 1n),
    startingSequenceNumber: `49${String(createdAt).padStart(13, '0')}${String(i).padStart(5, '0')}${'0'.repeat(ORDINAL_DIGITS)}`,
  }));
}

function shardFor(record: PutRecord, shards: number): number {
  if (shards === 1) return 0;
  const point =
    record.explicitHashKey === undefined
      ? BigInt(`0x${hash('md5', record.partitionKey, 'hex')}`)
      : BigInt(record.explicitHashKey);
  return Math.min(shards - 1, Number(point / (HASHES / BigInt(shards))));
}
