import { landingHash } from '../../core/records/hash';
import { decisionsOf } from '../../core/files/withdrawals';
import { readingOfKey } from '../../core/files/readings';
import { FakeS3 } from './fake-s3';
import { BUCKETS, ingest, rowsUnder } from './run';

const AT = { object_key: '_(\\d{4}-\\d{2}-\\d{2})\\.csv$', date: 'yyyy-MM-dd', zone: 'UTC' };
const profile = (fields: Record<string, unknown>, more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    profile: 'ward',
    source_system: 'ward',
    mode: 'delta',
    file: { format: 'csv' },
    other_columns: 'allow',
    entities: [
      {
        entity: 'patient',
        effective_at: AT,
        recorded_at: AT,
        fields: { patient_id: 'id', reported_age_years: { constant: 40 }, ...fields },
      },
    ],
    ...more,
  });
const PLAIN = profile({});
const MENDED = profile({ zip5: 'zip' });

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  s3.put(BUCKETS.control, 'profiles/ward.json', PLAIN);
});
afterEach(() => jest.restoreAllMocks());

const use = (text: string) => s3.put(BUCKETS.control, 'profiles/ward.json', text);
const land = (body: string) => s3.put(BUCKETS.landing, 'ward/list_2026-01-02.csv', body);
/** State of each reading about which something was decided. */
const decided = (): Record<string, string> =>
  Object.fromEntries([...decisionsOf(s3.keys('control/withdrawals/'))].map(([name, { state }]) => [name, state]));
const readings = (): string[] => [...new Set(s3.keys('silver/').map((key) => readingOfKey(key)!))];
const FILE = 'id,zip\na,10001\nb,20002\n';

test('a mended profile reads the same object anew, and takes the place of the earlier reading', async () => {
  const object = land(FILE);
  expect((await ingest(object)).result).toMatchObject({ accepted: 2 });
  const [first] = readings();
  expect(first).toMatch(/^[0-9a-f]{16}-p[0-9a-f]{8}$/);
  expect(decided()).toEqual({});
  use(MENDED);
  expect((await ingest(object)).result).toMatchObject({ accepted: 2, quarantined: 0 });
  const second = readings().find((r) => r !== first)!;
  expect(second.slice(0, 18)).toBe(first!.slice(0, 18));
  expect(decided()).toEqual({ [first!]: 'withdrawn' });
  const zips = (await rowsUnder(s3, 'silver/')).map((r) => String(r.zip5));
  expect(zips.sort()).toEqual(['10001', '20002', 'null', 'null']);
  // Read again by the one as by the other: the last word is the profile's that stands.
  use(PLAIN);
  await ingest(object);
  expect(decided()).toEqual({ [first!]: 'standing', [second]: 'withdrawn' });
});

test('what a profile says to people, blanks and the order of members make no other reading', async () => {
  const object = land(FILE);
  await ingest(object);
  use(JSON.stringify({ description: 'for people', ...Object.fromEntries(Object.entries(JSON.parse(PLAIN) as object).reverse()) }, null, 2)); // prettier-ignore
  await ingest(object);
  expect(readings()).toHaveLength(1);
  expect(decided()).toEqual({});
});

test('a reading that is refused takes nothing away, and a good one takes the place of the refusal', async () => {
  const object = land(FILE);
  await ingest(object);
  use(profile({ zip5: 'no such column' }));
  expect((await ingest(object)).result.refused).toBeDefined();
  expect(decided()).toEqual({});
  use('{');
  expect((await ingest(object)).result.refused).toBeDefined();
  expect(decided()).toEqual({});
  const [first] = readings();
  use(MENDED);
  await ingest(object);
  // The first reading and both refusals.
  expect(Object.values(decided())).toEqual(['withdrawn', 'withdrawn', 'withdrawn']);
  expect(decided()[first!]).toBe('withdrawn');
});

test('a profile that is changed while a file is read begins anew', async () => {
  const rows = Array.from({ length: 30_000 }, (_, i) => `p${i},10001\n`).join('');
  const object = land(`id,zip\n${rows}`);
  let asked = 0;
  const { result, invocations } = await ingest(object, () => {
    // Asked for the fourth time it has read a chunk, and leaves off.
    if (++asked !== 4) return 900_000;
    use(MENDED);
    return 1000;
  });
  expect(invocations).toBeGreaterThan(1);
  expect(result).toMatchObject({ accepted: 30_000, received: 30_000 });
  const last = (await rowsUnder(s3, 'silver/')).filter((r) => r.zip5 === '10001');
  expect(last).toHaveLength(30_000);
  expect(Object.values(decided())).toEqual(['withdrawn']);
});

test('a withdrawn object is not read until it stands again', async () => {
  const object = land(FILE);
  const hash = landingHash(BUCKETS.landing, object.key, `${object.etag}.${Math.floor(s3.now.getTime() / 1000)}`);
  expect((await ingest({ ...object, decide: 'withdrawn' })).result).toMatchObject({ withdrawn: true, accepted: 0 });
  expect((await ingest(object)).result).toMatchObject({ withdrawn: true });
  expect(decided()).toEqual({ [hash]: 'withdrawn' });
  expect(s3.keys('silver/')).toEqual([]);
  expect((await ingest({ ...object, decide: 'standing' })).result).toMatchObject({ accepted: 2 });
  expect(decided()).toEqual({ [hash]: 'standing' });
  // Said again it is no other decision.
  await ingest({ ...object, decide: 'standing' });
  expect(s3.keys('control/withdrawals/')).toHaveLength(2);
});

test('a copy of the same bytes is read once what it was a copy of is withdrawn; a mended profile replaces the reading of either', async () => {
  const plain = JSON.parse(PLAIN) as { entities: Record<string, unknown>[] };
  const at = { constant: '2026-01-02T00:00:00Z' };
  // A profile that does not read the name takes equal bytes under any name for one file.
  const nameless = JSON.stringify({
    ...plain,
    entities: [{ ...plain.entities[0], effective_at: at, recorded_at: at }],
  });
  use(nameless);
  const one = s3.put(BUCKETS.landing, 'ward/one.csv', FILE);
  const two = s3.put(BUCKETS.landing, 'ward/two.csv', FILE);
  expect((await ingest(one)).result).toMatchObject({ accepted: 2 });
  expect((await ingest(two)).result).toMatchObject({ accepted: 0 });
  const ofOne = readings().find((r) => r.slice(0, 16) === landingHash(BUCKETS.landing, 'ward/one.csv', `${one.etag}.${Math.floor(s3.now.getTime() / 1000)}`)); // prettier-ignore
  use(nameless.replace('"patient_id":"id"', '"patient_id":"id","zip5":"zip"'));
  expect((await ingest(two)).result).toMatchObject({ accepted: 2 });
  expect(decided()[ofOne!]).toBe('withdrawn');
  await ingest({ ...two, decide: 'withdrawn' });
  expect((await ingest(one)).result).toMatchObject({ accepted: 2 });
});
