import type { S3Client } from '@aws-sdk/client-s3';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '@carelake/laptop/clock';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import type { ObjectInfo, S3Store } from '@carelake/laptop/endpoints/s3-types';
import { main } from '../../cli/main';
import { originalOf } from '../../cli/quarantine/original';
import { closedKey, oneRejected, placeOf, readRejected, type Rejected } from '../../cli/quarantine/rejected';
import { close, putFile, putRows, streamRecords, waysOf } from '../../cli/quarantine/replay';
import { fhirReader } from '../../core/files/fhir/stream';
import { nextChunk } from '../../core/files/chunk';
import { versionOf } from '../../core/files/landed';
import { Mapper } from '../../core/files/mapper';
import { hashOf, objectsOf, refusalObjects } from '../../core/files/objects';
import { openFile, readerAt } from '../../core/files/open';
import { decisionKey, type Standing } from '../../core/files/withdrawals';
import { planBatch } from '../../core/ingest';
import { builtInProfile, checkOwnProfile, profileKey } from '../../profiles';
import { envelope, keys } from '../core/samples';
import { bundle, entry, person } from '../ingest-file/fhir';

const dataDir = mkdtempSync(join(tmpdir(), 'carelake-quarantine-'));
const BUCKETS = ['landing', 'bronze', 'silver', 'quarantine', 'control'];
const buckets = Object.fromEntries(BUCKETS.map((name) => [name, `the-${name}`]));
let store: S3Store;
let printed = '';
let said = '';

beforeAll(async () => {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(
    join(dataDir, 'run.json'),
    JSON.stringify({
      source: { kind: 'synthetic', patients: 1, events: 1, seed: 1 },
      env: 'local',
      sent: 0,
      status: 'complete',
      names: {
        stream: 'events',
        buckets,
        workgroup: 'w',
        loadMachine: 'm',
        database: 'd',
        region: 'us-east-1',
        account: '0',
      },
    }),
  );
  store = await openS3Store(dataDir, new RealClock());
  for (const bucket of BUCKETS) store.createBucket(`the-${bucket}`, { versioned: bucket === 'landing' });
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += String(text)), true));
});
afterAll(() => {
  jest.restoreAllMocks();
  rmSync(dataDir, { recursive: true });
});
beforeEach(() => {
  printed = '';
  said = '';
});

/** Client of the store that takes what the commands put. */
const s3 = {
  send: ({
    input,
  }: {
    input: { Bucket: string; Key: string; Body: string | Buffer; Metadata?: Record<string, string> };
  }) => store.put(input.Bucket, input.Key, input.Body, { metadata: input.Metadata }),
} as unknown as S3Client;

const profile = (name: string, file: object = {}, header?: string[]) => ({
  profile: name,
  source_system: 'desk',
  mode: 'delta',
  file: { format: 'csv', ...file, ...(header ? { header } : {}) },
  entities: [
    {
      entity: 'clinic',
      effective_at: { constant: '2026-01-01T00:00:00Z' },
      recorded_at: { constant: '2026-01-01T00:00:00Z' },
      fields: { clinic_id: 'id', clinic_name: 'the\nname' },
    },
  ],
});

/** Lands a file and reads it, as the function of the files does. */
async function land(key: string, bytes: Buffer, of: ReturnType<typeof profile>, metadata?: Record<string, string>) {
  return read(key, bytes, of, await store.put('the-landing', key, bytes, { metadata }));
}

/** Reads a landed file by a profile, which may be a mended one. */
async function read(key: string, bytes: Buffer, of: ReturnType<typeof profile>, info: ObjectInfo, digest = '01234567') {
  const check = checkOwnProfile(JSON.stringify(of));
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  await store.put('the-control', profileKey(of.profile), JSON.stringify(of));
  const landing = {
    bucket: 'the-landing',
    key,
    version: versionOf({ versionId: info.versionId, etag: info.etag, landedMs: info.lastModified }),
    lastModifiedMs: info.lastModified,
    digest,
  };
  const source = { size: bytes.length, read: (at: number, n: number) => Promise.resolve(bytes.subarray(at, at + n)) };
  const opened = await openFile(check.checked, source);
  const objects = opened.ok
    ? objectsOf(
        await nextChunk(
          readerAt(opened.file, opened.file.start),
          new Mapper(check.checked.profile, opened.file.header, {
            objectKey: key,
            lastModifiedMs: info.lastModified,
            fileTime: info.lastModified * 1000,
            preamble: opened.file.preamble,
          }),
          { keys, maxBytes: 1_000_000, deriveEventId: true },
        ),
        landing,
        of.profile,
      )
    : refusalObjects(landing, of.profile, bytes.length, opened.errors);
  for (const o of objects) await store.put(buckets[o.zone]!, o.key, Buffer.from(o.body));
  return { hash: hashOf(landing), landedMs: info.lastModified, info };
}

const at = () => placeOf(dataDir);
const of = async (source: string): Promise<Rejected[]> => readRejected(at(), { source });
/** What the command line prints. */
async function carelake(...args: string[]): Promise<string> {
  printed = '';
  await main(['node', 'carelake', 'quarantine', ...args, '--data', dataDir]);
  return printed;
}
const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await carelake(...args, '--json')) as Record<string, unknown>;

describe('a row of a file', () => {
  it('is sent again under the whole head of its file, however many lines and in whatever encoding', async () => {
    const text = '\ufeff"the\nname",id\ngood,C1\n,\nlast,C3\n';
    await land('wide/a.csv', Buffer.from(text, 'utf16le'), profile('wide', { encoding: 'utf-16le' }));
    const [row] = await of('wide');
    expect((await originalOf(at(), row!)).toString('utf16le')).toBe(',');
    await putRows(s3, at(), [row!]);
    const sent = await store.get('the-landing', `wide/replay-${row!.quarantine_id}/a.csv`);
    expect(sent.toString('utf16le')).toBe('\ufeff"the\nname",id\n,\n');
  });

  it('takes the lines above the columns along, from which the profile reads', async () => {
    const head = 'Extract date: 2026-02-12\n\n"the\nname",id\n';
    await land('above/a.csv', Buffer.from(`${head}good,C1\n,\n`), profile('above', { preamble_lines: 2 }));
    const [row] = await of('above');
    await putRows(s3, at(), [row!]);
    const sent = await store.get('the-landing', `above/replay-${row!.quarantine_id}/a.csv`);
    expect(sent.toString()).toBe(`${head},\n`);
  });

  it('of a file without a header is sent alone', async () => {
    await land('bare/a.csv', Buffer.from('good,C1\n,\n'), profile('bare', {}, ['the\nname', 'id']));
    const [row] = await of('bare');
    await putRows(s3, at(), [row!]);
    expect((await store.get('the-landing', `bare/replay-${row!.quarantine_id}/a.csv`)).toString()).toBe(',\n');
  });

  it('that was mended is sent with or without the head in its file, and rows of one file go together', async () => {
    await land('mend/a.csv', Buffer.from('"the\nname",id\n,\nx,\n'), profile('mend'));
    const rows = await of('mend');
    const mended = join(dataDir, 'mended.csv');
    const sent = `mend/replay-${rows.find((r) => r.record_position === '1')!.quarantine_id}/a.csv`;
    for (const text of ['North,C9', '"the\nname",id\nNorth,C9\n']) {
      writeFileSync(mended, text);
      await putRows(
        s3,
        at(),
        rows.filter((r) => r.record_position === '1'),
        mended,
      );
      expect((await store.get('the-landing', sent)).toString()).toBe('"the\nname",id\nNorth,C9\n');
    }
    await putRows(s3, at(), rows);
    expect((await store.get('the-landing', sent)).toString()).toBe('"the\nname",id\n,\nx,\n');
  });

  it('is that of its own version of the object, or none: never another row', async () => {
    const name = profile('kept');
    await land('kept/a.csv', Buffer.from('"the\nname",id\none,\n'), name);
    const [row] = await of('kept');
    await store.put('the-landing', 'kept/a.csv', Buffer.from('"the\nname",id\ntwo,\n'));
    expect((await originalOf(at(), row!)).toString()).toBe('one,');
    store.delete('the-landing', 'kept/a.csv', row!.record_source.split('@')[1]);
    await expect(originalOf(at(), row!)).rejects.toThrow('no version of it has the record');
    await expect(putRows(s3, at(), [row!])).rejects.toThrow('no version of it has the record');
    expect(store.head('the-landing', `kept/replay-${row!.quarantine_id}/a.csv`)).toBeUndefined();
    // The version is there, but its bytes are not what they were.
    await land('kept/b.csv', Buffer.from('"the\nname",id\none,\n'), name);
    const other = (await of('kept')).find((r) => r.bronze_object.endsWith('b.csv'))!;
    writeFileSync(store.pathOf('the-landing', 'kept/b.csv'), '"the\nname",id\nTWO,\n');
    await expect(originalOf(at(), other)).rejects.toThrow('no version of it has the record');
  });

  it('keeps the time of its file and its place in it, replayed once or twice', async () => {
    const text = '"the\nname",id\na,1\n,\nc,3\nd,\n';
    const { hash, landedMs } = await land('placed/a.csv', Buffer.from(text), profile('placed'), {
      mtime: '1767344400.5',
    });
    const rows = await of('placed');
    await putRows(s3, at(), rows);
    const first = rows.find((row) => row.record_position === '2')!;
    const sent = `placed/replay-${first.quarantine_id}/a.csv`;
    const metadata = { mtime: '1767344400.500000', 'replay-of': hash, 'replay-landed': String(landedMs) };
    expect(store.head('the-landing', sent)?.metadata).toEqual({ ...metadata, 'replay-rows': '2 4' });
    // Rejected once more, the second of them is still the fourth row of its file.
    await land(
      sent,
      await store.get('the-landing', sent),
      profile('placed'),
      store.head('the-landing', sent)!.metadata,
    );
    const again = (await of('placed')).find((row) => row.bronze_object.endsWith(sent) && row.record_position === '2')!;
    await putRows(s3, at(), [again]);
    const twice = store.head('the-landing', `placed/replay-${again.quarantine_id}/a.csv`)!;
    expect(twice.metadata).toEqual({ ...metadata, 'replay-rows': '4' });
  });

  it('of a file without a time of its sender has that of its landing, mended or not', async () => {
    const { hash, landedMs } = await land('late/a.csv', Buffer.from('id\nC1\n'), profile('late'));
    const [file] = await of('late');
    writeFileSync(join(dataDir, 'mended.csv'), '"the\nname",id\nx,C1\n');
    await putFile(s3, at(), file!, join(dataDir, 'mended.csv'));
    expect(store.head('the-landing', `late/replay-${file!.quarantine_id}/a.csv`)?.metadata).toEqual({
      mtime: (landedMs / 1000).toFixed(6),
      'replay-of': hash,
      'replay-landed': String(landedMs),
    });
  });

  it('of a snapshot is not sent alone, since every other one would be gone; a whole snapshot is', async () => {
    const rows = profile('daily');
    const snapshot = {
      ...rows,
      mode: 'snapshot',
      snapshot: { taken_at: { constant: '2026-03-02T08:00:00Z' } },
      entities: rows.entities.map((entity) => ({ ...entity, absent: 'tombstone', brake_percent: 100 })),
    };
    await land('daily/a.csv', Buffer.from('"the\nname",id\na,1\n,\n'), snapshot);
    await land('daily/b.csv', Buffer.from('id\n1\n'), snapshot);
    const [row, file] = (await of('daily')).sort((a, b) => (a.bronze_object < b.bronze_object ? -1 : 1));
    expect(() => waysOf(at(), [row!])).toThrow('a row of a snapshot sent alone would say that all the others are gone');
    expect(waysOf(at(), [file!]).files).toEqual([file]);
  });

  it('of a file that was refused as a whole is the file', async () => {
    await land('whole/a.csv', Buffer.from('id\nC1\n'), profile('whole'));
    const [file] = await of('whole');
    expect(file).toMatchObject({ record_position: '0', sha256: null, rule_ids: 'FIL-HDR-02' });
    expect(waysOf(at(), [file!]).files).toEqual([file]);
    await putFile(s3, at(), file!);
    expect((await store.get('the-landing', `whole/replay-${file!.quarantine_id}/a.csv`)).toString()).toBe('id\nC1\n');
  });
});

describe('a file that several profiles have read', () => {
  const bytes = Buffer.from('"the\nname",id\na,1\n,\nc,\n');
  const mended = profile('twice', { trim: false });
  const decide = async (name: string, state: Standing, n = 1): Promise<void> =>
    void (await store.put('the-control', decisionKey({ name, n, state }), '{}'));
  const told = async () => (await of('twice')).map((r) => [r.record_position, r.state, r.reading?.slice(16)]);
  const at2 = async () => (await of('twice')).find((r) => r.record_position === '2')!;

  it('has the records that the reading which stands rejected, and what was done about another is not done about them', async () => {
    const { hash, info } = await land('twice/a.csv', bytes, profile('twice'));
    await close(s3, at(), [await at2()], 'replayed');
    expect(await told()).toEqual(expect.arrayContaining([['2', 'replayed', '-p01234567'], ['3', 'open', '-p01234567']])); // prettier-ignore
    await read('twice/a.csv', bytes, mended, info, '89abcdef');
    await decide(`${hash}-p01234567`, 'withdrawn');
    await decide(`${hash}-p89abcdef`, 'standing');
    expect((await told()).sort()).toEqual([['2', 'open', '-p89abcdef'], ['3', 'open', '-p89abcdef']]); // prettier-ignore
    await close(s3, at(), [await at2()], 'discarded');
    expect((await at2()).state).toBe('discarded');
    // Nothing is left to work on once the file is withdrawn, by whatever profile it was read.
    await decide(hash, 'withdrawn');
    expect(await told()).toEqual([]);
    await decide(hash, 'standing', 2);
    expect((await at2()).state).toBe('discarded');
  });

  it('has none where the mended profile took all its rows', async () => {
    const { hash } = await land('twice/b.csv', Buffer.from('"the\nname",id\n,\n'), profile('twice'));
    expect((await of('twice')).filter((r) => r.bronze_object.endsWith('b.csv'))).toHaveLength(1);
    await decide(`${hash}-p01234567`, 'withdrawn');
    expect((await of('twice')).filter((r) => r.bronze_object.endsWith('b.csv'))).toEqual([]);
  });
});

describe('the list', () => {
  beforeAll(async () => {
    const broken = { ...envelope('patient', { stranger: 1, 'a/b': 2 }), event_id: 'E' };
    const records = [JSON.stringify(broken), `${JSON.stringify(envelope('clinic'))}\n{"op":1}`].map((data, i) => ({
      sequence: String(i + 1),
      partitionKey: 'k',
      arrivedAt: Date.UTC(2026, 0, 2, 3) * 1000 + i * 1_000_000,
      data: Buffer.from(data),
    }));
    const plan = planBatch({ stream: 'events', shardId: 'shardId-000000000000', records }, keys, 'the-bronze');
    await store.put('the-bronze', plan.bronze.key, Buffer.from(plan.bronze.body));
    await store.put('the-quarantine', plan.quarantine!.key, Buffer.from(plan.quarantine!.body));
  });

  it('tells time, source and entity, the newest first, and what each rule asks', async () => {
    const { total, byRule, records } = (await json('list', '--source', 'events')) as {
      total: number;
      byRule: { rule: string; n: number; sentence: string }[];
      records: Rejected[];
    };
    expect(total).toBe(2);
    expect(records.map((r) => [r.arrived_at, r.entity, r.record_position, r.state])).toEqual([
      ['2026-01-02T03:00:01Z', null, '2/1', 'open'],
      ['2026-01-02T03:00:00Z', 'patient', '1', 'open'],
    ]);
    expect(byRule.find(({ rule }) => rule === 'FLD-UNKNOWN')).toEqual({
      rule: 'FLD-UNKNOWN',
      n: 1,
      sentence: 'The payload contains only members that the contract defines.',
    });
    expect(await carelake('list', '--source', 'events')).toMatch(/ENV-MISSING ×\d.*\/event_id .*… \d more/);
  });

  it('is narrowed by entity, time and rule; a rule that is none is an error', async () => {
    const positions = async (...args: string[]) =>
      ((await json('list', '--source', 'events', ...args)).records as Rejected[]).map((r) => r.record_position);
    expect(await positions('--entity', 'patient')).toEqual(['1']);
    expect(await positions('--since', '2026-01-02T03:00:01')).toEqual(['2/1']);
    expect(await positions('--since', '2026-01-03')).toEqual([]);
    expect(await positions('--rule', 'fld-unknown')).toEqual(['1']);
    for (const command of ['list', 'replay', 'discard']) {
      process.exitCode = undefined;
      said = '';
      await carelake(command, '--rule', 'FLD-NOPE');
      expect([process.exitCode, said]).toEqual([
        2,
        expect.stringContaining('FLD-UNKNOWN: The payload contains only members'),
      ]);
      process.exitCode = undefined;
    }
  });

  it('leads to the event that a record packs, and to the names of unknown members where they may be shown', async () => {
    const [packed, unknown] = await of('events');
    expect((await json('show', packed!.quarantine_id, '--phi-ok')).data).toBe('{"op":1}');
    const shown = await json('show', unknown!.quarantine_id, '--phi-ok');
    expect(shown.unknown_members).toEqual(['/payload/stranger', '/payload/a~1b']);
    expect(await carelake('show', unknown!.quarantine_id)).not.toMatch(/stranger/);
  });

  it('loses what was dealt with, which is still there', async () => {
    const [packed, unknown] = await of('events');
    await close(s3, at(), [packed!], 'mended');
    await close(s3, at(), [unknown!], 'discarded');
    expect(await json('list', '--source', 'events')).toMatchObject({ total: 0, closed: 2, records: [] });
    const { records } = (await json('list', '--source', 'events', '--all')) as { records: Rejected[] };
    expect(records.map((r) => r.state)).toEqual(['mended', 'discarded']);
    expect((await oneRejected(at(), unknown!.quarantine_id)).state).toBe('discarded');
    expect(JSON.parse((await store.get('the-control', closedKey(packed!))).toString())).toMatchObject({
      state: 'mended',
    });
  });
});

describe('an entry of a FHIR Bundle in a record of the stream', () => {
  const bad = { ...person('2'), meta: { lastUpdated: '2026-06-01T00:00:00Z' } };
  const stays = { resourceType: 'Observation', id: 'o', component: [{}, {}] };

  it('is shown by itself, and sent again as a Bundle that says when it arrived', async () => {
    const data = Buffer.from(
      JSON.stringify({ source_system: 'north', resource: bundle([entry(person('1')), entry(bad), entry(stays)]) }),
    );
    const records = [{ sequence: '7', partitionKey: 'k', arrivedAt: Date.UTC(2026, 0, 3) * 1000 + 5, data }];
    const fhir = fhirReader(builtInProfile('fhir-r4')!, 'fhir-r4', keys);
    const plan = planBatch({ stream: 'events', shardId: 'shardId-000000000000', records }, keys, 'the-bronze', fhir);
    await store.put('the-bronze', plan.bronze.key, Buffer.from(plan.bronze.body));
    await store.put('the-quarantine', plan.quarantine!.key, Buffer.from(plan.quarantine!.body));
    const rejected = await readRejected(at(), { source: 'fhir-r4' });
    const [first] = rejected.filter(({ record_position }) => record_position === '7/1');
    expect([first!.record_source, first!.rule_ids, first!.profile]).toEqual([
      'events/shardId-000000000000',
      'ENV-AHEAD ENV-AHEAD ENV-AHEAD',
      'fhir-r4',
    ]);
    expect(JSON.parse((await originalOf(at(), first!)).toString())).toEqual(entry(bad));
    const sent = async (of: Rejected[], mended?: string): Promise<object[]> => {
      const found: object[] = [];
      for await (const record of streamRecords(at(), of, mended))
        found.push(JSON.parse(Buffer.from(record.data).toString()) as object);
      return found;
    };
    const again = (one: object) => ({
      source_system: 'north',
      resource: { resourceType: 'Bundle', type: 'transaction', timestamp: '2026-01-03T00:00:00.000005Z', entry: [one] },
    });
    expect(await sent([first!])).toEqual([again(entry(bad))]);
    // Both of its elements, and itself, were rejected; it is sent once.
    const ofStays = rejected.filter(({ record_position }) => record_position.startsWith('7/2'));
    expect(ofStays.length).toBeGreaterThan(1);
    expect(await sent(ofStays)).toEqual([again(entry(stays))]);
    const mended = join(dataDir, 'mended.json');
    writeFileSync(mended, JSON.stringify(person('2')));
    expect(await sent([first!], mended)).toEqual([again({ resource: person('2') })]);
    expect(waysOf(at(), rejected).stream).toEqual(rejected);
  });
});
