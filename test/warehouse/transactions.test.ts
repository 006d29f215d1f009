import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { openReadOnly, openWarehouse } from '@carelake/laptop/engines/warehouse';
import { engineError } from '@carelake/laptop/engines/values';
import { failure, open, type Opened } from './open';

let opened: Opened;
beforeEach(async () => {
  opened = await open();
  await opened.batch(['CREATE SCHEMA s', 'CREATE TABLE s.t (n integer NOT NULL)', 'CREATE TABLE s.gate (n integer)']);
});
afterEach(() => opened.close());

/** Resolves when a running batch has begun its statement of a number. */
function begun(index: number): { onStatement: (i: number, e: object) => void; reached: Promise<void> } {
  let reach!: () => void;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  return { onStatement: (i, e) => (i === index && Object.keys(e).length === 0 ? reach() : undefined), reached };
}

test('a lock makes the second writer wait, and it then sees what the first one wrote', async () => {
  const order: string[] = [];
  const writer = (name: string) =>
    opened.warehouse
      .run(
        [
          'LOCK TABLE s.gate',
          'INSERT INTO s.t SELECT count(*) FROM s.t',
          'SELECT count(*) FROM s.t a CROSS JOIN s.t b',
        ],
        { onStatement: (i, e) => (i === 1 && 'result' in e ? order.push(name) : undefined) },
      )
      .then(() => order.push(`${name} done`));
  await Promise.all(Array.from({ length: 8 }, (_, i) => writer(String(i))));
  // Each inserted the number of rows that it saw: no two saw the same.
  expect(await opened.rows('SELECT n FROM s.t ORDER BY n')).toEqual(Array.from({ length: 8 }, (_, i) => [i]));
  for (let i = 0; i < order.length; i += 2) expect(order[i + 1]).toBe(`${order[i]} done`);
});

test('readers are not kept waiting and see no half of a transaction', async () => {
  await opened.batch(['INSERT INTO s.t VALUES (1)']);
  const seen: unknown[] = [];
  let finish = false;
  const reading = (async () => {
    while (!finish) seen.push((await opened.rows('SELECT count(*) FROM s.t'))[0]?.[0]);
  })();
  for (let i = 0; i < 5; i++)
    await opened.batch(['LOCK s.gate', 'INSERT INTO s.t VALUES (1)', 'INSERT INTO s.t VALUES (1)']);
  finish = true;
  await reading;
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.every((n) => Number(n) % 2 === 1)).toBe(true);
});

test('writers without a lock conflict in words that callers know', async () => {
  await opened.batch(['INSERT INTO s.t VALUES (1)']);
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      opened
        .batch(['SELECT count(*) FROM s.t', `UPDATE s.t SET n = ${i}`, 'SELECT sum(a.n) FROM s.t a CROSS JOIN s.t b'])
        .then(
          () => 'done',
          (e: Error) => e.message,
        ),
    ),
  );
  expect(outcomes).toContain('done');
  for (const outcome of outcomes.filter((o) => o !== 'done'))
    expect(outcome).toContain('conflict with concurrent transaction');
});

test('a cancelled batch leaves nothing, also while it waits for a lock', async () => {
  const big =
    'SELECT count(*) FROM s.t a CROSS JOIN s.t b CROSS JOIN s.t c CROSS JOIN s.t d WHERE a.n + b.n > c.n + d.n';
  await opened.batch([
    'CREATE TABLE s.one (n integer)',
    'INSERT INTO s.one VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)',
    'INSERT INTO s.t SELECT a.n FROM s.one a CROSS JOIN s.one b CROSS JOIN s.one c',
  ]);
  const holder = new AbortController();
  const running = begun(2);
  const first = opened.batch(['LOCK s.gate', 'INSERT INTO s.one VALUES (99)', big], {
    signal: holder.signal,
    onStatement: running.onStatement,
  });
  await running.reached;
  const waiter = new AbortController();
  const second = opened.batch(['LOCK s.gate', 'INSERT INTO s.one VALUES (98)'], { signal: waiter.signal });
  await new Promise((resolve) => setTimeout(resolve, 50));
  waiter.abort(new Error('cancelled'));
  expect(await failure(second)).toContain('cancelled');
  holder.abort(new Error('cancelled'));
  expect(await failure(first)).toMatch(/cancelled/i);
  await opened.batch(['LOCK s.gate', 'INSERT INTO s.one VALUES (97)']);
  expect(await opened.rows('SELECT n FROM s.one WHERE n > 10')).toEqual([[97]]);
});

test('a statement that needs more room than there is fills no disk', () => {
  const message = `Out of Memory Error: failed to offload data block of size 256.0 KiB (1.0 GiB/1.0 GiB used).\nThis limit was set by the 'max_temp_directory_size' setting.`;
  expect(engineError(new Error(message)).message).toMatch(/^ERROR: out of disk space: .*Ask for less/);
});

test('only the sentences of a translated statement pass as they are', () => {
  const say = (text: string) => engineError(new Error(text)).message;
  expect(say('Invalid Input Error: redshift: Divide by zero')).toBe('ERROR: Divide by zero');
  expect(say('Invalid Input Error: redshift: CANARY')).not.toBe('ERROR: CANARY');
  expect(say("Conversion Error: Could not convert string 'Invalid Input Error: redshift: Divide by zero: column CANARY' to INT32")).not.toContain('CANARY'); // prettier-ignore
});

test('messages keep values of the data to themselves', async () => {
  await opened.batch(['CREATE TABLE s.text (v varchar(40))', "INSERT INTO s.text VALUES ('PATIENT-CANARY')"]);
  const message = await failure(opened.batch(['SELECT v::integer FROM s.text']));
  expect(message).toBe('ERROR: Invalid digit, Type: Integer');
  expect(message).not.toContain('CANARY');
});

describe('grants', () => {
  const as = (role: string, ...sqls: string[]) => opened.batch(sqls, { role });
  beforeEach(() =>
    opened.batch([
      'CREATE TABLE s.other (n integer)',
      'CREATE ROLE reader',
      'CREATE ROLE loader',
      'CREATE ROLE nobody',
      'GRANT USAGE ON SCHEMA s TO ROLE reader',
      'GRANT SELECT ON TABLE s.t, s.gate TO ROLE reader',
      'GRANT ROLE reader TO ROLE loader',
      'GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA s TO ROLE loader',
    ]),
  );

  test('a role may do what it was granted, by itself or through another, and nothing else', async () => {
    await as('reader', 'SELECT * FROM s.t JOIN s.gate ON s.t.n = s.gate.n');
    await as(
      'loader',
      'CREATE TEMP TABLE x (n integer)',
      'INSERT INTO x VALUES (1)',
      'INSERT INTO s.t SELECT n FROM x',
      'SELECT count(*) FROM s.t',
    );
    expect(await failure(as('reader', 'INSERT INTO s.t VALUES (1)'))).toBe(
      'ERROR: permission denied for relation s.t (INSERT); role reader',
    );
    expect(await failure(as('reader', 'SELECT * FROM s.other'))).toContain('s.other (SELECT)');
    expect(await failure(as('reader', 'SELECT 1 WHERE EXISTS (SELECT 1 FROM s.other)'))).toContain('s.other (SELECT)');
    expect(await failure(as('loader', 'DROP TABLE s.t'))).toContain('s.t (DROP)');
    expect(await failure(as('loader', 'CREATE TABLE s.mine (n integer)'))).toContain('schema s (CREATE)');
    expect(await failure(as('nobody', 'SELECT * FROM s.t'))).toContain('permission denied for schema s');
    expect(await failure(as('loader', 'GRANT SELECT ON s.other TO ROLE loader'))).toContain('must be owner');
    expect(await failure(as('unheard', 'SELECT * FROM s.t'))).toContain('permission denied');
  });

  test('a refused statement in a batch stops all of it before it begins', async () => {
    expect(await failure(as('loader', 'INSERT INTO s.t VALUES (1)', 'SELECT * FROM s.other'))).toContain('s.other');
    expect(await opened.rows('SELECT count(*) FROM s.t')).toEqual([[0]]);
  });

  test('what is revoked is gone; dropped roles too; names must exist', async () => {
    await opened.batch(['REVOKE SELECT ON s.t FROM ROLE reader']);
    expect(await failure(as('loader', 'SELECT * FROM s.t'))).toContain('s.t (SELECT)');
    await opened.batch(['DROP ROLE reader']);
    expect(await failure(as('reader', 'SELECT * FROM s.gate'))).toContain('permission denied');
    expect(await failure(opened.batch(['GRANT SELECT ON s.t TO ROLE absent']))).toContain('role does not exist');
    expect(await failure(opened.batch(['CREATE ROLE loader']))).toContain('already exists');
  });

  test('go with what they are on: another of its name begins without', async () => {
    await opened.batch(['CREATE VIEW s.seen AS SELECT 1 AS n', 'GRANT SELECT ON s.seen TO ROLE reader']);
    await as('reader', 'SELECT * FROM s.seen');
    await opened.batch(['DROP VIEW s.seen', 'CREATE VIEW s.seen AS SELECT 1 AS n']);
    expect(await failure(as('reader', 'SELECT * FROM s.seen'))).toContain('s.seen (SELECT)');
    await opened.batch(['CREATE SCHEMA gone', 'GRANT USAGE ON SCHEMA gone TO ROLE reader', 'CREATE TABLE gone.t (n integer)', 'GRANT SELECT ON gone.t TO ROLE reader']); // prettier-ignore
    await as('reader', 'SELECT * FROM gone.t');
    await opened.batch(['DROP SCHEMA gone CASCADE', 'CREATE SCHEMA gone', 'CREATE TABLE gone.t (n integer)']);
    expect(await failure(as('reader', 'SELECT * FROM gone.t'))).toContain('permission denied for schema gone');
    await opened.batch(['DROP VIEW s.seen', 'DROP SCHEMA gone CASCADE']);
  });

  test('grants stay over a restart', async () => {
    await opened.warehouse.close();
    const again = await open(opened.dataDir);
    expect(await failure(again.batch(['SELECT * FROM s.other'], { role: 'reader' }))).toContain('s.other');
    await again.close();
    opened = await open();
  });
});

describe('the file', () => {
  test('is held by one process; another is told by whom and what to do', async () => {
    const script =
      "const { openWarehouse } = require(process.env.WAREHOUSE); openWarehouse({ dataDir: process.env.DIR, s3: {} }).then(() => console.log('opened'), (e) => console.log(e.message));";
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
      env: { ...process.env, WAREHOUSE: require.resolve('@carelake/laptop/engines/warehouse'), DIR: opened.dataDir },
    });
    let said = '';
    for await (const chunk of child.stdout) said += String(chunk);
    expect(said).toMatch(/held by another process.*stop it/);
  });

  test('killed with -9 after a commit, it has the commit and not what was under way; it can be read while nobody serves it', async () => {
    await opened.warehouse.close();
    const script = `
      const { openWarehouse } = require(process.env.WAREHOUSE);
      openWarehouse({ dataDir: process.env.DIR, s3: {}, memory: '256MB' }).then(async (w) => {
        await w.run(['INSERT INTO s.t VALUES (42)', 'INSERT INTO s.t VALUES (43)']);
        void w.run(['INSERT INTO s.t VALUES (99)', 'SELECT count(*) FROM s.t a CROSS JOIN s.t b'], { onStatement: (i, e) => { if (i === 1) process.kill(process.pid, 'SIGKILL'); } });
      });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
      env: { ...process.env, WAREHOUSE: require.resolve('@carelake/laptop/engines/warehouse'), DIR: opened.dataDir },
    });
    const signal = await new Promise((resolve) => child.on('exit', (_, s) => resolve(s)));
    expect(signal).toBe('SIGKILL');
    expect(existsSync(`${opened.dataDir}/warehouse.duckdb.wal`)).toBe(true);
    const reader = await openReadOnly(opened.dataDir);
    expect((await reader.query('SELECT n FROM s.t ORDER BY n')).rows).toEqual([[42], [43]]);
    expect(await failure(reader.query('INSERT INTO s.t VALUES (1)'))).toMatch(/read-only/i);
    await reader.close();
    const again = await openWarehouse({ dataDir: opened.dataDir, s3: opened.s3, memory: '256MB' });
    expect((await again.query('SELECT n FROM s.t ORDER BY n')).rows).toEqual([[42], [43]]);
    await again.close();
    opened = await open();
  });

  test('a folder without one is told so', async () => {
    expect(await failure(openReadOnly(`${opened.dataDir}/nothing`))).toContain('has no warehouse yet');
  });
});

describe('what is known of a table’s columns', () => {
  const endless = 'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r';
  const add = 'ALTER TABLE s.wide ADD COLUMN b varchar(2)';
  /** Begins a batch whose last statement runs until it is told to end. */
  async function holding(sqls: string[]): Promise<() => Promise<string>> {
    const holder = new AbortController();
    const running = begun(sqls.length);
    const batch = opened.batch([...sqls, endless], { signal: holder.signal, onStatement: running.onStatement });
    await running.reached;
    return () => {
      holder.abort(new Error('cancelled'));
      return failure(batch);
    };
  }
  beforeEach(() => opened.batch(['CREATE TABLE s.wide (a varchar(3))']));

  test('one that a transaction adds is its own until it commits', async () => {
    const end = await holding([add, "INSERT INTO s.wide VALUES ('abc', 'xy')"]);
    const outcome = (sql: string) => failure(opened.rows(sql));
    const outcomes = [await outcome("INSERT INTO s.wide SELECT 'four'"), await outcome("INSERT INTO s.wide SELECT 'def'")]; // prettier-ignore
    expect(await end()).toMatch(/cancelled/i);
    expect(outcomes[0]).toBe('ERROR: Value too long for character type: column a');
    expect(outcomes[1]).toMatch(/conflict with concurrent transaction/);
    await opened.batch(["INSERT INTO s.wide SELECT 'def'"]);
  });

  test('a transaction that began before it was added does not tell others what it sees', async () => {
    const end = await holding(['LOCK s.gate']);
    const { onStatement, reached } = begun(1);
    const early = opened.batch(['SELECT count(*) FROM s.wide', 'LOCK s.gate', "INSERT INTO s.wide SELECT 'abc'"], { onStatement }); // prettier-ignore
    await reached;
    await opened.batch([add]);
    await end();
    await early.catch(() => undefined);
    expect(await failure(opened.rows("INSERT INTO s.wide SELECT 'abc', 'xyz'"))).toMatch(/too long.*column b/);
  });
});
