import { S3Client } from '@aws-sdk/client-s3';
import { readingOfKey } from '../../core/files/readings';
import { decisionsOf, isObjectWithdrawn } from '../../core/files/withdrawals';
import { landingHash } from '../../core/records/hash';
import { fileOrder } from '../../core/records/order';
import { handler } from '../../lambdas/ingest-file';
import { identify } from '../../lambdas/ingest-file/same';
import { builtInProfile } from '../../profiles';
import { FakeS3 } from './fake-s3';
import { BUCKETS, context, ingest, type ParquetRow, rowsUnder } from './run';
import { useVisits, visitsProfile } from './visits';

const DAY = '2026-01-05T00:00:00Z';
const BODY = `id,name,day\n1,a,${DAY}\n2,b,${DAY}\n`;
const P1 = visitsProfile();
const P2 = visitsProfile({}, {}, { city: { constant: 'Springfield' } });

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  use(P1);
});
afterEach(() => jest.restoreAllMocks());

const use = (profile: string): unknown => useVisits(s3, profile);
const land = (name: string, body = BODY) => s3.put(BUCKETS.landing, `visits/${name}`, body);
type Landed = ReturnType<typeof land>;
const read = async (object: Landed) => (await ingest(object)).result;
const withdraw = async (object: Landed) => (await ingest({ ...object, decide: 'withdrawn' })).result;
const hash = ({ key, etag }: Landed): string =>
  landingHash(BUCKETS.landing, key, `${etag}.${Math.floor(s3.now.getTime() / 1000)}`);
/** Which of these objects the readings that stand are of, each with the city that its profile gives. */
async function standing(objects: Record<string, Landed>): Promise<string[]> {
  const decisions = decisionsOf(s3.keys('control/withdrawals/'));
  const found: string[] = [];
  for (const key of s3.keys('silver/').filter((k) => !isObjectWithdrawn(decisions, k))) {
    const name = Object.keys(objects).find((o) => hash(objects[o]!) === readingOfKey(key)!.slice(0, 16));
    const rows = await rowsUnder(s3, key);
    expect(rows.map((r) => [r.clinic_id, r.clinic_name])).toEqual([['1', 'a'], ['2', 'b']]); // prettier-ignore
    found.push(rows[0]!.city ? `${name} in ${String(rows[0]!.city)}` : String(name));
  }
  return found.sort();
}

describe('a file that landed more than once', () => {
  let a: Landed, b: Landed, c: Landed;
  beforeEach(async () => {
    [a, b, c] = [land('a.csv'), land('b.csv'), land('c.csv')];
    expect(await read(a)).toMatchObject({ accepted: 2 });
    expect(await read(b)).toMatchObject({ accepted: 0, same_as: hash(a) });
  });
  const all = (): Record<string, Landed> => ({ a, b, c });

  test('stands until its last copy is withdrawn: each time the next copy is read', async () => {
    await read(c);
    expect(await standing(all())).toEqual(['a']);
    expect(await withdraw(a)).toMatchObject({ key: b.key, accepted: 2, done: true });
    expect(await standing(all())).toEqual(['b']);
    expect(await read(c)).toMatchObject({ same_as: hash(b) });
    expect(await withdraw(b)).toMatchObject({ key: c.key, accepted: 2 });
    expect(await standing(all())).toEqual(['c']);
    expect(await withdraw(c)).toMatchObject({ withdrawn: true });
    expect(await standing(all())).toEqual([]);
    // All of them were read to their end, and the sweep starts none.
    expect(s3.keys('control/files/read/')).toHaveLength(3);
  });

  test('is read by the copy that stands and is there', async () => {
    const d = land('d.csv');
    await read(c);
    await read(d);
    await withdraw(b);
    expect(await standing(all())).toEqual(['a']);
    s3.objects.delete(`${BUCKETS.landing}/${c.key}`);
    expect(await withdraw(a)).toMatchObject({ key: d.key, accepted: 2 });
    expect(await standing({ ...all(), d })).toEqual(['d']);
  });

  test('is taken for the copy again where what was withdrawn stands again', async () => {
    await withdraw(a);
    expect((await ingest({ ...a, decide: 'standing' })).result).toMatchObject({ accepted: 2 });
    expect(await standing(all())).toEqual(['a', 'b']);
    expect((await read(c)).same_as).toEqual(expect.any(String));
    await withdraw(a);
    await withdraw(b);
    expect(await standing(all())).toEqual(['c']);
  });

  test('is read by the profile as it stands then', async () => {
    use(P2);
    await withdraw(a);
    expect(await standing(all())).toEqual(['b in Springfield']);
  });

  test('withdrawn under the changed profile by which a copy was read, is read by the object whose reading that one replaced', async () => {
    use(P2);
    await read(c);
    expect(await standing(all())).toEqual(['c in Springfield']);
    await withdraw(c);
    expect(await standing(all())).toEqual(['a in Springfield']);
    await withdraw(a);
    expect(await standing(all())).toEqual(['b in Springfield']);
  });

  test('is read anew by the earlier profile, once that is the profile again', async () => {
    use(P2);
    await read(b);
    expect(await standing(all())).toEqual(['b in Springfield']);
    use(P1);
    expect(await read(c)).toMatchObject({ accepted: 2 });
    expect(await standing(all())).toEqual(['c']);
  });

  test('has all its readings replaced by that of a changed profile', async () => {
    await withdraw(a);
    await withdraw(b);
    await ingest({ ...a, decide: 'standing' });
    await ingest({ ...b, decide: 'standing' });
    expect(await standing(all())).toEqual(['a', 'b']);
    use(P2);
    await read(c);
    expect(await standing(all())).toEqual(['c in Springfield']);
  });

  test('is not taken for read by an object whose own reading never ended', async () => {
    const other = BODY.replaceAll('\n', '\r\n');
    const [x, y, z] = [land('x.csv', other), land('y.csv', other), land('z.csv', other)];
    s3.failNextPutOf = 'silver/';
    await expect(read(x)).rejects.toThrow();
    expect(await read(y)).toMatchObject({ accepted: 2 });
    await withdraw(y);
    expect(await read(z)).toMatchObject({ accepted: 2 });
    expect(await standing({ ...all(), x, y, z })).toEqual(['a', 'z']);
  });
});

describe('the order of landing decides, whatever is read first', () => {
  const DAYS = { monday: '2026-03-02', tuesday: '2026-03-03', wednesday: '2026-03-04' };
  type Name = keyof typeof DAYS;
  const OTHER = BODY.replaceAll(',a,', ',z,').replaceAll(',b,', ',z,');
  /** Wednesday brings the bytes of Monday again. */
  const landAll = (): Record<Name, Landed> => {
    const on = (day: Name): Landed => {
      s3.now = new Date(`${DAYS[day]}T08:00:00Z`);
      return land(`${day}.csv`, day === 'tuesday' ? OTHER : BODY);
    };
    return { monday: on('monday'), tuesday: on('tuesday'), wednesday: on('wednesday') };
  };
  const order = (day: Name): number => Number(fileOrder(Date.parse(`${DAYS[day]}T08:00:00Z`) * 1000)(1));
  /** What the first rows of the readings that stand say, and the days by which they are placed. */
  async function said(): Promise<string[]> {
    const decisions = decisionsOf(s3.keys('control/withdrawals/'));
    const found: string[] = [];
    for (const key of s3.keys('silver/').filter((k) => !isObjectWithdrawn(decisions, k))) {
      const [row] = await rowsUnder(s3, key);
      const day = (Object.keys(DAYS) as Name[]).find((d) => order(d) === Number(row!.source_order));
      found.push(`${String(row!.clinic_name)} of ${day}`);
    }
    return found.sort();
  }

  test.each<Name[]>([
    ['monday', 'tuesday', 'wednesday'],
    ['monday', 'wednesday', 'tuesday'],
    ['tuesday', 'wednesday', 'monday'],
    ['wednesday', 'monday', 'tuesday'],
  ])('%s, then %s, then %s', async (...days) => {
    const landed = landAll();
    for (const day of days) await read(landed[day]);
    expect(await said()).toEqual(['a of monday', 'z of tuesday']);
    for (const day of days) await read(landed[day]);
    expect(await said()).toEqual(['a of monday', 'z of tuesday']);
    await withdraw(landed.monday);
    expect(await said()).toEqual(['a of wednesday', 'z of tuesday']);
    await ingest({ ...landed.monday, decide: 'standing' });
    expect(await said()).toEqual(['a of monday', 'z of tuesday']);
    await withdraw(landed.wednesday);
    expect(await said()).toEqual(['a of monday', 'z of tuesday']);
    await withdraw(landed.monday);
    expect(await said()).toEqual(['z of tuesday']);
  });

  test('also where the copy is being read when the original is', async () => {
    const { monday, wednesday } = landAll();
    // The digest takes most of the first invocation.
    const left = [900_000, 900_000];
    const begun = await handler(
      wednesday,
      context(() => left.pop() ?? 100_000),
    );
    expect(begun).toMatchObject({ done: false });
    await read(monday);
    expect(await read(JSON.parse(JSON.stringify(begun)) as Landed)).toMatchObject({ accepted: 2 });
    expect(await said()).toEqual(['a of monday']);
    await withdraw(monday);
    expect(await said()).toEqual(['a of wednesday']);
  });

  test('a changed profile reads the copy as of the original', async () => {
    const { monday, tuesday, wednesday } = landAll();
    await read(monday);
    await read(tuesday);
    use(P2);
    await read(wednesday);
    expect(await said()).toEqual(['a of monday', 'z of tuesday']);
  });
});

/** Tombstones that stand, by day and id. */
async function tombstones(): Promise<string[]> {
  const decisions = decisionsOf(s3.keys('control/withdrawals/'));
  const found: string[] = [];
  for (const key of s3.keys('silver/').filter((k) => !isObjectWithdrawn(decisions, k)))
    for (const r of (await rowsUnder(s3, key)) as (ParquetRow & { effective_at: Date })[])
      if (r.op === 'delete') found.push(`${r.effective_at.toISOString().slice(0, 10)} ${String(r.patient_id)}`);
  return found.sort();
}
const snapshot = (name: string, takenAt: object, more: object = {}): string =>
  JSON.stringify({
    profile: name,
    source_system: 'ward',
    mode: 'snapshot',
    snapshot: { taken_at: takenAt },
    file: { format: 'csv' },
    entities: [
      {
        entity: 'patient',
        effective_at: takenAt,
        recorded_at: takenAt,
        absent: 'tombstone',
        brake_percent: 100,
        fields: { patient_id: 'id', reported_age_years: { constant: 40 } },
      },
    ],
    ...more,
  });

test('bytes that come back are a snapshot of their own, where it is the landing that dates it', async () => {
  s3.put(BUCKETS.control, 'profiles/ward.json', snapshot('ward', { last_modified: true }));
  const send = async (day: string, ids: string[]) => {
    s3.now = new Date(`2026-03-0${day}T08:00:00Z`);
    return read(s3.put(BUCKETS.landing, 'ward/list.csv', `id\n${ids.join('\n')}\n`));
  };
  await send('2', ['x']);
  await send('3', ['x', 'p']);
  expect(await send('4', ['x'])).toMatchObject({ accepted: 1, tombstones: 1 });
  expect(await tombstones()).toEqual(['2026-03-04 p']);
});

test('snapshots of two sources whose profiles have one name have nothing to do with each other', async () => {
  const at = { object_key: '_(\\d{4}-\\d{2}-\\d{2})\\.csv$', date: 'yyyy-MM-dd', zone: 'UTC' };
  const name = 'north-ehr-patients';
  for (const [source, system] of [
    ['north', 'n'],
    ['north-ehr', 'e'],
  ] as const)
    // prettier-ignore
    s3.put(
      BUCKETS.control,
      `profiles/sources/${source}.json`,
      JSON.stringify({ source, profiles: [snapshot(name, at, { source_system: system, files: ['*.csv'] })] }),
    );
  const send = (folder: string, day: string, ids: string[]) =>
    read(s3.put(BUCKETS.landing, `${folder}/list_2026-02-0${day}.csv`, `id\n${ids.join('\n')}\n`));
  await send('north', '2', ['n1', 'n2']);
  expect(await send('north-ehr', '3', ['e1', 'e2'])).toMatchObject({ tombstones: 0 });
  expect(await send('north', '4', ['n1'])).toMatchObject({ tombstones: 1 });
  expect(await tombstones()).toEqual(['2026-02-04 n2']);
});

test('a file of more bytes than an invocation surely hashes is one of its own, unless it was stored with its digest', async () => {
  const stored = new FakeS3();
  stored.install();
  const file = {
    bucket: BUCKETS.landing,
    key: 'bench-w/a.ndjson',
    version: 'v',
    etag: 'e',
    readVersion: undefined,
    size: 4 * 1024 ** 3 + 1,
    lastModifiedMs: Date.UTC(2026, 2, 2),
    senderTime: undefined,
    origin: undefined,
    sha256: undefined,
  };
  const own = builtInProfile('bench-w')!;
  expect(await identify(new S3Client({}), file, own)).toBe('');
  expect(stored.reads).toEqual([]);
  const sha256 = '0'.repeat(64);
  expect(await identify(new S3Client({}), { ...file, sha256 }, own)).toBe(sha256);
});
