import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { VirtualClock } from '@carelake/laptop/clock';
import { disk, watchDisk, type DiskOperation } from '@carelake/laptop/disk';
import { Checkpoint } from '@carelake/laptop/engines/checkpoints';
import { openKinesisStore } from '@carelake/laptop/endpoints/kinesis-store';
import { openEndpoints, type Opened } from './open';

let opened: Opened;
let done: string[];
let end: () => void;
const start = async (durable: boolean): Promise<void> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'carelake-durable-'));
  done = [];
  const before = (operation: DiskOperation, path: string): void => {
    const name = relative(dataDir, path).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id');
    done.push(`${operation} ${name}`);
  };
  end = watchDisk(dataDir, { durable, before });
  opened = await openEndpoints({ dataDir });
  opened.endpoints.s3.createBucket('lake');
  opened.endpoints.kinesis.createStream('events', 1, 24);
  await opened.clients.kinesis.send(putting(1));
  done = [];
};
afterEach(async () => {
  await opened.close();
  end();
});
const putting = (count: number): PutRecordsCommand =>
  new PutRecordsCommand({
    StreamName: 'events',
    Records: Array.from({ length: count }, (_, i) => ({ PartitionKey: 'k', Data: Buffer.from(String(i)) })),
  });
const LOG = 'kinesis/events/shardId-000000000000/0000000000000000.log';

test('durable: records are synced before they are acknowledged, all that come together by one sync', async () => {
  await start(true);
  await opened.clients.kinesis.send(putting(500));
  expect(done).toEqual([`write ${LOG}`, `sync ${LOG}`]);
  done = [];
  const { kinesis } = opened.endpoints;
  const acknowledged = Array.from({ length: 20 }, () => {
    kinesis.putRecords('events', [{ partitionKey: 'k', data: Buffer.from('x') }]);
    return kinesis.synced('events');
  });
  await Promise.all(acknowledged);
  // The first begins at once; what was appended while it ran shares the second.
  expect(done.filter((d) => d.startsWith('sync'))).toHaveLength(2);
  expect(done.at(-1)).toBe(`sync ${LOG}`);
});

test('durable: an object is synced before it has its name, and the name before the answer', async () => {
  await start(true);
  await opened.clients.s3.send(new PutObjectCommand({ Bucket: 'lake', Key: 'a/b', Body: 'x' }));
  const at = (what: string): number => done.indexOf(what);
  expect(at('sync s3-state/drafts/id')).toBeGreaterThan(at('write s3-state/drafts/id'));
  expect(at('rename s3/lake/a/b%o')).toBeGreaterThan(at('sync s3-state/drafts/id'));
  expect(at('sync s3/lake/a')).toBeGreaterThan(at('rename s3/lake/a/b%o'));
  expect(at('sync s3-state/meta/lake/a/b%o.json.id.draft')).toBeGreaterThan(0);
});

test('durable: a sync that fails is no acknowledgement', async () => {
  await start(true);
  end();
  const failing = (operation: DiskOperation): void => {
    if (operation === 'sync') throw new Error('EIO');
  };
  end = watchDisk(opened.dataDir, { durable: true, before: failing });
  const { kinesis } = opened.endpoints;
  kinesis.putRecords('events', [{ partitionKey: 'k', data: Buffer.from('x') }]);
  await expect(kinesis.synced('events')).rejects.toThrow('EIO');
});

test('durable: checkpoints and journals are synced before they count', async () => {
  await start(true);
  const dir = join(opened.dataDir, 'esm');
  new Checkpoint(dir, 's').advance(5);
  disk.append(join(dir, 'ended.ndjson'), '{}\n');
  expect(done).toEqual([
    'write esm',
    'write esm/s.json.id.draft',
    'sync esm/s.json.id.draft',
    'rename esm/s.json',
    'sync esm',
    'write esm/ended.ndjson',
    'sync esm/ended.ndjson',
  ]);
});

test('by default nothing on the way of a record or an object is synced', async () => {
  await start(false);
  await opened.clients.kinesis.send(putting(500));
  await opened.clients.s3.send(new PutObjectCommand({ Bucket: 'lake', Key: 'a/b', Body: 'x' }));
  new Checkpoint(join(opened.dataDir, 'esm'), 's').advance(5);
  expect(done.filter((d) => d.startsWith('sync'))).toEqual([]);
});

test('numbers are set aside on the disk by default, too, before the first of them is given', async () => {
  await start(false);
  const dir = join(opened.dataDir, 'own');
  const store = openKinesisStore(dir, { clock: new VirtualClock(), region: 'r', account: '0' });
  store.createStream('s', 1, 24);
  done = [];
  store.putRecords('s', [{ partitionKey: 'k', data: Buffer.from('x') }]);
  expect(done.map((d) => d.replace(/own\/s\/shardId-0+/, 'S'))).toEqual([
    'write S.json.id.draft',
    'sync S.json.id.draft',
    'rename S.json',
    'sync own/s',
    'write S/0000000000000000.log',
  ]);
  store.close();
});
