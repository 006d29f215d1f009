import fc from 'fast-check';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BROKEN, engineError } from '@carelake/laptop/engines/values';
import { failure, open, type Opened, parquetOf } from './open';

/** A value that no role was granted, in an object of the lake. */
const CANARY = 'CANARY-0815';
const KEY = 'raw/part.parquet';

let opened: Opened;
let object: string;
beforeAll(async () => {
  opened = await open();
  opened.s3.createBucket('bronze');
  await opened.s3.put('bronze', KEY, await parquetOf(`SELECT '${CANARY}' AS data, 1 AS set`));
  object = opened.s3.pathOf('bronze', KEY);
  await opened.batch([
    'CREATE SCHEMA s',
    'CREATE TABLE s.t (a integer, b varchar(20))',
    "INSERT INTO s.t VALUES (1, 'one')",
    'CREATE TABLE s.secret (a integer)',
    'CREATE TABLE public.secret_too (a integer)',
    'CREATE ROLE loader',
    'GRANT USAGE ON SCHEMA s TO ROLE loader',
    'GRANT CREATE ON SCHEMA s TO ROLE loader',
    'GRANT USAGE ON SCHEMA public TO ROLE loader',
    'GRANT SELECT ON s.t TO ROLE loader',
  ]);
});
afterAll(() => opened.close());

const answer = async (sql: string): Promise<string> => {
  try {
    return JSON.stringify(await opened.batch([sql], { role: 'loader' }));
  } catch (error) {
    return (error as Error).message;
  }
};

/** A table in a query, written where the grammar takes one. FILE stands for the name of the object. */
const POSITIONS = [
  'SELECT data FROM FILE',
  'SELECT data FROM (SELECT 1 AS a) AS set, FILE',
  'SELECT data FROM (SELECT 1 AS a) AS values, FILE',
  "SELECT data FROM (SELECT 1, 'x') v, FILE",
  'SELECT data FROM s.t x JOIN (SELECT 1 AS set) y ON x.a = y.set, FILE',
  'SELECT data FROM s.t x JOIN s.t y ON CASE WHEN x.a = 1 THEN true ELSE false END, FILE',
  'SELECT data FROM s.t CROSS JOIN FILE',
  'SELECT data FROM (s.t CROSS JOIN FILE)',
  'SELECT data FROM (FILE CROSS JOIN s.t)',
  'SELECT data FROM s.t LEFT JOIN FILE ON true',
  'SELECT data FROM s.t NATURAL JOIN FILE',
  'SELECT data FROM (FILE)',
  'SELECT data FROM ((FILE))',
  'SELECT (SELECT max(data) FROM FILE)',
  'SELECT a FROM s.t WHERE EXISTS (SELECT 1 FROM s.t, FILE)',
  'WITH w AS (SELECT data FROM s.t, FILE) SELECT * FROM w',
  'WITH w AS (TABLE FILE) SELECT * FROM w',
  'SELECT a FROM s.t UNION ALL (TABLE FILE)',
  'SELECT * FROM s.t ORDER BY a LIMIT 1 OFFSET (SELECT count(*) FROM FILE)',
  'CREATE TEMP TABLE mine AS SELECT data FROM s.t, FILE',
  'CREATE VIEW s.seen AS SELECT data FROM s.t, FILE',
  'INSERT INTO s.t SELECT 1, data FROM s.t x, FILE',
  'UPDATE s.t SET b = data FROM s.t u, FILE',
  'DELETE FROM s.t USING s.t u, FILE',
  'MERGE INTO s.t USING FILE ON true WHEN MATCHED THEN DELETE',
  'EXPLAIN SELECT data FROM s.t, FILE',
];

test.each(POSITIONS)('%s names a file to nobody, however it is spelled', async (position) => {
  const spellings = [`'${object}'`, `"${object}"`, `'${object.replace('part', '*')}'`, `'${opened.dataDir}/s3/**'`];
  for (const spelling of spellings)
    expect(await answer(position.replace('FILE', spelling))).toMatch(
      /^ERROR: .*(only COPY reads files|syntax error|looks like a file|permission denied|not a query|expected a name|no TABLE|Parser Error|found )/,
    );
});

test('wherever a text can be written, it is a value: no query answers with what a file holds', async () => {
  const word = fc.constantFrom(
    ...[
      'SELECT',
      'FROM',
      'WHERE',
      'JOIN',
      'CROSS JOIN',
      'ON',
      'USING',
      'AS',
      'SET',
      'VALUES',
      'WHEN',
      'CASE',
      'END',
      'THEN',
    ],
    ...[
      'TABLE',
      'WITH',
      'UNION',
      'ORDER BY',
      'LIMIT',
      'INTERVAL',
      'DATE',
      'ZONE',
      'NATURAL',
      'LEFT',
      'true',
      '1',
      'a',
      'x',
    ],
    ...['s.t', ',', '(', ')', '=', '*', 'data', 'EXISTS', 'IN', 'NOT', 'count(*)', '(SELECT 1 AS set) y', 'AND', '.'],
  );
  const file = fc.constant('FILE');
  const tokens = fc.array(fc.oneof({ weight: 5, arbitrary: word }, { weight: 1, arbitrary: file }), { maxLength: 12 });
  const grown = fc.tuple(fc.constantFrom(...POSITIONS), tokens, fc.nat()).map(([position, extra, at]) => {
    const parts = position.split(' ');
    parts.splice(at % (parts.length + 1), 0, ...extra);
    return parts.join(' ');
  });
  await fc.assert(
    fc.asyncProperty(grown, async (sql) => {
      // A permission error of the engine would mean that it had tried to open the file.
      expect(await answer(sql.replaceAll('FILE', `'${object}'`))).not.toMatch(/CANARY|Permission Error|IO Error/);
    }),
    { numRuns: 400 },
  );
}, 120_000);

test('the engine itself opens only what a COPY was given, and for as long as its session lasts', async () => {
  const names = [object, object.replace('part', '*'), `${opened.dataDir}/warehouse.files/**/*.parquet`];
  const reading = (name: string): Promise<unknown> =>
    opened.warehouse.queryEngine(`SELECT * FROM read_parquet('${name}')`);
  for (const name of names) expect(await failure(reading(name))).toMatch(/file system operations are disabled/);
  const seen: string[] = [];
  await opened.warehouse.run(
    [
      'CREATE TEMP TABLE stage (data varchar(40), set integer)',
      `COPY stage FROM 's3://bronze/${KEY}' IAM_ROLE default FORMAT AS PARQUET`,
      'SELECT data FROM stage',
    ],
    {
      onStatement: (at, { result }) => {
        if (at === 2 && result)
          seen.push(
            JSON.stringify(result.rows),
            ...readdirSync(join(opened.dataDir, 'warehouse.files'), { recursive: true, encoding: 'utf8' }).filter((f) =>
              f.endsWith('.parquet'),
            ),
          );
      },
    },
  );
  expect(seen).toEqual([`[["${CANARY}"]]`, expect.stringMatching(/^[0-9a-f-]{36}\/[0-9a-f-]{36}\/0\.parquet$/)]);
  expect(await failure(reading(join(opened.dataDir, 'warehouse.files', seen[1]!)))).toMatch(/No files found/);
});

describe('a role reads what it was granted, by whatever statement', () => {
  const unload = (query: string): string =>
    `UNLOAD ('${query}') TO 's3://bronze/out/' IAM_ROLE default FORMAT AS PARQUET`;
  test.each([
    unload('SELECT a FROM s.secret'),
    unload('SELECT a FROM "s"."secret"'),
    unload('SELECT a FROM s.t WHERE a IN (SELECT a FROM s.secret)'),
    'CREATE VIEW s.seen AS SELECT a FROM s.secret',
    'CREATE TEMP TABLE mine AS SELECT a FROM s.secret',
    'SELECT a FROM warehouse.s.secret',
  ])('%s', async (sql) => {
    expect(await answer(sql)).toMatch(/permission denied for relation s\.secret \(SELECT\); role loader/);
  });

  test('a bare name is the one of schema public, also before and after a temporary table of that name', async () => {
    expect(await answer('SELECT a FROM secret_too')).toMatch(/permission denied for relation secret_too/);
    const temp = 'CREATE TEMP TABLE secret_too AS SELECT 7 AS a';
    expect(await failure(opened.batch(['SELECT a FROM secret_too', temp], { role: 'loader' }))).toContain('denied');
    expect(await failure(opened.batch([temp, 'SELECT a FROM public.secret_too'], { role: 'loader' }))).toContain(
      'denied',
    );
    expect(await opened.batch([temp, 'SELECT a FROM secret_too'], { role: 'loader' })).toEqual([[7]]);
  });

  test('UNLOAD of what is granted writes an object that COPY reads', async () => {
    await opened.batch([unload('SELECT a, b FROM s.t')], { role: 'loader' });
    const copied = await opened.batch([
      'CREATE TEMP TABLE back (a integer, b varchar(20))',
      "COPY back FROM 's3://bronze/out/' IAM_ROLE default FORMAT AS PARQUET",
      'SELECT a, b FROM back',
    ]);
    expect(copied).toEqual([[1, 'one']]);
    expect(await answer(unload('SELECT a FROM s.t'))).toContain('not empty');
    expect(await answer(unload('SELECT 1 AS a').replace('bronze', 'nowhere'))).toContain(
      'bucket nowhere does not exist',
    );
  });
});

describe('what an engine says of a statement', () => {
  test.each([
    "SELECT 1 WHERE 'a' 'PATIENT-CANARY'",
    "SELECT 'PATIENT-CANARY'::integer",
    "SELECT 'O''PATIENT-CANARY'::date",
    "SELECT absent('PATIENT-CANARY')",
    "SELECT sum('PATIENT-CANARY')",
    "SELECT missing FROM s.t WHERE b = 'PATIENT-CANARY'",
    "SELECT date_trunc('PATIENT-CANARY', timestamp '2026-01-01 00:00:00')",
    "SELECT timestamp 'PATIENT-CANARY'",
    "SELECT interval 'PATIENT-CANARY'",
    'SELECT 4071984::smallint',
  ])('%s is told without its texts and numbers', async (sql) => {
    const message = await failure(opened.rows(sql));
    expect(message).toMatch(/^ERROR: /);
    expect(message).not.toMatch(/CANARY|4071984/);
  });

  test('too little memory is told with its limit', () => {
    const said = 'Out of Memory Error: failed to pin block of size 256.0 KiB (244.1 MiB/244.1 MiB used)\n\nPossible…';
    expect(engineError(new Error(said)).message).toBe(
      'ERROR: out of memory: the statement needs more than the 244.1 MiB that the warehouse has',
    );
  });

  test.each([
    ['at a commit', 'TransactionContext Error: Failed to commit: Could not write file "/d/w.wal": No space left on device'],
    ['after it broke the engine', 'FATAL Error: Failed: database has been invalidated because of a previous fatal error.\nOriginal error: "Failed to create checkpoint because of error: Could not write file "/d/w": No space left on device"'],
    ['at a write', 'IO Error: Could not write file "/d/CANARY/w": Disk quota exceeded'],
  ])('a full disk is told as one, without its names, %s', (_, said) => {
    expect(engineError(new Error(said)).message).toMatch(/^ERROR: disk full: [^/]* Free some space on that disk and run it again$/);
  }); // prettier-ignore

  test('an engine that broke down is told as one that is lost and comes back; what the data says of a disk is none of it', () => {
    const broken =
      'FATAL Error: Failed: database has been invalidated because of a previous fatal error.\nOriginal error: "x"';
    expect(engineError(new Error(broken)).message).toBe(BROKEN);
    const data = `Conversion Error: Could not convert string 'No space left on device' to INT32`;
    expect(engineError(new Error(data)).message).not.toMatch(/disk full/);
  });

  test('names of columns and tables are told', async () => {
    expect(await failure(opened.rows('SELECT missing FROM s.t'))).toContain('missing');
    expect(await failure(opened.rows('SELECT 1 FROM s.absent'))).toContain('absent');
  });
});
