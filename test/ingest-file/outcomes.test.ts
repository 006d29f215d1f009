import { Logger } from '@aws-lambda-powertools/logger';
import { encode } from 'iconv-lite';
import { FakeS3 } from './fake-s3';
import { BUCKETS, context, ingest, rowsUnder } from './run';
import { Mapper } from '../../core/files/mapper';
import { keyId } from '../../core/lake/names';
import { handler } from '../../lambdas/ingest-file';
import type { IngestFileEvent, IngestFileResult } from '../../lambdas/ingest-file/event';

const PROFILE = {
  profile: 'clinics',
  source_system: 'registry',
  mode: 'delta',
  file: { format: 'csv' },
  ignored: ['note'],
  entities: [
    {
      entity: 'clinic',
      effective_at: { column: 'since', date: 'yyyy-MM-dd', zone: 'America/New_York' },
      recorded_at: { column: 'since', date: 'yyyy-MM-dd', zone: 'America/New_York', day: 'end' },
      fields: { clinic_id: 'id', clinic_name: 'name' },
    },
  ],
};

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  s3.put(BUCKETS.control, 'profiles/clinics.json', JSON.stringify(PROFILE));
});
afterEach(() => jest.restoreAllMocks());

const land = (body: Buffer | string, key = 'clinics/a.csv'): IngestFileEvent => s3.put(BUCKETS.landing, key, body);
const HEADER = 'id,name,since,note\n';

async function refusal(body: Buffer | string, key?: string): Promise<string[] | undefined> {
  const { result } = await ingest(land(body, key));
  if (result.refused) {
    expect(result).toMatchObject({ done: true, received: 1, accepted: 0, quarantined: 1 });
    expect(s3.keys('silver/')).toEqual([]);
    const [row] = await rowsUnder(s3, 'quarantine/');
    expect(row).toMatchObject({ record_position: '0', byte_offset: 0n });
    expect(s3.keys('control/ingest/').map((k) => s3.json(k))).toEqual([
      expect.objectContaining({ received: 1, accepted: 0, quarantined: 1 }),
    ]);
  }
  return result.refused;
}

describe('files that are refused as a whole, before a row is read', () => {
  test.each<[string, Buffer | string, string]>([
    ['an empty file', '', 'FIL-HDR-01'],
    ['a byte-order mark and nothing else', Buffer.from([0xef, 0xbb, 0xbf]), 'FIL-HDR-01'],
    ['a semicolon file under a comma profile', 'id;name;since;note\n1;A;2026-01-01;\n', 'FIL-HDR-02'],
    ['a missing column', 'id,name,note\n1,A,\n', 'FIL-HDR-02'],
    ['a column that is neither used nor ignored', 'id,name,since,note,phone\n1,A,2026-01-01,,5\n', 'FIL-HDR-03'],
    ['a column named twice', 'id,name,since,note,name\n1,A,2026-01-01,,B\n', 'FIL-HDR-04'],
    ['a header with an open quote', '"id,name,since,note\n1,A,2026-01-01,\n', 'FIL-HDR-05'],
    ['a workbook', Buffer.from('PK\u0003\u0004 and the rest'), 'FIL-ENC-01'],
    ['a gzip archive', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), 'FIL-ENC-01'],
    ['a binary file', Buffer.from([1, 2, 0, 3, 0, 0, 0, 9]), 'FIL-ENC-01'],
    [
      'UTF-16 with its mark under a UTF-8 profile',
      Buffer.concat([Buffer.from([0xff, 0xfe]), encode(HEADER, 'utf-16le')]),
      'FIL-ENC-02',
    ],
    ['UTF-16 without a mark under a UTF-8 profile', encode(HEADER, 'utf-16le'), 'FIL-ENC-01'],
  ])('%s', async (_, body, rule) => {
    expect(await refusal(body)).toEqual([rule]);
  });

  test('a folder that names no profile, and no folder', async () => {
    expect(await refusal('x', 'nobody/a.csv')).toEqual(['FIL-PRF-01']);
  });

  test('an object without a folder', async () => {
    expect(await refusal('x', 'a.csv')).toEqual(['FIL-PRF-01']);
  });

  test('a wrong profile is told by rule and pointer', async () => {
    s3.put(BUCKETS.control, 'profiles/clinics.json', JSON.stringify({ ...PROFILE, mode: 'sometimes' }));
    expect(await refusal(`${HEADER}1,A,2026-01-01,\n`)).toEqual(['FIL-PRF-02', 'PRF-SCHEMA']);
    const [row] = await rowsUnder(s3, 'quarantine/');
    expect(row!.pointers).toBe('profile: profile:/mode');
  });

  test('a profile that lies under another name', async () => {
    s3.put(BUCKETS.control, 'profiles/other.json', JSON.stringify(PROFILE));
    expect(await refusal(HEADER, 'other/a.csv')).toEqual(['PRF-NAME']);
  });

  test('NDJSON that is none', async () => {
    expect(await refusal('id,name\n1,2\n', 'bench-w/a.ndjson')).toEqual(['FIL-HDR-06']);
  });
});

describe('rows', () => {
  test('a byte-order mark, a quoted line break, ragged and impossible rows: each is checked alone, by place and column', async () => {
    const lines = [
      '\uFEFFid,name,since,note',
      '1,"two\nlines",2026-01-01,',
      '2,A',
      '3,B,2026-02-30,',
      '4,C,,',
      ',D,2026-01-04,',
      `5,${'x'.repeat(300)},2026-01-05,`,
      '6,"open,2026-01-06,',
      '7,G,2026-01-07,',
    ];
    const body = `${lines.join('\n')}\n`;
    const { result } = await ingest(land(body));
    expect(result).toMatchObject({ received: 8, accepted: 3, quarantined: 5, done: true });
    const rows = await rowsUnder(s3, 'silver/clinic/v2/');
    expect(rows.map((r) => [r.clinic_id, r.clinic_name, r.record_position, r.dq_flags])).toEqual([
      ['1', 'two\nlines', '1', null],
      ['5', null, '6', 'FLD-LENGTH'],
      ['7', 'G', '8', null],
    ]);
    const rejected = await rowsUnder(s3, 'quarantine/arrival=');
    expect(rejected.map((r) => [r.record_position, r.rule_ids, r.pointers])).toEqual([
      ['2', 'DQ-FMT-01', '#'],
      ['3', 'FIL-MAP-02', '/since'],
      ['4', 'ENV-MISSING', '/since'],
      ['5', 'DQ-ID-01', '/id'],
      ['7', 'FIL-ROW-02', '#'],
    ]);
    for (const r of rejected) {
      const line = Buffer.from(body).subarray(Number(r.byte_offset), Number(r.byte_offset) + Number(r.byte_length));
      expect(lines).toContain(line.toString());
    }
    expect(rejected[0]).toMatchObject({
      bronze_object: 'landing/clinics/a.csv',
      bronze_row: null,
      profile: 'clinics',
      severity: 'reject',
    });
  });

  test('times are local to the zone of the profile: midnight and last instant of the day', async () => {
    s3.now = new Date('2026-03-10T10:00:00Z');
    await ingest(land(`${HEADER}1,A,2026-03-08,\n`)); // clocks change in New York on that day
    const [row] = await rowsUnder(s3, 'silver/clinic/v2/');
    expect((row!.effective_at as Date).toISOString()).toBe('2026-03-08T05:00:00.000Z');
    expect((row!.recorded_at as Date).toISOString()).toBe('2026-03-09T03:59:59.999Z');
  });

  test('a header alone is a file of no rows', async () => {
    const { result } = await ingest(land(HEADER));
    expect(result).toMatchObject({ done: true, received: 0, accepted: 0, quarantined: 0 });
    expect([...s3.keys('silver/'), ...s3.keys('quarantine/'), ...s3.keys('control/ingest/')]).toEqual([]);
  });

  test('the same rows in another file make the same events', async () => {
    await ingest(land(`${HEADER}1,A,2026-01-01,\n`, 'clinics/a.csv'));
    await ingest(land(`${HEADER}9,Z,2026-01-01,\n1,A,2026-01-01,other note\n`, 'clinics/b.csv'));
    const ids = (await rowsUnder(s3, 'silver/')).filter((r) => r.clinic_id === '1').map((r) => r.event_id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });
});

test('rows that another release has stored with other bytes, the chunk being read again, go under a name of their own', async () => {
  const event = land(`${HEADER}1,A,2026-01-01,\n`);
  await ingest(event);
  const [stored] = s3.keys('silver/');
  const key = stored!.slice('silver/'.length);
  // As a release leaves it that was replaced before the receipt of the chunk was written.
  s3.put(BUCKETS.silver, key, 'of another release');
  for (const receipt of s3.keys('control/ingest/')) s3.objects.delete(receipt);
  for (const read of s3.keys('control/files/read/')) s3.objects.delete(read);
  expect((await ingest(event)).result).toMatchObject({ done: true, accepted: 1 });
  expect(s3.keys('silver/')).toEqual([stored!.replace('.parquet', '-c1-r2.parquet'), stored]);
  expect(s3.body(stored!).toString()).toBe('of another release');
});

describe('long files and failures', () => {
  const many = (n: number): string => HEADER + Array.from({ length: n }, (_, i) => `${i},N${i},2026-01-01,\n`).join('');

  const runs = new Map<string, Map<string, string>>();

  /** Everything that a file leaves behind when nothing disturbs its reading. */
  async function undisturbed(body: string): Promise<Map<string, string>> {
    const known = runs.get(body);
    if (known) return known;
    const own = s3;
    s3 = new FakeS3();
    jest.restoreAllMocks();
    s3.install();
    s3.put(BUCKETS.control, 'profiles/clinics.json', JSON.stringify(PROFILE));
    await ingest(land(body));
    const made = all();
    runs.set(body, made);
    s3 = own;
    jest.restoreAllMocks();
    s3.install();
    return made;
  }

  /** Everything but the slots, of which any may have been taken. */
  const all = (): Map<string, string> =>
    new Map(
      s3
        .keys('')
        // Its end depends on the time of the run.
        .filter((k) => !k.startsWith('control/files/slots/') && k !== 'control/loads/_reopened.json')
        .map((k) => [k, s3.body(k).toString('base64')]),
    );

  test('no time left after each chunk: the machine calls again, and the objects are those of one run', async () => {
    const body = many(41_000);
    const whole = await undisturbed(body);
    let asked = 0;
    const { result, invocations } = await ingest(land(body), () => (asked++ % 3 < 2 ? 900_000 : 1000));
    expect(invocations).toBeGreaterThan(1);
    expect(result).toMatchObject({ received: 41_000, accepted: 41_000, quarantined: 0 });
    expect(all()).toEqual(whole);
    expect([...whole.keys()].filter((k) => k.startsWith('silver/')).map((k) => k.slice(-35))).toEqual(
      ['000000000001-000000020000', '000000020001-000000040000', '000000040001-000000041000'].map(
        (r) => expect.stringContaining(r) as unknown,
      ),
    );
  });

  test.each(['silver/clinic', 'control/ingest'])(
    'a store that fails once (%s): the invocation throws, and called again ends the same',
    async (where) => {
      const body = many(21_000);
      const whole = await undisturbed(body);
      s3.failNextPutOf = where;
      const event = land(body);
      await expect(handler(event, context())).rejects.toThrow('FAULT');
      const { result } = await ingest(event);
      expect(result).toMatchObject({ received: 21_000, accepted: 21_000 });
      expect(all()).toEqual(whole);
    },
  );

  test('an object that was replaced before it was read is told, and nothing is stored of it', async () => {
    const event = land(`${HEADER}1,A,2026-01-01,\n`);
    land(`${HEADER}1,B,2026-01-01,\n`);
    await expect(handler(event, context())).rejects.toMatchObject({ name: 'LastingError', code: 'LANDING-CHANGED' });
    expect(s3.keys('silver/')).toEqual([]);
  });

  test('the folder marker of a console is no file', async () => {
    expect((await ingest(land('', 'clinics/'))).result).toMatchObject({ done: true, received: 0 });
    expect(s3.keys('quarantine/')).toEqual([]);
  });

  test('an event without its object is told by member', async () => {
    await expect(handler({ bucket: 'landing', etag: 'e' } as IngestFileEvent, context())).rejects.toThrow(
      'EVENT: the event has no key',
    );
  });

  test('nothing of a row appears in the answer, in control, in quarantine or in a name', async () => {
    const canary = 'CANARY';
    const { result } = await ingest(
      land(
        `${HEADER}${canary}1,${canary}2,2026-01-01,${canary}3\n${canary}4,${canary}5,${canary}6,${canary}7\n${canary}8\n`,
      ),
    );
    expect(JSON.stringify(result)).not.toContain(canary);
    for (const key of s3.keys('')) {
      expect(key).not.toContain(canary);
      if (!key.startsWith('silver/') && !key.startsWith('landing/')) expect(s3.body(key).includes(canary)).toBe(false);
    }
    const answer: IngestFileResult = result;
    expect(answer).toMatchObject({ accepted: 1, quarantined: 2 });
  });
});

test('a row at which the code throws is told by its place in the code, and the file is read on', async () => {
  const members = Mapper.prototype.members;
  jest.spyOn(Mapper.prototype, 'members').mockImplementation(function (this: Mapper, row) {
    if ((row as string[])[0] === 'CANARY') throw new TypeError('CANARY');
    return members.call(this, row);
  });
  const told = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
  const { result } = await ingest(land(`${HEADER}1,A,2026-01-01,\nCANARY,B,2026-01-01,\n3,C,2026-01-01,\n`));
  expect(result).toMatchObject({ done: true, received: 3, accepted: 2, quarantined: 1 });
  expect((await rowsUnder(s3, 'quarantine/')).map((r) => [r.record_position, r.rule_ids, r.pointers])).toEqual([
    ['2', 'SYS-THROWN', '#'],
  ]);
  expect(told.mock.calls).toEqual([
    [expect.stringContaining('SYS-THROWN'), expect.objectContaining({ records: 1, object: keyId('clinics/a.csv') })],
  ]);
  expect(JSON.stringify(told.mock.calls)).toMatch(/TypeError/);
  expect(JSON.stringify(told.mock.calls)).not.toContain('CANARY');
});

describe('a file in the folder of a source', () => {
  const source = (...files: string[][]): void => {
    const profiles = files.map((patterns, i) =>
      JSON.stringify({ ...PROFILE, profile: `desk-${i}`, files: patterns, source_system: `desk-${i}` }),
    );
    s3.put(BUCKETS.control, 'profiles/sources/desk.json', JSON.stringify({ source: 'desk', profiles }));
  };

  test('is read by the one profile with a pattern for its name', async () => {
    source(['a*'], ['b*']);
    const { result } = await ingest(land(`${HEADER}1,A,2026-01-01,\n`, 'desk/2026/b.csv'));
    expect(result).toMatchObject({ received: 1, accepted: 1 });
    expect((await rowsUnder(s3, 'silver/')).map((r) => [r.clinic_id, r.source_system])).toEqual([['1', 'desk-1']]);
  });

  test.each([
    ['no profile has a pattern for', [['a*'], ['c*']], 'FIL-PRF-03'],
    ['two have one for', [['b*'], ['*.csv']], 'FIL-PRF-03'],
    ['lies in the folder of a source that is wrong', [[]], 'FIL-PRF-02'],
  ])('that %s is refused', async (_, files, rule) => {
    source(...files);
    expect((await refusal('x', 'desk/b.csv'))![0]).toBe(rule);
  });
});
