import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '@carelake/laptop/clock';
import { createEndpoints } from '@carelake/laptop/endpoints/server';
import type { S3Store } from '@carelake/laptop/endpoints/s3-types';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { openWarehouse } from '@carelake/laptop/engines/warehouse';
import { PLACE } from '@carelake/laptop/runtime';
import { checkFolder } from '../../cli/check';
import { CHECK_RULES } from '../../cli/check/difference';
import type { Names } from '../../cli/folder';
import { bucketFolder, filesUnder } from '../../cli/lake-files';
import { GIVEN_UP_PREFIX } from '../../core/stream-event';
import { must, newFolder, ROOT, runOf, serve } from './laptop';

/** Gives all files of a folder a second name. */
function link(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [path, other] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) link(path, other);
    else linkSync(path, other);
  }
}

function altered(path: string): void {
  const bytes = readFileSync(path);
  rmSync(path);
  writeFileSync(path, Buffer.concat([bytes, Buffer.from(' ')]));
}

describe('each rule of carelake check', () => {
  const dataDir = newFolder('check-rules');
  const scratch = mkdtempSync(join(tmpdir(), 'carelake-check-rules-'));
  let names: Names;
  let heldIn: string;

  beforeAll(async () => {
    const { process: served } = await serve(['--data', dataDir, '--patients', '60', '--events', '600', '--seed', '5']);
    const visits = (name: string): string => join(ROOT, 'examples', name);
    await must(['ingest', visits('visits.csv'), '--profile', visits('visits.json'), '--phi-ok', '--data', dataDir]);
    await must(['load', '--data', dataDir]);
    await served.interrupt();
    await must(['start', '--once', '--json', '--data', dataDir, '--patients', '60', '--events', '600', '--seed', '5']);
    names = runOf(dataDir).names!;
    // What people unload, as UNLOAD stores it.
    const s3 = await openS3Store(dataDir, new RealClock());
    await s3.put(names.buckets.gold!, 'reports/no-show.csv', 'clinic,rate\n');
    await hold(s3);
    expect(await check(() => undefined)).toEqual([]);
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  /** A record that the stream acknowledged, and that its mapping gave up: past its readers, and in the object that Lambda writes for it. */
  async function hold(s3: S3Store): Promise<void> {
    const { stream, workgroup, database } = names;
    const endpoints = await createEndpoints({ dataDir, clock: new RealClock(), ...PLACE, workgroups: [workgroup], database }); // prettier-ignore
    const [{ shardId, sequenceNumber }] = endpoints.kinesis.putRecords(stream, [{ data: Buffer.from('{}'), partitionKey: 'p' }]); // prettier-ignore
    const next = endpoints.kinesis.end(stream, shardId);
    await endpoints.close();
    for (const mark of filesUnder(join(dataDir, 'esm'), '.json'))
      if (mark.includes(shardId)) writeFileSync(mark, JSON.stringify({ next }));
    const kinesis = { sequenceNumber, partitionKey: 'p', approximateArrivalTimestamp: 1, data: 'e30=' };
    const record = { eventID: `${shardId}:${sequenceNumber}`, eventSourceARN: `arn:aws:kinesis:x:y:stream/${stream}`, kinesis }; // prettier-ignore
    const key = `${GIVEN_UP_PREFIX}held`;
    await s3.put(names.buckets.failed!, key, JSON.stringify({ payload: JSON.stringify({ Records: [record] }) }));
    heldIn = shardId;
  }

  /** What `carelake check` says of a copy of the folder to which something was done: rule and place, each once. */
  async function check(damage: (folder: string) => unknown): Promise<string[]> {
    const folder = mkdtempSync(join(scratch, 'copy-'));
    const objects = join(dataDir, 's3');
    cpSync(dataDir, folder, { recursive: true, preserveTimestamps: true, filter: (path) => path !== objects });
    // What is known of an object holds for its very file: a second name of it, not a copy.
    link(objects, join(folder, 's3'));
    try {
      await damage(folder);
      const found = (await checkFolder(folder, names, () => undefined)).map((d) => `${d.rule} ${d.where}`);
      return [...new Set(found)].sort();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const inWarehouse =
    (...sqls: string[]) =>
    async (folder: string) => {
      const warehouse = await openWarehouse({ dataDir: folder });
      for (const sql of sqls) await warehouse.queryEngine(sql);
      await warehouse.close();
    };
  const inStore = (change: (s3: S3Store) => unknown) => async (folder: string) =>
    change(await openS3Store(folder, new RealClock()));
  /** Deletes, as a client would, the first object of a zone whose key has this beginning; where versions are kept, its only one. */
  const deleted = (zone: string, prefix: string) =>
    inStore((s3) => {
      const bucket = names.buckets[zone]!;
      const { key } = s3.list(bucket, { prefix }).objects[0]!;
      const { versionId } = s3.listVersions(bucket, {}).versions.find((v) => v.key === key)!;
      s3.delete(bucket, key, versionId);
    });

  it.each([
    ['CHK-OBJECT-01', 'altered', altered],
    ['CHK-OBJECT-02', 'gone', rmSync],
  ])('%s names every zone of which the file of an object is %s', async (rule, _, damage) => {
    const zones = ['landing', 'bronze', 'silver', 'quarantine', 'control', 'failed', 'gold'];
    const found = await check((folder) => {
      for (const zone of zones) damage([...filesUnder(bucketFolder(folder, names.buckets[zone]!), '')].sort()[0]!);
    });
    expect(found.filter((f) => f.startsWith(rule))).toEqual(zones.sort().map((zone) => `${rule} ${zone}`));
  });

  const rows = 'silver, quarantine';
  const shard = (i = 0): string => `${names.stream}/shardId-00000000000${i}`;
  const ofLedger = (which: string): string => `WHERE object = (SELECT ${which}(object) FROM ops.loaded_object)`;
  const lost: Record<string, [found: () => string[], damage: (folder: string) => unknown]> = {
    'the mark that a file was read': [() => ['CHK-LANDING-01 landing'], deleted('control', 'files/read/')],
    'a landed file': [() => ['CHK-LANDING-02 landing'], deleted('landing', '')],
    'what a chunk of a file counted': [() => [`CHK-FILE-01 ${rows}`], deleted('control', 'ingest/')],
    'rejected rows of a file': [() => [`CHK-FILE-01 ${rows}`], deleted('quarantine', '')],
    'an object of bronze': [
      () => [`CHK-BRONZE-02 ${rows}`, `CHK-STREAM-01 ${shard()}`],
      deleted('bronze', ''),
    ],
    'a batch that was held': [() => [`CHK-STREAM-01 ${names.stream}/${heldIn}`], deleted('failed', '')],
    'what can be read of an object': [
      () => ['CHK-OBJECT-01 quarantine', 'CHK-OBJECT-03 bronze, silver, quarantine, failed, control'],
      (folder) => {
        const [path] = filesUnder(bucketFolder(folder, names.buckets.quarantine!), '');
        rmSync(path!);
        writeFileSync(path!, 'no Parquet');
      },
    ],
    'the logs of the shards': [
      () => [0, 1].map((i) => `CHK-STREAM-02 ${shard(i)}`),
      (folder) => {
        for (const log of filesUnder(join(folder, 'kinesis'), '.log')) truncateSync(log, 0);
      },
    ],
    'a receipt': [() => ['CHK-RECEIPT-02 control'], deleted('control', '_ledger/')],
    'an object of silver': [
      () => ['CHK-BRONZE-01 bronze', 'CHK-LEDGER-02 silver', 'CHK-TABLE-01 core.dim_clinic_history', 'CHK-TABLE-02 core.clinic_log'],
      deleted('silver', 'clinic/'),
    ],
    'a row of the ledger': [
      () => ['CHK-LEDGER-01 silver', 'CHK-RECEIPT-01 control', 'CHK-SQL-01 conservation'],
      inWarehouse(`DELETE FROM ops.loaded_object ${ofLedger('min')}`),
    ],
    'what the ledger, the lease and a table said': [
      () => ['CHK-LEDGER-03 ops.loaded_object', 'CHK-LEDGER-04 ops.loaded_object', 'CHK-SQL-02 ops.load_lease', 'CHK-TABLE-03 core.provider_superseded'],
      inWarehouse(
        `UPDATE ops.loaded_object SET row_count = row_count + 1 ${ofLedger('min')}`,
        `UPDATE ops.loaded_object SET is_withdrawn = true ${ofLedger('max')}`,
        `UPDATE ops.load_lease SET load_id = '${'a'.repeat(32)}'`,
        'DROP TABLE core.provider_superseded CASCADE',
      ),
    ],
  }; // prettier-ignore
  it.each(Object.entries(lost))('%s that is gone is named', async (_, [expected, damage]) => {
    const found = await check(damage);
    expect(found).toEqual(expect.arrayContaining(expected()));
    // Tables and views follow from what they are made of; nothing else is named for it.
    const followed = found.filter((f) => /^CHK-(TABLE|SQL-01)/.test(f));
    if (!expected().some((f) => /CHK-(TABLE|SQL|LEDGER)/.test(f))) expect(followed).toEqual([]);
    expect(found.filter((f) => !followed.includes(f))).toEqual(expected().filter((f) => !followed.includes(f)));
  });

  // Nobody but whoever unloaded it knows what ought to lie in gold: that a client deletes it is no difference.
  it('says nothing of what a client deleted from gold', async () => {
    expect(await check(deleted('gold', ''))).toEqual([]);
  });

  it('leaves no rule without a case', () => {
    const asked = ['CHK-OBJECT-01', 'CHK-OBJECT-02', ...Object.values(lost).flatMap(([expected]) => expected())];
    expect(Object.keys(CHECK_RULES).filter((rule) => !asked.some((found) => found.startsWith(rule)))).toEqual([]);
  });
});
