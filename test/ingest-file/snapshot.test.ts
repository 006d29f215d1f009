import { basisOf, findAbsent, keysObject, type Snapshot } from '../../core/files/snapshot';
import type { Chunk } from '../../core/files/chunk';
import { decisionsOf, isObjectWithdrawn } from '../../core/files/withdrawals';
import { FakeS3 } from './fake-s3';
import { BUCKETS, ingest, type ParquetRow, rowsUnder } from './run';

const NAME_DATE = { object_key: '_(\\d{4}-\\d{2}-\\d{2})\\.csv$', date: 'yyyy-MM-dd', zone: 'UTC' };

function profile(brake: number, absent = 'tombstone'): string {
  return JSON.stringify({
    profile: 'ward',
    source_system: 'ward',
    mode: 'snapshot',
    snapshot: { taken_at: NAME_DATE },
    file: { format: 'csv' },
    entities: [
      {
        entity: 'patient',
        effective_at: NAME_DATE,
        recorded_at: NAME_DATE,
        absent,
        ...(absent === 'tombstone' ? { brake_percent: brake } : {}),
        fields: { patient_id: 'id', reported_age_years: 'age' },
      },
    ],
  });
}

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  s3.put(BUCKETS.control, 'profiles/ward.json', profile(50));
});
afterEach(() => jest.restoreAllMocks());

const send = async (day: number, ids: string[], age = (id: string): string => String(id.length)) =>
  (
    await ingest(
      s3.put(
        BUCKETS.landing,
        `ward/list_2026-01-${String(day).padStart(2, '0')}.csv`,
        `id,age\n${ids.map((id) => `${id},${age(id)}\n`).join('')}`,
      ),
    )
  ).result;

/** Who is there at the end of each day, from all events: per patient and instant a tombstone or not. */
async function present(days: number[]): Promise<Record<string, string[]>> {
  const rows = (await rowsUnder(s3, 'silver/patient/')) as (ParquetRow & { effective_at: Date })[];
  const answer: Record<string, string[]> = {};
  for (const day of days) {
    const at = Date.UTC(2026, 0, day);
    const latest = new Map<string, ParquetRow & { effective_at: Date }>();
    for (const r of rows) {
      if (r.effective_at.getTime() > at) continue;
      const before = latest.get(String(r.patient_id));
      if (!before || before.effective_at <= r.effective_at) latest.set(String(r.patient_id), r);
    }
    answer[day] = [...latest]
      .filter(([, r]) => r.op === 'upsert')
      .map(([id]) => id)
      .sort();
  }
  return answer;
}

/** Sum of all receipts, as conservation counts them. */
const received = (): number =>
  s3
    .keys('control/ingest/')
    .filter((k) => !k.includes('/snapshots/'))
    .reduce((n, k) => n + s3.json(k).received!, 0);

test('who is absent from the next snapshot is gone as of its time', async () => {
  expect(await send(1, ['a', 'b', 'c'])).toMatchObject({ tombstones: 0 });
  expect(await send(2, ['a', 'c', 'd'])).toMatchObject({ tombstones: 1 });
  expect(await present([1, 2])).toEqual({ 1: ['a', 'b', 'c'], 2: ['a', 'c', 'd'] });
  const [gone] = (await rowsUnder(s3, 'silver/patient/')).filter((r) => r.op === 'delete');
  expect(gone).toMatchObject({
    patient_id: 'b',
    source_system: 'ward',
    reported_age_years: null,
    record_source: expect.stringContaining('ward/list_2026-01-02.csv@') as unknown,
    record_position: expect.stringMatching(/^absent-[0-9a-f]{16}-p[0-9a-f]{8}t[0-9a-f]{8}-1$/) as unknown,
  });
  expect(received()).toBe((await rowsUnder(s3, 'silver/patient/')).length);
});

test('with little time left after the rows, the next invocation compares the keys', async () => {
  await send(1, ['a', 'b']);
  const event = s3.put(BUCKETS.landing, 'ward/list_2026-01-02.csv', 'id,age\na,1\n');
  let asked = 0;
  const { result, invocations } = await ingest(event, () => (asked++ < 2 ? 900_000 : asked < 5 ? 1000 : 900_000));
  expect(invocations).toBe(2);
  expect(result).toMatchObject({ received: 1, accepted: 1, tombstones: 1, done: true });
});

test('a stated absence may mean nothing', async () => {
  s3.put(BUCKETS.control, 'profiles/ward.json', profile(0, 'nothing'));
  await send(1, ['a', 'b']);
  await send(2, ['a']);
  expect(await present([2])).toEqual({ 2: ['a', 'b'] });
});

test('the brake: half a file takes nobody away; the next snapshot is asked about them again; widened, the same file does', async () => {
  await send(1, ['a', 'b', 'c', 'd']);
  expect(await send(2, ['a'])).toMatchObject({ tombstones: 0, held: 'SNP-01' });
  expect(await present([2])).toEqual({ 2: ['a', 'b', 'c', 'd'] });
  expect(await send(3, ['a', 'b', 'c'])).toMatchObject({ tombstones: 1 });
  expect(await present([3])).toEqual({ 3: ['a', 'b', 'c'] });
  const before = s3.keys('silver/');
  s3.put(BUCKETS.control, 'profiles/ward.json', profile(90));
  expect(await send(2, ['a'])).toMatchObject({ tombstones: 3 });
  expect(await present([2, 3])).toEqual({ 2: ['a'], 3: ['a', 'b', 'c'] });
  expect(s3.keys('silver/')).toEqual(expect.arrayContaining(before)); // the rows were the same objects
});

test('a key in a quarantined row is not absent', async () => {
  const dated = JSON.parse(profile(50)) as { entities: Record<string, unknown>[] };
  const recorded_at = { column: 'age', datetime: 'yyyy-MM-dd', zone: 'UTC' };
  Object.assign(dated.entities[0]!, {
    recorded_at,
    fields: { patient_id: 'id', birth_date: { constant: '1980-02-03' } },
  });
  s3.put(BUCKETS.control, 'profiles/ward.json', JSON.stringify(dated));
  await send(1, ['a', 'b'], () => '2026-01-01');
  const result = await send(2, ['a', 'b'], (id) => (id === 'b' ? '2026-02-30' : '2026-01-02'));
  expect(result).toMatchObject({ accepted: 1, quarantined: 1, tombstones: 0 });
  expect(await present([2])).toEqual({ 2: ['a', 'b'] });
});

test('a row without a readable key: absence cannot be told', async () => {
  await send(1, ['a', 'b', 'c']);
  const body = 'id,age\na,1\nragged\n';
  const { result } = await ingest(s3.put(BUCKETS.landing, 'ward/list_2026-01-02.csv', body));
  expect(result).toMatchObject({ quarantined: 1, tombstones: 0, held: 'SNP-02' });
});

test('an object whose name has no time is refused', async () => {
  const { result } = await ingest(s3.put(BUCKETS.landing, 'ward/list.csv', 'id,age\na,1\n'));
  expect(result).toMatchObject({ refused: ['FIL-MAP-05'] });
});

test('snapshots in any order, or twice, end in the same', async () => {
  const days: [number, string[]][] = [
    [1, ['a', 'b', 'c']],
    [2, ['a', 'b', 'd']],
    [3, ['b', 'c', 'd']],
    [4, ['b', 'c']],
  ];
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [0, 3, 1, 2],
    [1, 0, 3, 2, 1],
  ]) {
    s3.objects.clear();
    s3.put(BUCKETS.control, 'profiles/ward.json', profile(100));
    for (const i of order) await send(...days[i]!);
    expect(await present([1, 2, 3, 4])).toEqual(Object.fromEntries(days.map(([day, ids]) => [day, ids])));
  }
});

/** Tombstones that stand: what is stored of a withdrawn snapshot, or of a comparison that is out of date, does not. */
async function tombstones(): Promise<string[]> {
  const decisions = decisionsOf(s3.keys('control/withdrawals/'));
  const found: string[] = [];
  for (const key of s3.keys('silver/').filter((k) => !isObjectWithdrawn(decisions, k)))
    for (const r of await rowsUnder(s3, key))
      if (r.op === 'delete')
        found.push(`${(r.effective_at as unknown as Date).toISOString().slice(8, 10)} ${String(r.patient_id)}`);
  return found.sort();
}

describe('a snapshot that goes', () => {
  const at = (day: number) => s3.put(BUCKETS.landing, `ward/list_2026-01-0${day}.csv`, s3.body(`${BUCKETS.landing}/ward/list_2026-01-0${day}.csv`)); // prettier-ignore
  beforeEach(async () => {
    s3.put(BUCKETS.control, 'profiles/ward.json', profile(100));
    await send(1, ['a', 'b', 'c']);
    await send(2, ['a']);
    await send(3, ['a', 'b', 'd']);
    await send(4, ['d']);
    expect(await tombstones()).toEqual(['02 b', '02 c', '04 a', '04 b']);
  });

  test('takes its tombstones along, and the next one is compared with the one before; undone, all is as it was', async () => {
    await ingest({ ...at(2), decide: 'withdrawn' });
    expect(await tombstones()).toEqual(['03 c', '04 a', '04 b']);
    await ingest({ ...at(3), decide: 'withdrawn' });
    expect(await tombstones()).toEqual(['04 a', '04 b', '04 c']);
    await ingest({ ...at(2), decide: 'standing' });
    expect(await tombstones()).toEqual(['02 b', '02 c', '04 a']);
    await ingest({ ...at(3), decide: 'standing' });
    expect(await tombstones()).toEqual(['02 b', '02 c', '04 a', '04 b']);
  });

  test('or is read anew by a mended profile, is compared again on both sides', async () => {
    const mended = JSON.parse(profile(100)) as { entities: { fields: object; when?: object[] }[] };
    mended.entities[0]!.when = [{ column: 'id', not_equals: 'b' }];
    s3.put(BUCKETS.control, 'profiles/ward.json', JSON.stringify(mended));
    await ingest(at(3));
    expect(await tombstones()).toEqual(['02 b', '02 c', '04 a']);
  });

  test('before it ever came, changes nothing; the brake of a later one is asked again', async () => {
    s3.put(BUCKETS.control, 'profiles/ward.json', profile(50));
    expect(await send(5, [])).toMatchObject({ held: 'SNP-01' });
    expect(await send(6, ['d'])).toMatchObject({ tombstones: 0 });
    await ingest({ ...at(4), decide: 'withdrawn' });
    // Day 5 still lacks all, and is held; day 6 is held against day 3 too, of which it lacks two thirds.
    expect(await tombstones()).toEqual(['02 b', '02 c']);
    expect(s3.json<{ held?: string }>(s3.keys('control/ingest/snapshots/').filter((k) => k.endsWith('.outcome.json')).at(-1)!).held).toBe('SNP-01'); // prettier-ignore
  });
});

test('keys never lie in control, and keys of a person are in no name', async () => {
  await send(1, ['CANARY', 'b', 'c']);
  await send(2, ['b', 'c']);
  for (const key of s3.keys('')) {
    expect(key).not.toContain('CANARY');
    if (key.startsWith('control/')) expect(s3.body(key).toString()).not.toContain('CANARY');
  }
});

describe('comparing keys', () => {
  const landing = { bucket: 'l', key: 'k', version: 'v', lastModifiedMs: 0, digest: '01234567' };
  const snapshot = (version: string, takenAt: number, keys = 0): Snapshot => ({
    ...landing,
    version,
    takenAt,
    chunks: [[1, 2]],
    keys,
    unkeyed: 0,
  });
  const body = (ids: string[]): Uint8Array => {
    const chunk = {
      firstRow: 1,
      lastRow: 2,
      keys: ids.map((id) => ({ entity: 'patient', sourceSystem: 's', naturalKey: [id], accepted: true })),
    } as unknown as Chunk;
    return keysObject(chunk, landing)!.body;
  };

  test('in one pass or in many the same', async () => {
    const before = Array.from({ length: 500 }, (_, i) => `p${i}`);
    const now = before.filter((_, i) => i % 7 !== 0);
    const [old, next] = [snapshot('1', 1, 500), snapshot('2', 2, now.length)];
    const load = (s: Snapshot): Promise<Uint8Array> => Promise.resolve(body(s === old ? before : now));
    for (const perPass of [500_000, 100, 7]) {
      const { known, absent } = await findAbsent(next, [old], load, perPass);
      expect(known.get('patient')).toBe(500);
      expect(absent.map((a) => a.naturalKey[0]).sort()).toEqual(before.filter((_, i) => i % 7 === 0).sort());
    }
  });

  test('a snapshot is held against the one before it, and past those whose absences were held back', () => {
    const [a, b, c, d] = [snapshot('a', 1), snapshot('b', 2), snapshot('c', 3), snapshot('d', 4)];
    const all = [c, a, d, b];
    expect(basisOf(all, d, () => false)).toEqual([c]);
    expect(basisOf(all, d, (s) => s === c)).toEqual([c, b]);
    expect(basisOf(all, d, () => true)).toEqual([c, b, a]);
    expect(basisOf(all, a, () => false)).toEqual([]);
  });
});

test('a key of another authority is absent as what it was: its tombstone has the same key', async () => {
  const named = { ...(JSON.parse(profile(50)) as object), authorities: { patient: 'http://north.example/mrn' } };
  s3.put(BUCKETS.control, 'profiles/ward.json', JSON.stringify(named));
  await send(1, ['a', 'b', 'c']);
  expect(await send(2, ['a', 'c'])).toMatchObject({ tombstones: 1 });
  const rows = await rowsUnder(s3, 'silver/patient/');
  const ofB = rows.filter((r) => r.patient_id === 'b');
  expect(ofB.map((r) => r.op).sort()).toEqual(['delete', 'upsert']);
  expect(new Set(ofB.map((r) => r.patient_key)).size).toBe(1);
  expect(new Set(rows.map((r) => r.source_system))).toEqual(new Set(['ward']));
});
