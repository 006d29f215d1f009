import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@carelake/laptop/clock';
import { openKinesisStore } from '@carelake/laptop/endpoints/kinesis-store';
import type { KinesisStore, LostRecords } from '@carelake/laptop/endpoints/kinesis-types';
import { ShardLog } from '@carelake/laptop/endpoints/shard-log';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carelake-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const entries = (from: number, count: number, size = 20) =>
  Array.from({ length: count }, (_, i) => ({
    partitionKey: `k${from + i}`,
    data: Buffer.from(String(from + i).padEnd(size, '.')),
  }));
const numbers = (log: ShardLog, from = 0, limit = 1e6): number[] =>
  log.read(from, limit, 1e9).map((r) => Number(r.data.toString().replace(/\.+$/, '')));
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test('records survive reopening; any ordinal can be read; segments follow one another', () => {
  const log = new ShardLog(folder, 10_000);
  for (let i = 0; i < 2000; i += 100) log.append(entries(i, 100), 1000 + i);
  log.close();
  expect(readdirSync(folder).length).toBeGreaterThan(5);
  const again = new ShardLog(folder, 10_000);
  expect(again.end).toBe(2000);
  expect(numbers(again)).toEqual(range(0, 2000));
  for (const from of [0, 1, 255, 256, 257, 999, 1999])
    expect(numbers(again, from, 3)).toEqual(range(from, Math.min(from + 3, 2000)));
  expect(numbers(again, 2000)).toEqual([]);
  expect(again.ordinalAt(0)).toBe(0);
  expect(again.ordinalAt(1100)).toBe(100);
  expect(again.ordinalAt(1101)).toBe(200);
  expect(again.ordinalAt(9999)).toBe(2000);
  again.close();
});

test('a read stops at its bytes, but gives at least one record', () => {
  const log = new ShardLog(folder);
  log.append(entries(0, 10, 1000), 0);
  expect(log.read(0, 10, 3100)).toHaveLength(3);
  expect(log.read(0, 10, 1)).toHaveLength(1);
  log.close();
});

test.each([1, 7, 8, 12, 30])(
  'a frame torn %i bytes before its end is cut off, and writing goes on after the last whole one',
  (missing) => {
    const log = new ShardLog(folder);
    log.append(entries(0, 300), 5);
    log.close();
    const [file = ''] = readdirSync(folder);
    const path = join(folder, file);
    truncateSync(path, statSync(path).size - missing);
    const again = new ShardLog(folder);
    expect(again.end).toBe(299);
    again.append(entries(299, 2), 6);
    expect(numbers(again)).toEqual(range(0, 301));
    again.close();
  },
);

test('garbage after the last frame, and a frame whose bytes changed, are cut off', () => {
  const log = new ShardLog(folder);
  log.append(entries(0, 10), 5);
  log.close();
  const path = join(folder, readdirSync(folder)[0] ?? '');
  appendFileSync(path, Buffer.concat([Buffer.from([40, 0, 0, 0, 1, 2, 3, 4]), Buffer.alloc(40, 9)]));
  const again = new ShardLog(folder);
  expect(again.end).toBe(10);
  again.close();
});

test('retention removes whole old segments; reading then starts with the oldest that is kept', () => {
  const log = new ShardLog(folder, 1000);
  for (let i = 0; i < 100; i += 10) log.append(entries(i, 10, 100), i * 1000);
  log.trim(50_000);
  expect(log.start).toBeGreaterThan(0);
  expect(log.start).toBeLessThanOrEqual(50);
  expect(numbers(log, 0)).toEqual(range(log.start, 100));
  log.close();
  const again = new ShardLog(folder, 1000);
  expect(numbers(again, 0)).toEqual(range(again.start, 100));
  again.close();
});

test('a stream keeps its sequence numbers over a restart and does not change its shards under its records', () => {
  const options = { clock: new VirtualClock(), region: 'us-east-1', account: '0' };
  const store = openKinesisStore(folder, options);
  store.createStream('s', 2, 24);
  const before = store.putRecords('s', [{ partitionKey: 'a', data: Buffer.from('1') }]);
  store.close();
  const again = openKinesisStore(folder, options);
  expect(() => again.createStream('s', 3, 24)).toThrow(/has 2 shards .* asks for 3/);
  again.createStream('s', 2, 48);
  expect(again.describe('s')?.retentionHours).toBe(48);
  const after = again.putRecords('s', [{ partitionKey: 'a', data: Buffer.from('2') }]);
  expect(after[0]?.shardId).toBe(before[0]?.shardId);
  expect(BigInt(after[0]?.sequenceNumber ?? 0)).toBe(BigInt(before[0]?.sequenceNumber ?? 0) + 1n);
  again.close();
});

/** Puts numbered records for ever, and prints the last number whose call returned. */
const WRITER = `
const { ShardLog } = require(process.env.LOG_MODULE);
const log = new ShardLog(process.env.LOG_FOLDER, 200000);
let n = log.end;
setInterval(() => {
  for (let i = 0; i < 50; i++) { log.append(Array.from({ length: 20 }, () => ({ partitionKey: 'k', data: Buffer.from(String(n++).padEnd(200, '.')) })), n); }
  require('fs').writeSync(1, n + '\\n');
}, 1);`;

test('killed with -9 again and again while it writes, it loses nothing that was acknowledged', async () => {
  let acknowledged = 0;
  for (let round = 0; round < 4; round++) {
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', WRITER], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, LOG_MODULE: require.resolve('@carelake/laptop/endpoints/shard-log'), LOG_FOLDER: folder },
    });
    let lines = 0;
    for await (const chunk of child.stdout) {
      const said = String(chunk).trim().split('\n').map(Number);
      acknowledged = Math.max(acknowledged, ...said);
      lines += said.length;
      if (lines > 5) break;
    }
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const log = new ShardLog(folder, 200_000);
    expect(log.end).toBeGreaterThanOrEqual(acknowledged);
    expect(numbers(log)).toEqual(range(0, log.end));
    log.close();
  }
  expect(acknowledged).toBeGreaterThan(1000);
});

describe('numbers after a loss', () => {
  const options = { clock: new VirtualClock(), region: 'us-east-1', account: '0' };
  const put = (store: KinesisStore, from: number, count: number): string[] =>
    store.putRecords('s', entries(from, count)).map((r) => r.sequenceNumber);
  const open = (settled = 0): { store: KinesisStore; lost: LostRecords[] } => {
    const store = openKinesisStore(folder, options);
    store.createStream('s', 1, 24);
    return { store, lost: store.goOnAbove('s', () => settled) };
  };
  const shard = (): string => join(folder, 's', 'shardId-000000000000');
  /** Takes records from the end of the log, as a power failure may. */
  const cut = (records: number, of: number): void => {
    const path = join(shard(), readdirSync(shard()).sort().at(-1)!);
    truncateSync(path, Math.floor(statSync(path).size * (1 - records / of)));
  };
  const read = (store: KinesisStore): number[] => {
    const found: number[] = [];
    const end = store.end('s', 'shardId-000000000000');
    for (let from = 0; from < end;) {
      const { records, next } = store.read('s', 'shardId-000000000000', from, 1000);
      found.push(...records.map((r) => parseInt(r.data.toString(), 10)));
      expect(next).toBeGreaterThan(from);
      from = next;
    }
    return found;
  };

  test('a log that a reader is ahead of goes on above the reader, tells what is lost, and is read over the gap for ever', () => {
    const first = open();
    const given = put(first.store, 0, 1000);
    first.store.close();
    cut(300, 1000);
    const second = open(1000);
    expect(second.lost).toEqual([{ shardId: 'shardId-000000000000', from: given[700], to: given[999] }]);
    const later = put(second.store, 1000, 500);
    expect(later[0]! > given.at(-1)!).toBe(true);
    expect(read(second.store)).toEqual([...range(0, 700), ...range(1000, 1500)]);
    second.store.close();
    const third = open(1500);
    expect(third.lost).toEqual([]);
    put(third.store, 1500, 10);
    expect(read(third.store)).toEqual([...range(0, 700), ...range(1000, 1510)]);
    expect(third.store.runs('s', 'shardId-000000000000').map((run) => run.to - run.from)).toEqual([700, 510]);
    third.store.close();
  });

  test('numbers that were acknowledged come to no other record, also where no reader had come so far and the stop was none', () => {
    const killed = open();
    const given = put(killed.store, 0, 1000);
    // No close: a power failure. What it left of the log reaches further than any reader.
    cut(300, 1000);
    const next = open(100);
    expect(put(next.store, 1000, 500).filter((number) => given.includes(number))).toEqual([]);
    expect(read(next.store)).toEqual([...range(0, 700), ...range(1000, 1500)]);
    next.store.close();
    killed.store.close();
  });

  test('a whole log after a stop in order goes on without a gap', () => {
    const first = open();
    const given = put(first.store, 0, 10);
    first.store.close();
    const second = open(10);
    expect(second.lost).toEqual([]);
    expect(BigInt(put(second.store, 10, 1)[0]!)).toBe(BigInt(given.at(-1)!) + 1n);
    second.store.close();
  });
});
