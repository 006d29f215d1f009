import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure, open, type Opened, parquetOf } from './open';

let opened: Opened;
beforeAll(async () => {
  opened = await open();
  opened.s3.createBucket('lake-bucket');
  await opened.batch(['CREATE SCHEMA s', 'CREATE TABLE s.t (a integer, b varchar(5), c timestamp)']);
});
afterAll(() => opened.close());
beforeEach(() => opened.batch(['DELETE FROM s.t']));

/** Writes an object of Parquet from a query of the engine, and gives its manifest entry. */
async function parquet(
  key: string,
  select: string,
): Promise<{ url: string; mandatory: boolean; meta: { content_length: number } }> {
  const { size } = await opened.s3.put('lake-bucket', key, await parquetOf(select));
  return { url: `s3://lake-bucket/${key}`, mandatory: true, meta: { content_length: size } };
}
const manifest = (entries: unknown[]) => opened.s3.put('lake-bucket', 'manifest.json', JSON.stringify({ entries }));
const COPY = "COPY s.t FROM 's3://lake-bucket/manifest.json' IAM_ROLE default FORMAT AS PARQUET MANIFEST";
const row = (a: number, b = 'x') => `SELECT ${a}::integer AS a, '${b}' AS b, timestamp '2026-01-01' AS c`;

test('columns go by position, whatever their names; files of other names stand side by side', async () => {
  await manifest([
    await parquet('one', row(1)),
    await parquet('two', "SELECT 2::integer AS first, 'y' AS second, timestamptz '2026-01-02 03:00:00+01' AS third"),
    await parquet('three', "SELECT 3::integer AS b, 'z' AS a, NULL::timestamp AS c"),
  ]);
  await opened.batch([COPY]);
  expect(await opened.rows('SELECT a, b, c FROM s.t ORDER BY a')).toEqual([
    [1, 'x', '2026-01-01 00:00:00'],
    [2, 'y', '2026-01-02 02:00:00'],
    [3, 'z', null],
  ]);
});

test('a prefix takes every object under it; a list of columns leaves the others null', async () => {
  await parquet('under/1.parquet', row(1));
  await parquet('under/2.parquet', row(2));
  await opened.batch(["COPY s.t FROM 's3://lake-bucket/under/' IAM_ROLE default FORMAT AS PARQUET"]);
  expect(await opened.rows('SELECT sum(a) FROM s.t')).toEqual([[3]]);
  await parquet('narrow/1', "SELECT 'q' AS b, 9::integer AS a");
  await opened.batch([
    "COPY s.t (b, a) FROM 's3://lake-bucket/narrow/1' IAM_ROLE 'arn:aws:iam::0:role/r' FORMAT PARQUET",
  ]);
  expect(await opened.rows('SELECT a, b, c FROM s.t WHERE a = 9')).toEqual([[9, 'q', null]]);
});

describe('what does not fit is refused, by place and column and never by value', () => {
  const CANARY = 'PATIENT-CANARY';
  const refused = async (entries: unknown[]): Promise<string> => {
    await manifest(entries);
    const message = await failure(opened.batch([COPY]));
    expect(message).not.toContain('CANARY');
    expect(message).not.toContain(opened.dataDir);
    expect(await opened.rows('SELECT count(*) FROM s.t')).toEqual([[0]]);
    return message;
  };

  test('a text of more bytes than the column has, though it has no more characters', async () => {
    const message = await refused([
      await parquet('1', row(1)),
      await parquet('2', row(2, 'äöü')),
      await parquet('3', row(3, CANARY)),
    ]);
    expect(message).toBe(
      'ERROR: Spectrum Scan Error: The length of the data column b is longer than the length defined in the table. Table: 5, Data: 14; object 2 of 3',
    );
  });

  test('another number of columns', async () => {
    expect(
      await refused([await parquet('1', row(1)), await parquet('2', "SELECT 1::integer AS a, 'x' AS b")]),
    ).toContain('object 2 of 2 has 2 columns, the table has 3');
  });

  test.each([
    ["SELECT 1::bigint AS a, 'x' AS b, timestamp '2026-01-01' AS c", 'column 1 (a) is bigint, the table has integer'],
    [
      "SELECT 1::integer AS a, 5 AS b, timestamp '2026-01-01' AS c",
      'column 2 (b) is integer, the table has varchar(5)',
    ],
    ["SELECT 1::integer AS a, 'x' AS b, date '2026-01-01' AS c", 'column 3 (c) is date, the table has timestamp'],
    [
      "SELECT 1::integer AS a, 'x'::blob AS b, timestamp '2026-01-01' AS c",
      'column 2 (b) is blob, the table has varchar(5)',
    ],
  ])('another type: %s', async (select, message) => {
    expect(await refused([await parquet('1', select)])).toContain(message);
  });

  test('a length that is not the object’s, no length, no object, no manifest, no Parquet', async () => {
    const entry = await parquet('1', row(1));
    expect(await refused([{ ...entry, meta: { content_length: entry.meta.content_length + 1 } }])).toContain(
      'object 1 of 1 has a length other than its content_length',
    );
    expect(await refused([{ url: entry.url, mandatory: true }])).toContain('object 1 of 1 has no meta.content_length');
    expect(await refused([entry, { ...entry, url: 's3://lake-bucket/absent' }])).toContain(
      'object 2 of 2 does not exist',
    );
    expect(await refused([])).toContain('lists no entries');
    const { size } = await opened.s3.put('lake-bucket', 'junk', `${CANARY} is not a Parquet`);
    expect(
      await refused([entry, { url: 's3://lake-bucket/junk', mandatory: true, meta: { content_length: size } }]),
    ).toContain('object 2 of 2 is not a Parquet file');
    expect(await failure(opened.batch([COPY.replace('manifest.json', 'absent.json')]))).toContain(
      'manifest does not exist',
    );
    expect(await failure(opened.batch([COPY.replace('lake-bucket', 'absent-bucket')]))).toContain(
      'bucket absent-bucket does not exist',
    );
    await opened.s3.put('lake-bucket', 'torn.json', '{');
    expect(await failure(opened.batch([COPY.replace('manifest.json', 'torn.json')]))).toContain('not JSON');
    expect(await failure(opened.batch([COPY.replace('s.t', 's.absent')]))).toContain(
      'relation "s.absent" does not exist',
    );
  });

  test('an object that is not mandatory may be absent', async () => {
    const entry = await parquet('1', row(1));
    await manifest([entry, { url: 's3://lake-bucket/absent', mandatory: false }]);
    await opened.batch([COPY]);
    expect(await opened.rows('SELECT count(*) FROM s.t')).toEqual([[1]]);
  });
});

describe('a temporary table that COPY fills', () => {
  const STAGE = 'CREATE TEMP TABLE stage (a integer NOT NULL, b varchar(5), c timestamp)';
  const FILL = COPY.replace('s.t', 'stage');
  beforeEach(async () => manifest([await parquet('1', row(1)), await parquet('2', row(2))]));

  test('reads as a table', async () => {
    expect(
      await opened.batch([
        STAGE,
        FILL,
        'INSERT INTO s.t SELECT * FROM stage WHERE a > 1',
        'SELECT count(*), min(c) FROM stage',
      ]),
    ).toEqual([[2, '2026-01-01 00:00:00']]);
    expect(await opened.rows('SELECT a FROM s.t')).toEqual([[2]]);
  });

  test.each([
    ['INSERT', "INSERT INTO stage VALUES (3, 'z', NULL)", [[6]]],
    ['UPDATE', 'UPDATE stage SET a = a * 10', [[30]]],
    ['DELETE', 'DELETE FROM stage WHERE a = 1', [[2]]],
    ['a second COPY', FILL, [[6]]],
    ['INSERT from itself', 'INSERT INTO stage SELECT a, b, c FROM stage', [[6]]],
  ])('can be changed by %s', async (_, change, sum) => {
    expect(await opened.batch([STAGE, FILL, change, 'SELECT sum(a) FROM stage'])).toEqual(sum);
  });

  test('that held rows before keeps them', async () => {
    expect(
      await opened.batch([STAGE, "INSERT INTO stage VALUES (5, 'z', NULL)", FILL, 'SELECT sum(a) FROM stage']),
    ).toEqual([[8]]);
  });

  test('is checked at COPY, not where a column is first read', async () => {
    await manifest([await parquet('3', row(3, 'too long'))]);
    expect(await failure(opened.batch([STAGE, FILL, 'SELECT a FROM stage']))).toContain('Table: 5, Data: 8');
    await manifest([
      await parquet('4', row(4)),
      await parquet('5', "SELECT NULL::integer AS a, 'x' AS b, NULL::timestamp AS c"),
    ]);
    expect(await failure(opened.batch([STAGE, FILL]))).toContain(
      'NULL value in column a, which is NOT NULL; object 2 of 2',
    );
  });

  test('ends with its session, and the same name can be made again', async () => {
    await opened.batch([STAGE, FILL]);
    expect(await opened.batch([STAGE, 'SELECT count(*) FROM stage'])).toEqual([[0]]);
    expect(
      await opened.batch([
        STAGE,
        FILL,
        'DROP TABLE stage',
        'CREATE TEMP TABLE stage (other integer)',
        'SELECT count(*) FROM stage',
      ]),
    ).toEqual([[0]]);
  });
});

describe('UNLOAD', () => {
  test('writes an object that COPY reads, and no other way', async () => {
    await opened.batch(["INSERT INTO s.t VALUES (1, 'it''s', timestamp '2026-01-01 10:00:00')"]);
    const unload =
      "UNLOAD ('SELECT a, b, c FROM s.t WHERE b = ''it''''s''') TO 's3://lake-bucket/out/' IAM_ROLE default FORMAT AS PARQUET";
    await opened.batch([unload]);
    expect(opened.s3.list('lake-bucket', { prefix: 'out/' }).objects.map((o) => o.key)).toEqual([
      'out/0000_part_00.parquet',
    ]);
    await opened.batch(['DELETE FROM s.t', "COPY s.t FROM 's3://lake-bucket/out/' IAM_ROLE default FORMAT AS PARQUET"]);
    expect(await opened.rows('SELECT a, b, c FROM s.t')).toEqual([[1, "it's", '2026-01-01 10:00:00']]);
    expect(await failure(opened.batch([unload]))).toContain('not empty');
    await opened.batch([`${unload} ALLOWOVERWRITE`]);
  });
});

test('a file beside the buckets is out of reach even for a manifest', async () => {
  writeFileSync(join(opened.dataDir, 'outside.parquet'), 'x');
  await manifest([{ url: 's3://lake-bucket/../../outside.parquet', mandatory: true, meta: { content_length: 1 } }]);
  expect(await failure(opened.batch([COPY]))).toContain('object 1 of 1 does not exist');
});
