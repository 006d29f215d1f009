import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { loadConfig } from '../../config';
import { FINGERPRINT_KEY, receiptKey, silverKey } from '../../core/lake/names';
import { REOPENED_KEY } from '../../core/load/settled';
import type { Grant } from '@carelake/laptop/template/policies';
import { identifyIn, sharedNames } from '@carelake/laptop/resources/identities';
import { type Clock, RealClock } from '@carelake/laptop/clock';
import { PLACE } from '@carelake/laptop/runtime';
import { readAssembly } from '@carelake/laptop/template/assembly';
import { Resolver } from '@carelake/laptop/template/intrinsics';
import { createAuthorizer } from '@carelake/laptop/template/policies';
import { bundledCode } from '../../lib/app';
import { cleanUp as removeAssemblies, synthesized } from '../infra/apps';
import { assemblyOf } from '../infra/assemblies';
import { exampleCsv } from '../example-clinic';
import { boot, changed, cleanUp, type Laptop, newFolder, patients, stop, until } from './laptop';
import { type Excuse, compareGrants, type ListedGrant, listGrants, spellGrant } from './usage';

jest.setTimeout(240_000);
afterAll(async () => {
  await cleanUp();
  removeAssemblies();
});

/** Grants that no run on a laptop uses, each with why it stands all the same. */
const FILE = 'guard/unused-grants.json';

/** Real time, moved so that a minute begins soon: the sweep is due whenever one does. */
function clockBefore(seconds: number): Clock {
  const real = new RealClock();
  const shift = 60_000 - (Date.now() % 60_000) - seconds * 1000;
  return { now: () => real.now() + shift, sleep: (ms, signal) => real.sleep(ms, signal) };
}

const CSV = exampleCsv([{}, { Number: '2', Day: '30.02.2026' }]);

/** A snapshot's file name carries its day. */
const NAME_DATE = { object_key: '/(\\d{4}-\\d{2}-\\d{2})\\.csv$', date: 'yyyy-MM-dd', zone: 'UTC' };

/** A profile of somebody's own whose files are snapshots: what one lacks is gone. */
const SNAPSHOT = {
  profile: 'roster',
  source_system: 'roster',
  mode: 'snapshot',
  snapshot: { taken_at: NAME_DATE },
  file: { format: 'csv' },
  entities: [
    {
      entity: 'patient',
      effective_at: NAME_DATE,
      recorded_at: NAME_DATE,
      absent: 'tombstone',
      brake_percent: 90,
      fields: { patient_id: 'id', reported_age_years: 'age' },
    },
  ],
};

/** What a day brings, and what goes wrong on it. */
async function day(laptop: Laptop): Promise<void> {
  const { platform, names } = laptop;
  const { s3, kinesis, warehouse } = platform.endpoints;
  const { landing, silver, control } = names.buckets as Record<string, string>;
  const quiet = () => platform.idle({ quietMs: 500 });
  const upload = (Key: string, Body: string, Bucket = landing) =>
    laptop.as().s3.send(new PutObjectCommand({ Bucket, Key, Body }));

  // A lake that was keyed with another secret: the function fails, and the mapping gives the record up.
  await s3.put(control!, FINGERPRINT_KEY, '{"fingerprint":"0000000000000000","key_version":1}');
  kinesis.putRecords(names.stream, patients(1));
  await quiet();
  s3.delete(control!, FINGERPRINT_KEY);
  // A record alone in its batch is marked while it is worked on.
  kinesis.putRecords(names.stream, patients(1, 500));
  await quiet();
  // What was given up is taken in after all, and a batch that holds a bad record twice.
  for (let i = 0; i < 2; i++) {
    const payload = JSON.stringify(kinesisEvent(laptop));
    await s3.put(names.buckets.failed!, 'aws/lambda/mapping/shard/batch', JSON.stringify({ payload }));
    expect(await platform.execute('ReplayFailedMachine', {})).toMatchObject({ status: 'SUCCEEDED' });
  }

  // Records, bad ones among them, and files: one good but for a row, one that no profile reads, two snapshots.
  kinesis.putRecords(names.stream, [...patients(20), { partitionKey: 'bad', data: Buffer.from('{"event_id":') }]);
  await upload('profiles/roster.json', JSON.stringify(SNAPSHOT), control);
  await upload('example-clinic-csv/a.csv', CSV);
  await upload('nobody/b.csv', 'a,b\n1,2\n');
  await upload('roster/2026-01-01.csv', 'id,age\n1,30\n2,40\n');
  await quiet();
  // The last one names nobody, so that it left no list of keys.
  await upload('roster/2026-01-02.csv', 'id,age\n,x\n');
  await upload('roster/2026-01-03.csv', 'id,age\n1,30\n');
  // The same batch twice, as Lambda delivers it when the first answer was lost; the same file, and the same load.
  const again = kinesisEvent(laptop);
  await platform.invoke('IngestStreamFunction', again);
  await platform.invoke('IngestStreamFunction', again);
  const [first] = s3.list(landing!, { prefix: 'example' }).objects;
  const file = { bucket: landing, key: first!.key, etag: first!.etag, size: first!.size };
  for (let i = 0; i < 2; i++) await platform.execute('IngestFileMachine', file);
  await expect(platform.invoke('IngestFileFunction', { ...file, key: 'example-clinic-csv/gone.csv' })).rejects.toThrow(
    'LANDING-CHANGED',
  );
  // One that no profile reads, read months after it landed.
  const [nobody] = s3.list(landing!, { prefix: 'nobody' }).objects;
  const late = { ...file, key: nobody!.key, etag: nobody!.etag, last_modified: '2026-01-01T00:00:00.000Z' };
  await platform.invoke('IngestFileFunction', late);
  await quiet();

  // What a file says is taken back, and stands again; of one that was refused nothing is in silver.
  for (const decide of ['withdrawn', 'standing'])
    for (const prefix of ['roster/2026-01-01', 'nobody']) {
      const [found] = s3.list(landing!, { prefix }).objects;
      await platform.execute('IngestFileMachine', { ...file, key: found!.key, etag: found!.etag, size: found!.size, decide }); // prettier-ignore
      await platform.execute('LoadMachine', { window: 'open' });
    }
  await quiet();

  // A landed object whose mark is gone is found unread by the sweep; what arrived today is read again from landing and bronze.
  const [mark] = s3.list(control!, { prefix: 'files/read/' }).objects;
  s3.delete(control!, mark!.key);
  // What the replays above said is over.
  s3.delete(control!, REOPENED_KEY);
  await platform.execute('LandingSweepMachine', { unread_after_minutes: 0 });
  await quiet();
  const days = [Date.now() - 86_400_000, Date.now()].map((ms) => new Date(ms).toISOString().slice(0, 10));
  await platform.execute('LandingSweepMachine', { from: days[0], to: days[1], id: 'again' });
  await quiet();

  // Receipts that were lost are restored from the ledger; a lease that a dead load left is found and released.
  for (const { key } of s3.list(control!, { prefix: '_ledger/' }).objects) s3.delete(control!, key);
  await warehouse.query(`UPDATE ops.load_lease SET load_id = '${'f'.repeat(32)}'`);
  await platform.execute('LoadMachine', { window: 'full' });
  // Objects that the warehouse cannot read are found by halving and refused, and refused again when the receipt was lost.
  const [clinic] = s3.list(silver!, { prefix: 'clinic/' }).objects;
  const range = { stream: 'x', shardId: 'shardId-000000000009', arrivalMs: Date.now() };
  const broken = ['1', '2'].map((n) => silverKey('patient', 1, { ...range, firstSequence: n, lastSequence: n }));
  for (const key of broken) await s3.put(silver!, key, await s3.get(silver!, clinic!.key));
  await quiet();
  for (const key of broken)
    expect(JSON.parse((await s3.get(control!, receiptKey(key))).toString())).toMatchObject({ status: 'refused' });
  s3.delete(control!, receiptKey(broken[0]!));
  await platform.execute('LoadMachine', { window: 'open' });
  await quiet();
  // The daily check looks, and the warehouse is emptied and loaded again.
  await platform.invoke('DailyCheckCheckTablesFunction', {});
  expect(await platform.execute('RebuildMachine', {})).toMatchObject({ status: 'SUCCEEDED' });
  expect(await platform.execute('LoadMachine', { window: 'full' })).toMatchObject({ status: 'SUCCEEDED' });
  await quiet();
}

/** A batch of the stream as the mapping would make it. */
function kinesisEvent({ platform }: Laptop): unknown {
  const mapping = platform.resources.find((r) => r.type === 'AWS::Lambda::EventSourceMapping')!;
  const bad = { partitionKey: 'bad', data: Buffer.from('[]') };
  return {
    Records: [...patients(3, 100), bad].map(({ partitionKey, data }, i) => ({
      eventID: `shardId-000000000001:${900 + i}`,
      eventName: 'aws:kinesis:record',
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      awsRegion: 'us-east-1',
      invokeIdentityArn: 'arn:aws:iam::000000000000:role/r',
      eventSourceARN: String(mapping.properties.EventSourceArn),
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey,
        sequenceNumber: `${900 + i}`,
        approximateArrivalTimestamp: Math.floor(Date.now() / 3_600_000) * 3600,
        data: data.toString('base64'),
      },
    })),
  };
}

test('every grant is used by a run of everything, or listed with its reason', async () => {
  const used: Grant[] = [];
  const local = loadConfig('local');
  const sweep = { expression: '* * * * ? *', timezone: 'UTC' };
  const config = { ...local, load: { ...local.load, sweep, check: sweep }, files: { ...local.files, sweep } };
  // A mapping that counts its tries gives up at once, where ours would hold a record for hours.
  const assembly = changed(synthesized(config, bundledCode()), 'Pipeline', (r) => {
    const mapping = Object.values(r).find(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')!;
    mapping.Properties.MaximumRetryAttempts = 0;
  });
  const dataDir = newFolder();
  const laptop = await boot(assembly, dataDir, { clock: clockBefore(20) });
  const granted = listGrants(laptop.platform.roles.granted(), laptop.platform.resources);
  await day(laptop);
  await until('sweep', () => {
    const ended = `${dataDir}/executions/ended.ndjson`;
    const names = existsSync(ended) ? readFileSync(ended, 'utf8') : '';
    return ['ClockSweep', 'ClockLandingSweep'].every((schedule) => names.includes(schedule)) ? true : undefined;
  });
  await laptop.platform.idle({ quietMs: 500 });
  used.push(...laptop.platform.roles.used());
  await stop(laptop.platform);

  // A release with other SQL migrates what is there.
  const release = changed(assembly, 'Pipeline', (r) => {
    Object.values(r).find(({ Type }) => Type === 'Custom::CarelakeMigrations')!.Properties.SqlHash = randomUUID();
  });
  const next = await boot(release, dataDir);
  used.push(...next.platform.roles.used());
  const { resources } = next.platform;
  await stop(next.platform);

  const usedNow = listGrants(used, resources);
  const all = new Map([...granted, ...grantsOf('dev'), ...grantsOf('prod')].map((g) => [spellGrant(g), g]));
  const everywhere = [...all.values()];
  const inUse = new Set(usedNow.map(spellGrant));
  mkdirSync('reports', { recursive: true });
  const record = everywhere.map((g) => ({ ...g, used: inUse.has(spellGrant(g)) }));
  writeFileSync('reports/grants.json', `${JSON.stringify(record, null, 2)}\n`);

  if (process.env.CARELAKE_UPDATE === '1') {
    const reasons = new Map(readExcuses().map((e) => [spellGrant(e), e.reason]));
    const unused = record.flatMap(({ used: isUsed, ...g }) => (isUsed ? [] : [g]));
    const next = unused.map((g) => ({ ...g, reason: reasons.get(spellGrant(g)) ?? '' }));
    writeFileSync(FILE, `${JSON.stringify(next, null, 2)}\n`);
  }
  // Unexplained: take it out of lib/, or list it with its reason (CARELAKE_UPDATE=1 npx jest test/privilege/usage lists it).
  expect(compareGrants(everywhere, usedNow, readExcuses())).toEqual({ unexplained: [], needless: [] });
  // A run that used little would excuse much.
  expect(inUse.size).toBeGreaterThan(60);
});

test('an unused grant, one listed without reason, one listed in vain and one that is gone are told', () => {
  const grant = (action: string): ListedGrant => ({ role: 'S/R', action, resource: '*' });
  const listed = (action: string, reason = 'a reason that says enough'): Excuse => ({ ...grant(action), reason });
  const granted = ['a:Used', 'a:Unused', 'a:Excused', 'a:Bare'].map(grant);
  const excuses = [listed('a:Excused'), listed('a:Bare', ''), listed('a:Used'), listed('a:Gone')];
  expect(compareGrants(granted, [grant('a:Used')], excuses)).toEqual({
    unexplained: ['S/R a:Unused on *', 'S/R a:Bare on *'],
    needless: ['S/R a:Used on *', 'S/R a:Gone on *'],
  });
});

const readExcuses = (): Excuse[] => JSON.parse(readFileSync(FILE, 'utf8')) as Excuse[];

/** Grants of an environment's templates. */
function grantsOf(env: string): ListedGrant[] {
  const assembly = readAssembly(assemblyOf(env));
  const resources = new Resolver(assembly, PLACE, identifyIn(PLACE, sharedNames(assembly.stacks))).resources();
  return listGrants(createAuthorizer(resources).granted(), resources).map(
    (g) => JSON.parse(JSON.stringify(g).replaceAll(`carelake-${env}`, 'carelake-local')) as ListedGrant,
  );
}
