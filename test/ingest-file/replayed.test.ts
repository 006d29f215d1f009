import { originalRow, originMetadata, originOf } from '../../core/files/origin';
import { fileOrder } from '../../core/records/order';
import { FakeS3 } from './fake-s3';
import { rowsUnder } from './run';
import { sendVisits, useVisits, visitsProfile } from './visits';

const AT = { constant: '2026-01-05T00:00:00Z' };
const profile = (entity: object = {}): string => visitsProfile({}, { effective_at: AT, recorded_at: AT, ...entity });
const [MONDAY, TUESDAY, WEDNESDAY, THURSDAY] = [2, 3, 4, 5].map((day) => `2026-03-0${day}T08:00:00Z`) as [
  string,
  string,
  string,
  string,
];
const [OF_MONDAY, OF_TUESDAY] = ['00000000000000aa', '00000000000000bb'];

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  useVisits(s3, profile());
});
afterEach(() => jest.restoreAllMocks());

const send = (key: string, rows: string, at: string, metadata?: Record<string, string>) =>
  sendVisits(s3, key, `id,name\n${rows}`, at, metadata);
const replayed = (at: string, rows?: number[], object = OF_MONDAY): Record<string, string> => ({
  mtime: String(Date.parse(at) / 1000),
  ...originMetadata({ object, landedMs: Date.parse(at), ...(rows ? { rows } : {}) }),
});
const orders = async () => (await rowsUnder(s3, 'silver/clinic/')).map((r) => [r.clinic_name, Number(r.source_order)]);
const order = (iso: string, row: number): number => Number(fileOrder(Date.parse(iso) * 1000)(row));

test('rows that are replayed stand where they stood: in the file of Monday, each at its own row', async () => {
  await send('tuesday.csv', '1,Tuesday\n', TUESDAY);
  await send('r/monday.csv', '1,seventh\n2,ninth\n', WEDNESDAY, replayed(MONDAY, [7, 9]));
  expect(await orders()).toEqual(
    expect.arrayContaining([
      ['Tuesday', order(TUESDAY, 1)],
      ['seventh', order(MONDAY, 7)],
      ['ninth', order(MONDAY, 9)],
    ]),
  );
});

test('rows that read the same are each replayed for their own place; the same row twice is taken in once', async () => {
  await send('r1/monday.csv', '1,same\n', WEDNESDAY, replayed(MONDAY, [3]));
  await send('r2/monday.csv', '1,same\n', WEDNESDAY, replayed(MONDAY, [4]));
  await send('r3/tuesday.csv', '1,same\n', WEDNESDAY, replayed(TUESDAY, [3], OF_TUESDAY));
  expect(await send('r4/monday.csv', '1,same\n', THURSDAY, replayed(MONDAY, [3]))).toMatchObject({ received: 0 });
  expect((await orders()).sort()).toEqual(
    [
      ['same', order(MONDAY, 3)],
      ['same', order(MONDAY, 4)],
      ['same', order(TUESDAY, 3)],
    ].sort(),
  );
});

test('a whole file has its own rows, and what a profile takes from the landing is from the first one', async () => {
  const times = { effective_at: { last_modified: true }, recorded_at: { last_modified: true } };
  useVisits(s3, profile(times));
  await send('r/monday.csv', '1,a\n2,b\n', WEDNESDAY, replayed(MONDAY));
  const rows = await rowsUnder(s3, 'silver/clinic/');
  expect(rows.map((r) => [r.clinic_name, (r.effective_at as Date).toISOString(), Number(r.source_order)])).toEqual([
    ['a', '2026-03-02T08:00:00.000Z', order(MONDAY, 1)],
    ['b', '2026-03-02T08:00:00.000Z', order(MONDAY, 2)],
  ]);
  // It arrived when it landed here.
  expect(s3.keys('silver/clinic/').map((k) => /arrival=([^/]+)/.exec(k)?.[1])).toEqual(['2026-03-04T08']);
});

test.each([
  [{}, undefined],
  [{ 'replay-of': OF_MONDAY, 'replay-landed': '5' }, { object: OF_MONDAY, landedMs: 5 }],
  [{ 'replay-of': OF_MONDAY, 'replay-landed': '5', 'replay-rows': '3 9' }, { object: OF_MONDAY, landedMs: 5, rows: [3, 9] }],
  [{ 'replay-of': OF_MONDAY, 'replay-landed': '11' }, undefined],
  [{ 'replay-of': OF_MONDAY, 'replay-landed': '5', 'replay-rows': '3,9' }, undefined],
  [{ 'replay-of': 'monday.csv', 'replay-landed': '5' }, undefined],
])('metadata %j states %j to an object that landed at 10', (metadata, expected) => {
  expect(originOf(metadata as Record<string, string>, 10)).toEqual(expected);
}); // prettier-ignore

test('what a mended row was made into beyond its row stands where that did', () => {
  const origin = { object: OF_MONDAY, landedMs: 0, rows: [5] };
  expect([1, 2].map((row) => originalRow(row, origin))).toEqual([5, 5]);
  expect([1, 2].map((row) => originalRow(row, undefined))).toEqual([1, 2]);
});
