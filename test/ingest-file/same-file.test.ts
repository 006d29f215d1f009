import { senderTime } from '../../core/files/sender-time';
import { fileOrder } from '../../core/records/order';
import { FakeS3 } from './fake-s3';
import { BUCKETS, ingest, type ParquetRow, rowsUnder } from './run';
import { sendVisits, useVisits, visitsProfile } from './visits';

const DAY = '2026-01-05T00:00:00Z';
const file = (name: string): string => `id,name,day\n1,${name},${DAY}\n2,${name},${DAY}\n`;

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  useVisits(s3, visitsProfile());
});
afterEach(() => jest.restoreAllMocks());

const send = (key: string, body: string, at: string, metadata?: Record<string, string>) =>
  sendVisits(s3, key, body, at, metadata);
const micros = (iso: string): number => Date.parse(iso) * 1000;
/** Rows by name, each with its order, as far as a double shows it. */
const orders = async (): Promise<[unknown, number][]> =>
  (await rowsUnder(s3, 'silver/clinic/')).map((r: ParquetRow): [unknown, number] => [
    r.clinic_name,
    Number(r.source_order),
  ]);
const order = (iso: string, row: number): number => Number(fileOrder(micros(iso))(row));
const [MONDAY, TUESDAY, WEDNESDAY] = ['2026-03-02T08:00:00Z', '2026-03-03T08:00:00Z', '2026-03-04T08:00:00Z'];

test('rows are placed by the time at which their file landed, and their place in it', async () => {
  await send('a.csv', file('a'), TUESDAY);
  expect(await orders()).toEqual([['a', order(TUESDAY, 1)], ['a', order(TUESDAY, 2)]]); // prettier-ignore
  expect(fileOrder(micros(TUESDAY))(1) < fileOrder(micros(TUESDAY))(2)).toBe(true);
});

test('the same bytes again, under any name, change nothing, and that is said', async () => {
  await send('monday.csv', file('a'), MONDAY);
  await send('tuesday.csv', file('b'), TUESDAY);
  const before = s3.keys('silver/');
  const again = await send('wednesday.csv', file('a'), WEDNESDAY, { mtime: String(Date.parse(WEDNESDAY) / 1000) });
  expect(again).toMatchObject({ done: true, received: 0, same_as: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown });
  expect(s3.keys('silver/')).toEqual(before);
  expect(s3.keys('control/ingest/').map((k) => s3.json<{ received: number; same_as?: string }>(k)).filter((r) => r.same_as)).toEqual([
    { received: 0, accepted: 0, quarantined: 0, same_as: again.same_as },
  ]); // prettier-ignore
});

test('an object is no copy of itself: it is read again, and makes the same objects', async () => {
  await send('a.csv', file('a'), MONDAY);
  const before = s3.keys('silver/');
  const again = (await ingest({ ...s3.put(BUCKETS.landing, 'visits/a.csv', file('a')) })).result;
  expect(again).toMatchObject({ received: 2, accepted: 2 });
  expect(s3.keys('silver/')).toEqual(before);
});

test('a copy of a file whose reading never ended is read, as that file', async () => {
  s3.failNextPutOf = 'silver/';
  await expect(send('a.csv', file('a'), MONDAY)).rejects.toThrow();
  expect(await send('b.csv', file('a'), WEDNESDAY)).toMatchObject({ accepted: 2 });
  expect(await orders()).toEqual([['a', order(MONDAY, 1)], ['a', order(MONDAY, 2)]]); // prettier-ignore
});

test('the sender says when the file was made: mtime of the object', async () => {
  await send('a.csv', file('a'), WEDNESDAY, { mtime: `${Date.parse(MONDAY) / 1000}.250` });
  expect(await orders()).toEqual([
    ['a', Number(fileOrder(micros(MONDAY) + 250_000)(1))],
    ['a', Number(fileOrder(micros(MONDAY) + 250_000)(2))],
  ]);
});

test.each([
  ['1772438400', 1_772_438_400_000_000],
  ['1772438400.1234567', 1_772_438_400_123_456],
  [MONDAY, micros(MONDAY)],
  ['2126-03-02T08:00:00Z', undefined],
  ['yesterday', undefined],
  ['', undefined],
])('mtime %p', (mtime, expected) => {
  expect(senderTime({ mtime }, Date.parse(WEDNESDAY))).toBe(expected);
});

const NAME_DATE = { object_key: '_(\\d{4}-\\d{2}-\\d{2})\\.csv$', date: 'yyyy-MM-dd', zone: 'UTC' };

test('the profile says it first: by the name of the file', async () => {
  useVisits(s3, visitsProfile({ file_time: NAME_DATE }));
  await send('list_2026-02-01.csv', file('a'), WEDNESDAY, { mtime: String(Date.parse(MONDAY) / 1000) });
  expect(await orders()).toEqual([
    ['a', order('2026-02-01T00:00:00Z', 1)],
    ['a', order('2026-02-01T00:00:00Z', 2)],
  ]);
  // under another date the same bytes are another file
  expect(await send('list_2026-02-02.csv', file('a'), WEDNESDAY)).toMatchObject({ accepted: 2 });
  expect(await send('list.csv', file('a'), WEDNESDAY)).toMatchObject({ accepted: 0, quarantined: 2 });
});

test('the profile says it first: by a column, row for row', async () => {
  useVisits(s3, visitsProfile({ file_time: 'exported' }));
  const body = `id,name,day,exported\n1,a,${DAY},2026-02-03T00:00:00Z\n2,b,${DAY},\n3,c,${DAY},soon\n`;
  expect(await send('a.csv', body, WEDNESDAY)).toMatchObject({ accepted: 2, quarantined: 1 });
  expect(await orders()).toEqual([['a', order('2026-02-03T00:00:00Z', 1)], ['b', order(WEDNESDAY, 2)]]); // prettier-ignore
  expect((await rowsUnder(s3, 'quarantine/')).map((r) => [r.rule_ids, r.pointers])).toEqual([
    ['FLD-TIME', '/exported'],
  ]);
});

test('a source without times has that of the file for both', async () => {
  const without = { effective_at: undefined, recorded_at: undefined };
  useVisits(s3, visitsProfile({ ignored: ['day'] }, without));
  await send('a.csv', file('a'), TUESDAY, { mtime: `${Date.parse(MONDAY) / 1000}` });
  const [row] = (await rowsUnder(s3, 'silver/clinic/')) as (ParquetRow & { effective_at: Date; recorded_at: Date })[];
  expect([row!.effective_at.toISOString(), row!.recorded_at.toISOString()]).toEqual([
    '2026-03-02T08:00:00.000Z',
    '2026-03-02T08:00:00.000Z',
  ]);
  useVisits(s3, visitsProfile({ ignored: ['day'] }, { effective_at: undefined }));
  expect(await send('b.csv', file('b'), TUESDAY)).toMatchObject({
    refused: expect.arrayContaining(['PRF-MODE']) as unknown,
  });
});
