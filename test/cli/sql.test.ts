import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWarehouse } from '@carelake/laptop/engines/warehouse';
import { main } from '../../cli/main';
import { version } from '../../package.json';
import { Cli, ROOT } from '../e2e/laptop';

jest.mock('../../config', () => {
  const actual = jest.requireActual<typeof import('../../config')>('../../config');
  const loadConfig = (env: string) => {
    const config = actual.loadConfig(env);
    return { ...config, warehouse: { ...config.warehouse, maxQuerySeconds: 3 } };
  };
  return { ...actual, loadConfig };
});

const folder = mkdtempSync(join(tmpdir(), 'carelake-ask-'));
const dataDir = join(folder, 'data');
const at = ['--data', dataDir];
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  mkdirSync(dataDir, { mode: 0o700 });
  const names = { stream: 's', buckets: {}, workgroup: 'carelake', loadMachine: '', database: 'carelake', region: 'us-east-1', account: '000000000000' }; // prettier-ignore
  const source = { kind: 'synthetic', patients: 1, events: 1, seed: 1 };
  writeFileSync(
    join(dataDir, 'run.json'),
    JSON.stringify({ source, env: 'local', sent: 1, status: 'complete', names }),
  );
  const warehouse = await openWarehouse({ dataDir, memory: '256MB', threads: 1 });
  await warehouse.run([
    'CREATE SCHEMA gold_phi',
    'CREATE SCHEMA ops',
    'CREATE TABLE ops.note (id integer NOT NULL, text varchar(20))',
    `INSERT INTO ops.note VALUES (1, 'one, "two"'), (2, ''), (3, NULL)`,
    'CREATE VIEW gold_phi.no_show_rate AS SELECT id AS n, CAST(id AS double precision) / 7 AS value FROM ops.note',
  ]);
  await warehouse.close();
});

/** Runs the command line in this process. */
async function ask(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const exitCode = process.exitCode;
  for (const name of ['stdout', 'stderr'] as const)
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    });
  process.exitCode = undefined;
  try {
    await main(['node', 'carelake', ...args]);
    return { ...said, code: process.exitCode };
  } finally {
    process.exitCode = exitCode;
    jest.restoreAllMocks();
  }
}

test('several statements are one session, and each prints its result', async () => {
  const sqls =
    "create temp table t (a integer); insert into t select id from ops.note; -- a ; comment\nselect sum(a) from t; select 1.0::float / 3, 'a;b'";
  expect(await ask('sql', sqls, ...at)).toEqual({
    code: 0,
    stderr: '',
    stdout: 'Done.\n\nDone.\n\nsum\n---\n  6\n1 row\n\n?column?  ?column?\n--------  --------\n  0.3333  a;b\n1 row\n',
  });
});

test('one of several that fails undoes them, and says which and what to do', async () => {
  const { code, stdout, stderr } = await ask('sql', "insert into ops.note values (9, 'nine'); select 1 / 0", ...at);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('Divide by zero');
  expect(stderr).toContain('where: statement 2 of 2; none of their changes were kept');
  expect(stderr).toContain('next:  divide by nullif(…, 0)');
  const refused = await ask('sql', 'select ifnull(1, 2)', ...at);
  expect(refused.stderr).toContain('next:  write nvl(a, b) (docs/sql.md)');
  const left = await ask('sql', '--json', 'select count(*) from ops.note', ...at);
  expect(left.stdout).toBe('{"columns":["count"],"rows":[[3]]}\n');
});

test('a statement on a folder that nobody serves has the time limit of its environment', async () => {
  const endless = 'with recursive n (i) as (select 1 union all select 1 from n) select count(*) from n';
  const { code, stderr } = await ask('sql', endless, ...at);
  expect(code).toBe(1);
  expect(stderr).toContain('it ran longer than the 3 s of max_query_execution_time');
  expect(stderr).toContain('next:  ask for less');
});

test('from a file as comma-separated values, exact', async () => {
  const file = join(folder, 'q.sql');
  writeFileSync(
    file,
    'select id, text from ops.note order by id;\nselect value from gold_phi.no_show_rate where n = 1;\n',
  );
  const { stdout } = await ask('sql', '-f', file, '--csv', ...at);
  expect(stdout).toBe('id,text\n1,"one, ""two"""\n2,""\n3,\nvalue\n0.14285714285714285\n');
});

test('from standard input, row by row', async () => {
  const input = 'select id, text as words from ops.note where id <> 2 order by id';
  const stdout = '-[ row 1 ]-\nid     1\nwords  one, "two"\n-[ row 2 ]-\nid     3\nwords\n2 rows\n';
  expect(await new Cli(['sql', '-', '-x', ...at], { input }).done()).toEqual({ code: 0, stderr: '', stdout });
  // What a shell pipes in is read without being asked for.
  const piped = `printf %s "${input}" | "${process.execPath}" cli/carelake.js sql -x --data "${dataDir}"`;
  const env = { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' };
  expect(execFileSync('sh', ['-c', piped], { cwd: ROOT, env, encoding: 'utf8' })).toBe(stdout);
});

test('nothing is waited for that a program leaves open', async () => {
  const { code, stderr } = await new Cli(['sql', ...at], { input: 'select 1' }).done();
  expect([code, stderr]).toEqual([2, expect.stringContaining('no statement was given')]);
});

test('tables are listed, gold first, and described with what their columns mean', async () => {
  expect((await ask('tables', ...at)).stdout).toBe(
    'table                  columns\n---------------------  -------\ngold_phi.no_show_rate        2\nops.note                     2\n2 tables and views\n',
  );
  expect((await ask('sql', 'SHOW tables;', '--csv', ...at)).stdout).toBe(
    'table_schema,table_name,table_type\ngold_phi,no_show_rate,VIEW\nops,note,BASE TABLE\n',
  );
  expect((await ask('describe', 'no_show_rate', ...at)).stdout).toMatch(
    /^gold_phi\.no_show_rate\n\ncolumn +type +nulls +meaning\n[- ]+\nn +\S+ +null +\S.+\nvalue +double precision +null +\S.+\n$/,
  );
  expect((await ask('describe', 'ops.note', '--json', ...at)).stdout).toBe(
    '{"table":"ops.note","columns":["column","type","nulls","meaning"],"rows":[["id","integer","not null",""],["text","varchar(20)","null",""]]}\n',
  );
  const none = await ask('describe', 'nothing', ...at);
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('next:  npm run --silent carelake -- tables')]);
});

test('the version is that of the release', async () => {
  expect(await ask('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});
