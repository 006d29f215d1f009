import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  DescribeTableCommand,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  GetStatementResultCommand,
  GetStatementResultV2Command,
  ListDatabasesCommand,
  ListSchemasCommand,
  ListStatementsCommand,
  ListTablesCommand,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '@carelake/laptop/clock';
import { errorOf, openEndpoints, type Opened } from './open';

const place = { WorkgroupName: 'carelake', Database: 'carelake' };
let opened: Opened;
beforeAll(async () => {
  opened = await openEndpoints();
});
afterAll(() => opened.close());

const client = (): RedshiftDataClient => opened.clients.redshift;
const submit = (Sql: string, more: Partial<ExecuteStatementCommandInput> = {}, to = client()) =>
  to.send(new ExecuteStatementCommand({ ...place, Sql, WaitTimeSeconds: 20, ...more }));
const batch = (Sqls: string[], more = {}, to = client()) =>
  to.send(new BatchExecuteStatementCommand({ ...place, Sqls, WaitTimeSeconds: 20, ...more }));
const describeIt = (Id?: string, to = client()) => to.send(new DescribeStatementCommand({ Id }));
/** Rows of a statement, as the fields the client sees. */
async function rows(sql: string, more = {}): Promise<unknown[][]> {
  const { Id, Status, Error: text } = (await submit(sql, more)) as { Id?: string; Status?: string; Error?: string };
  if (Status !== 'FINISHED') throw new Error(text);
  const { Records = [] } = await client().send(new GetStatementResultCommand({ Id }));
  return Records.map((r) => r.map((f) => Object.values(f)[0] as unknown));
}

test('fields carry their types; metadata names them as Redshift does', async () => {
  const { Id } = await submit(
    "SELECT 1 AS An_Int, 9007199254740993 AS big, 1.50::decimal(10,2) AS dec, 0.5::double precision AS dbl, true AS yes, 'ä' AS txt, date '2026-01-02' AS d, timestamp '2026-01-02 03:04:05.678' AS ts, NULL AS nothing, 'x'::varchar(10) AS v",
  );
  const { Records, ColumnMetadata, TotalNumRows } = await client().send(new GetStatementResultCommand({ Id }));
  expect(TotalNumRows).toBe(1);
  expect(Records?.[0]).toEqual([
    { longValue: 1 },
    { stringValue: '9007199254740993' },
    { stringValue: '1.50' },
    { doubleValue: 0.5 },
    { booleanValue: true },
    { stringValue: 'ä' },
    { stringValue: '2026-01-02' },
    { stringValue: '2026-01-02 03:04:05.678' },
    { isNull: true },
    { stringValue: 'x' },
  ]);
  expect(ColumnMetadata?.map((c) => [c.name, c.typeName])).toEqual([
    ['an_int', 'int4'],
    ['big', 'int8'],
    ['dec', 'numeric'],
    ['dbl', 'float8'],
    ['yes', 'bool'],
    ['txt', 'varchar'],
    ['d', 'date'],
    ['ts', 'timestamp'],
    ['nothing', 'int4'],
    ['v', 'varchar'],
  ]);
  expect(ColumnMetadata?.[2]).toMatchObject({ precision: 10, scale: 2 });
});

test('named parameters are values, never SQL', async () => {
  const Parameters = [
    { name: 'a', value: "x'; DROP TABLE t; --" },
    { name: 'n', value: '41' },
  ];
  expect(await rows('SELECT :a AS a, CAST(:n AS bigint) + 1 AS n, :a AS again', { Parameters })).toEqual([
    ["x'; DROP TABLE t; --", 42, "x'; DROP TABLE t; --"],
  ]);
  expect((await errorOf(submit('SELECT 1', { Parameters }))).message).toContain('parameter a is not used');
  const { Id } = await submit('SELECT :missing');
  expect((await describeIt(Id)).Error).toContain(':missing has no value');
});

test('results come in pages, whole and in order', async () => {
  await batch([
    'CREATE TABLE public.digits (n integer)',
    `INSERT INTO public.digits VALUES ${Array.from({ length: 10 }, (_, i) => `(${i})`).join(', ')}`,
  ]);
  const { Id } = await submit(
    'SELECT a.n + b.n * 10 + c.n * 100 + d.n * 1000 AS n FROM digits a CROSS JOIN digits b CROSS JOIN digits c CROSS JOIN digits d ORDER BY 1',
  );
  const got: number[] = [];
  let NextToken: string | undefined;
  let pages = 0;
  do {
    const page = await client().send(new GetStatementResultCommand({ Id, NextToken }));
    got.push(...(page.Records ?? []).map((r) => (r[0] as { longValue: number }).longValue));
    NextToken = page.NextToken;
    pages++;
  } while (NextToken);
  expect(pages).toBe(10);
  expect(got).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
});

describe('a batch is one transaction', () => {
  beforeAll(() => submit('CREATE TABLE public.t (a integer NOT NULL, b varchar(10))'));

  test('all or nothing; sub-statements say which failed', async () => {
    const { Id, Status } = (await batch([
      "INSERT INTO t VALUES (1, 'kept?')",
      'INSERT INTO t VALUES (NULL, NULL)',
      "INSERT INTO t VALUES (3, 'never')",
    ])) as { Id?: string; Status?: string };
    expect(Status).toBe('FAILED');
    expect(await rows('SELECT count(*) FROM t')).toEqual([[0]]);
    const told = await describeIt(Id);
    expect(told.Error).toBe('ERROR: Cannot insert a NULL value into column a');
    expect(told.SubStatements?.map((s) => [s.Id, s.Status])).toEqual([
      [`${Id}:1`, 'FINISHED'],
      [`${Id}:2`, 'FAILED'],
      [`${Id}:3`, 'ABORTED'],
    ]);
    expect((await describeIt(`${Id}:2`)).Error).toContain('column a');
  });

  test('an error that the engine would forgive ends it too', async () => {
    await batch(["INSERT INTO t VALUES (1, 'x')", 'SELECT nothing FROM nowhere', "INSERT INTO t VALUES (2, 'y')"]);
    expect(await rows('SELECT count(*) FROM t')).toEqual([[0]]);
  });

  test('its results are had by sub-statement', async () => {
    const { Id } = await batch([
      "INSERT INTO t VALUES (1, 'x'), (2, 'y')",
      'SELECT a FROM t ORDER BY a',
      'SELECT count(*) AS n FROM t',
    ]);
    const told = await describeIt(Id);
    expect(told).toMatchObject({ Status: 'FINISHED', HasResultSet: true });
    expect(told.SubStatements?.map((s) => [s.HasResultSet, s.ResultRows])).toEqual([
      [false, 2],
      [true, 2],
      [true, 1],
    ]);
    const second = await client().send(new GetStatementResultCommand({ Id: `${Id}:2` }));
    expect(second.Records?.map((r) => r[0])).toEqual([{ longValue: 1 }, { longValue: 2 }]);
    expect((await errorOf(client().send(new GetStatementResultCommand({ Id: `${Id}:1` })))).message).toMatch(
      /does not have result/,
    );
  });

  test('temporary tables end with it: the next call has a session of its own', async () => {
    await batch(['CREATE TEMP TABLE mine (x integer)', 'INSERT INTO mine VALUES (1)']);
    expect((await describeIt((await submit('SELECT * FROM mine')).Id)).Status).toBe('FAILED');
  });

  test('committed one by one when asked to', async () => {
    const { Id } = await batch(
      ["INSERT INTO t VALUES (10, 'a')", 'INSERT INTO t VALUES (NULL, NULL)', "INSERT INTO t VALUES (11, 'b')"],
      { ExecutionMode: 'AUTO_COMMIT' },
    );
    expect((await describeIt(Id)).SubStatements?.map((s) => s.Status)).toEqual(['FINISHED', 'FAILED', 'FINISHED']);
    expect(await rows('SELECT a FROM t WHERE a >= 10 ORDER BY a')).toEqual([[10], [11]]);
  });
});

describe('limits and names', () => {
  test('40 statements, 100 KB, ClientToken of 64 characters', async () => {
    const forty = await batch(Array.from({ length: 40 }, (_, i) => `SELECT ${i} AS n`));
    expect((await describeIt(forty.Id)).SubStatements).toHaveLength(40);
    expect(await errorOf(batch(Array.from({ length: 41 }, () => 'SELECT 1')))).toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('40'),
    });
    expect((await errorOf(submit(`SELECT '${'x'.repeat(100 * 1024)}'`))).message).toContain('100 KB');
    expect((await errorOf(submit('SELECT 1', { ClientToken: 'x'.repeat(65) }))).message).toContain('clientToken');
  });

  test('workgroup and database are the platform’s own', async () => {
    expect((await errorOf(submit('SELECT 1', { WorkgroupName: 'other' }))).message).toContain('only carelake');
    expect((await errorOf(submit('SELECT 1', { Database: 'other' }))).message).toContain(
      'database "other" does not exist',
    );
    expect((await errorOf(submit('SELECT 1', { WorkgroupName: undefined }))).message).toContain('WorkgroupName');
    expect((await errorOf(submit('SELECT 1', { SessionKeepAliveSeconds: 60 }))).message).toContain(
      'SessionKeepAliveSeconds',
    );
  });

  test('unknown ids, results of what has none, operations that are not there', async () => {
    expect((await errorOf(describeIt('00000000-0000-0000-0000-000000000000'))).name).toBe('ResourceNotFoundException');
    expect((await errorOf(describeIt('nonsense'))).name).toBe('ValidationException');
    expect(
      await errorOf(client().send(new GetStatementResultV2Command({ Id: '00000000-0000-0000-0000-000000000000' }))),
    ).toMatchObject({ name: 'UnknownOperationException' });
  });
});

test('the same ClientToken is the same statement, also when two calls race; another request under it is refused', async () => {
  await submit('CREATE TABLE public.once (n integer)');
  const sql = 'INSERT INTO once VALUES (1)';
  const both = await Promise.all([submit(sql, { ClientToken: 'token-1' }), submit(sql, { ClientToken: 'token-1' })]);
  expect(both[0].Id).toBe(both[1].Id);
  await submit(sql, { ClientToken: 'token-1' });
  expect(await rows('SELECT count(*) FROM once')).toEqual([[1]]);
  expect((await errorOf(submit('SELECT 2', { ClientToken: 'token-1' }))).message).toContain('ClientToken');
});

test('without waiting, states are seen to pass; a wait ends with the statement', async () => {
  const { Id, ...rest } = await submit('SELECT count(*) FROM digits a CROSS JOIN digits b', {
    WaitTimeSeconds: undefined,
  });
  expect(rest).not.toHaveProperty('Status');
  const told = await client().send(new DescribeStatementCommand({ Id, WaitTimeSeconds: 20 }));
  expect(told).toMatchObject({
    Status: 'FINISHED',
    HasResultSet: true,
    ResultRows: 1,
    Database: 'carelake',
    WorkgroupName: 'carelake',
  });
});

const heavy = `SELECT count(*) FROM ${'abcdefghij'
  .split('')
  .map((x) => `digits ${x}`)
  .join(' CROSS JOIN ')} WHERE a.n + b.n + c.n + d.n + e.n > 90 + f.n + g.n + h.n + i.n + j.n`;

test('a running statement is cancelled', async () => {
  const { Id } = await submit(heavy, { WaitTimeSeconds: 0 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect((await describeIt(Id)).Status).toBe('STARTED');
  expect((await errorOf(client().send(new GetStatementResultCommand({ Id })))).name).toBe('ResourceNotFoundException');
  expect((await client().send(new CancelStatementCommand({ Id }))).Status).toBe(true);
  expect((await describeIt(Id)).Status).toBe('ABORTED');
  expect((await errorOf(client().send(new CancelStatementCommand({ Id })))).name).toBe('ValidationException');
});

test('statements are listed, newest first, by state and name', async () => {
  await submit('SELECT 1 AS a', { StatementName: 'load-1' });
  await submit('SELECT nothing', { StatementName: 'load-2' });
  const list = async (more: object) =>
    (await client().send(new ListStatementsCommand(more))).Statements?.map((s) => [s.StatementName, s.Status]);
  expect(await list({ StatementName: 'load-' })).toEqual([
    ['load-2', 'FAILED'],
    ['load-1', 'FINISHED'],
  ]);
  expect(await list({ StatementName: 'load-', Status: 'FAILED' })).toEqual([['load-2', 'FAILED']]);
  const first = await client().send(new ListStatementsCommand({ MaxResults: 1 }));
  const second = await client().send(new ListStatementsCommand({ MaxResults: 1, NextToken: first.NextToken }));
  expect(second.Statements?.[0]?.Id).not.toBe(first.Statements?.[0]?.Id);
});

test('databases, schemas, tables and columns, with the lengths that the engine itself forgets', async () => {
  await batch([
    'CREATE SCHEMA shop',
    'CREATE TABLE shop.item (id varchar(32) NOT NULL, price decimal(10,2), made timestamp) DISTSTYLE ALL',
    'CREATE VIEW shop.cheap AS SELECT id FROM shop.item WHERE price < 1',
  ]);
  expect((await client().send(new ListDatabasesCommand(place))).Databases).toEqual(['carelake']);
  expect((await client().send(new ListSchemasCommand(place))).Schemas).toEqual(['public', 'shop']);
  expect((await client().send(new ListTablesCommand({ ...place, SchemaPattern: 'sh%' }))).Tables).toEqual([
    { schema: 'shop', name: 'cheap', type: 'VIEW' },
    { schema: 'shop', name: 'item', type: 'TABLE' },
  ]);
  const { ColumnList } = await client().send(new DescribeTableCommand({ ...place, Schema: 'shop', Table: 'item' }));
  expect(ColumnList?.map((c) => [c.name, c.typeName, c.length, c.precision, c.scale, c.nullable])).toEqual([
    ['id', 'varchar', 32, 0, 0, 0],
    ['price', 'numeric', 0, 10, 2, 1],
    ['made', 'timestamp', 0, 0, 0, 1],
  ]);
  expect((await errorOf(client().send(new DescribeTableCommand({ ...place, Table: 'absent' })))).name).toBe(
    'ResourceNotFoundException',
  );
});

describe('over a restart', () => {
  test('tables, outcomes and tokens stay; results are gone and say so', async () => {
    const own = await openEndpoints();
    const made = await submit('CREATE TABLE public.kept (n integer)', { ClientToken: 'made' }, own.clients.redshift);
    const asked = await submit('SELECT 1 AS n', {}, own.clients.redshift);
    const again = await own.reopen();
    const to = again.clients.redshift;
    expect((await describeIt(made.Id, to)).Status).toBe('FINISHED');
    expect((await submit('CREATE TABLE public.kept (n integer)', { ClientToken: 'made' }, to)).Id).toBe(made.Id);
    expect((await errorOf(to.send(new GetStatementResultCommand({ Id: asked.Id })))).message).toContain(
      'do not outlive a restart',
    );
    await again.close();
  });

  test('what was under way when the process died is ABORTED; a torn line of the journal harms nobody', async () => {
    const own = await openEndpoints();
    const done = await submit('SELECT 1 AS n', {}, own.clients.redshift);
    const path = join(own.dataDir, 'redshift-data', 'statements.jsonl');
    await own.endpoints.close();
    const line = JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? '') as {
      id: string;
      status: string;
    };
    const flying = {
      ...line,
      id: line.id.replace(/^.{8}/, '12345678'),
      status: 'STARTED',
      subs: [{ status: 'STARTED' }],
    };
    writeFileSync(
      path,
      `${readFileSync(path, 'utf8')}${JSON.stringify(flying)}\n${JSON.stringify(flying).slice(0, 40)}`,
    );
    const again = await own.reopen();
    expect((await describeIt(done.Id, again.clients.redshift)).Status).toBe('FINISHED');
    expect(await describeIt(flying.id, again.clients.redshift)).toMatchObject({
      Status: 'ABORTED',
      Error: expect.stringContaining('stopped'),
    });
    await again.close();
  });

  test('tokens live for eight hours, statements for a day', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    const own = await openEndpoints({ clock });
    const to = own.clients.redshift;
    const first = await submit('SELECT 1 AS n', { ClientToken: 't' }, to);
    await clock.advance(8 * 3_600_000 + 1);
    expect((await submit('SELECT 1 AS n', { ClientToken: 't' }, to)).Id).not.toBe(first.Id);
    await clock.advance(16 * 3_600_000);
    await submit('SELECT 2 AS n', {}, to);
    expect((await errorOf(describeIt(first.Id, to))).name).toBe('ResourceNotFoundException');
    await own.close();
  });
});

describe('UNLOAD, by the role that the namespace names', () => {
  const copyRole = 'arn:aws:iam::000000000000:role/copy';
  const unload = "UNLOAD ('SELECT 7 AS a') TO 's3://gold/x/' IAM_ROLE default FORMAT AS PARQUET";
  const serving = async (granted: readonly string[]): Promise<Opened> => {
    const own = await openEndpoints({
      copyRole,
      authorize: ({ caller, action }) =>
        caller.arn !== copyRole || granted.includes(action) ? undefined : 'no policy of the role allows it',
    });
    own.endpoints.s3.createBucket('gold');
    return own;
  };

  test.each([[[]], [['s3:ListBucket']]])('refused with %j granted, it ends nothing but itself', async (granted) => {
    const own = await serving(granted);
    const to = own.clients.redshift;
    for (let i = 0; i < 3; i++)
      expect(await describeIt((await submit(unload, {}, to)).Id, to)).toMatchObject({
        Status: 'FAILED',
        Error: expect.stringMatching(
          /^ERROR: S3ServiceException: not authorized to perform: s3:(ListBucket|PutObject)/,
        ),
      });
    expect(await submit('SELECT 1 AS n', {}, to)).toMatchObject({ Status: 'FINISHED' });
    expect(own.endpoints.s3.list('gold').objects).toEqual([]);
    await own.close();
  });

  test('granted, it writes what COPY reads', async () => {
    const own = await serving(['s3:ListBucket', 's3:PutObject', 's3:GetObject']);
    const to = own.clients.redshift;
    expect(await submit(unload, {}, to)).toMatchObject({ Status: 'FINISHED' });
    expect(own.endpoints.s3.list('gold').objects.map((o) => o.key)).toEqual(['x/0000_part_00.parquet']);
    const { Id } = await batch(
      [
        'CREATE TEMP TABLE t (a integer)',
        "COPY t FROM 's3://gold/x/' IAM_ROLE default FORMAT AS PARQUET",
        'SELECT a FROM t',
      ],
      {},
      to,
    );
    const { Records } = await to.send(new GetStatementResultCommand({ Id: `${Id}:3` }));
    expect(Records).toEqual([[{ longValue: 7 }]]);
    await own.close();
  });
});
