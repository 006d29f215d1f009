import { encode } from 'iconv-lite';
import { decisionsOf, isObjectWithdrawn } from '../../core/files/withdrawals';
import { fileOrder } from '../../core/records/order';
import { FakeS3 } from './fake-s3';
import { BUCKETS, ingest, rowsUnder } from './run';
import { useVisits, visitsProfile } from './visits';

/** Lines that stand above the columns of a file, and the values that a profile takes from them. */

const EXTRACTED = { preamble: '^"?Extract date: ([^",;]+)', datetime: 'yyyy-MM-dd HH:mm', zone: 'UTC' };
const DAY = { constant: '2026-01-05T00:00:00Z' };
const FILE = { format: 'csv', preamble_lines: 2 };
const profile = (file: object = {}, more: object = {}, fields: object = {}): string =>
  visitsProfile(
    { file: { ...FILE, ...file }, file_time: EXTRACTED, ...more },
    { effective_at: DAY, recorded_at: DAY },
    fields,
  );

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  useVisits(s3, profile());
});
afterEach(() => jest.restoreAllMocks());

const send = async (key: string, body: string | Buffer, remaining?: () => number) =>
  (await ingest(s3.put(BUCKETS.landing, `visits/${key}`, body), remaining)).result;
const clinics = async () =>
  (await rowsUnder(s3, 'silver/clinic/'))
    .map((r) => [r.clinic_id, r.clinic_name, Number(r.source_order)])
    .sort((a, b) => Number(a[2]) - Number(b[2]));
const order = (iso: string, row: number): number => Number(fileOrder(Date.parse(iso) * 1000)(row));
const rejected = async () =>
  (await rowsUnder(s3, 'quarantine/')).map((r) => [String(r.record_position), r.rule_ids, r.pointers]);

test('a line above the columns tells when the file was made: the later extract wins, whichever landed last', async () => {
  await send('b.csv', 'Extract date: 2026-02-12 06:30\nWard 7\nid,name\n1,second\n');
  await send('a.csv', 'Ward 7\nExtract date: 2026-02-11 06:30\nid,name\n1,first\n');
  expect(await clinics()).toEqual([
    ['1', 'first', order('2026-02-11T06:30:00Z', 1)],
    ['1', 'second', order('2026-02-12T06:30:00Z', 1)],
  ]);
});

const BODY = [
  ['"Extract date: 2026-02-12 06:30",', '', 'id,name', '1,A', '2,B'],
  ['1', '2'],
] as const;
test.each<[string, object, Buffer]>([
  ['CRLF and an empty line', {}, Buffer.from(BODY[0].join('\r\n'))],
  ['a byte-order mark', {}, Buffer.from(`\ufeff${BODY[0].join('\n')}`)],
  ["Excel's line above them all", {}, Buffer.from(`sep=,\r\n${BODY[0].join('\r\n')}`)],
  ['UTF-16', { encoding: 'utf-16le' }, encode(BODY[0].join('\n'), 'utf-16le', { addBOM: true })],
  ['UTF-16, the other way', { encoding: 'utf-16be' }, encode(BODY[0].join('\r\n'), 'utf-16be')],
  ['a header line that the profile names', { header: ['id', 'name'] }, Buffer.from(BODY[0].filter((l) => l !== 'id,name').join('\n'))], // prettier-ignore
  [
    "Excel's line, and no header",
    { header: ['id', 'name'] },
    Buffer.from(`sep=,\n${BODY[0].filter((l) => l !== 'id,name').join('\n')}`),
  ],
])('is read with %s', async (_what, file, bytes) => {
  useVisits(s3, profile(file));
  expect(await send('a.csv', bytes)).toMatchObject({ received: 2, accepted: 2 });
  expect(await clinics()).toEqual([
    ['1', 'A', order('2026-02-12T06:30:00Z', 1)],
    ['2', 'B', order('2026-02-12T06:30:00Z', 2)],
  ]);
});

test('NDJSON: a first line that is not like the others, and a value of the records from it', async () => {
  useVisits(
    s3,
    visitsProfile(
      {
        file: { format: 'ndjson', preamble_lines: 1 },
        file_time: { preamble: '"extracted":\\s*"([^"]+)"' },
      },
      {
        effective_at: DAY,
        recorded_at: DAY,
        fields: { clinic_id: '/id', clinic_name: { preamble: '"site":\\s*"([^"]+)"', case: 'upper' } },
      },
    ),
  );
  await send('a.ndjson', '{"extracted": "2026-02-12T06:30:00Z", "site": "north"}\n{"id":"1"}\n{"id":"2"}\n');
  expect(await clinics()).toEqual([
    ['1', 'NORTH', order('2026-02-12T06:30:00Z', 1)],
    ['2', 'NORTH', order('2026-02-12T06:30:00Z', 2)],
  ]);
});

test('an invocation that goes on in the middle of the file still knows them', async () => {
  process.env.INGEST_FILE_MAX_ROWS = '1';
  try {
    const rows = Array.from({ length: 20_001 }, (_, i) => `${i + 1},N\n`).join('');
    const sent = s3.put(BUCKETS.landing, 'visits/a.csv', `Extract date: 2026-02-12 06:30\n\nid,name\n${rows}`);
    expect(await ingest(sent)).toMatchObject({ invocations: 2, result: { accepted: 20_001 } });
  } finally {
    delete process.env.INGEST_FILE_MAX_ROWS;
  }
  expect((await clinics()).at(-1)).toEqual(['20001', 'N', order('2026-02-12T06:30:00Z', 20_001)]);
});

test('rows of a file whose lines do not have it, or say a time that lies ahead, are quarantined', async () => {
  await send('a.csv', 'Extracted yesterday\n\nid,name\n1,A\n');
  await send('b.csv', 'Extract date: 2026-02-31 00:00\n\nid,name\n1,A\n');
  await send('c.csv', 'Extract date: 2026-03-03 00:00\n\nid,name\n1,A\n');
  expect((await rejected()).sort()).toEqual([
    ['1', 'ENV-AHEAD', 'profile:/file_time'],
    ['1', 'FIL-MAP-02', 'profile:/file_time'],
    ['1', 'FIL-MAP-05', 'profile:/file_time'],
  ]);
  expect(await clinics()).toEqual([]);
});

test.each([
  ['no column below them', 'Extract date: 2026-02-12 06:30\nid,name', 'FIL-HDR-01'],
  ['fewer lines than the profile says', 'id,name\n', 'FIL-HDR-08'],
  [
    'a line that ends nowhere near',
    `Extract date: 2026-02-12 06:30\n${'x'.repeat(70_000)}\nid,name\n1,A\n`,
    'FIL-HDR-08',
  ],
  ['the columns where a line should be', 'id,name\n1,A\n2,B\n', 'FIL-HDR-02', 'FIL-HDR-03'],
  ['a line that is no text', Buffer.from('Ward \xff\n\nid,name\n1,A\n', 'latin1'), 'FIL-ENC-01'],
])('a file with %s is refused', async (_what, body, ...rules) => {
  expect(await send('a.csv', body)).toMatchObject({ received: 1, accepted: 0, refused: rules });
});

test('a snapshot is of the time that stands above its columns: who is absent is gone as of then', async () => {
  const at = { snapshot: { taken_at: EXTRACTED }, file_time: undefined, mode: 'snapshot' };
  const entity = { effective_at: EXTRACTED, recorded_at: EXTRACTED, absent: 'tombstone', brake_percent: 60 };
  useVisits(s3, visitsProfile({ file: FILE, ...at }, entity));
  const list = (day: string, ids: string[]) =>
    `Extract date: ${day} 06:30\n\nid,name\n${ids.map((id) => `${id},N\n`).join('')}`;
  expect(await send('x.csv', list('2026-02-12', ['1', '3']))).toMatchObject({ tombstones: 0 });
  await send('y.csv', list('2026-02-11', ['1', '2']));
  const decisions = decisionsOf(s3.keys('control/').map((key) => key.slice('control/'.length)));
  const keys = s3.keys('silver/clinic/').filter((key) => !isObjectWithdrawn(decisions, key.slice('silver/'.length)));
  const rows = (await Promise.all(keys.map((key) => rowsUnder(s3, key)))).flat();
  expect(
    rows.filter((r) => r.op === 'delete').map((r) => [r.clinic_id, (r.effective_at as Date).toISOString()]),
  ).toEqual([['2', '2026-02-12T06:30:00.000Z']]);
  expect(await send('z.csv', 'Ward 7\n\nid,name\n1,N\n')).toMatchObject({ refused: ['FIL-MAP-05'] });
});
