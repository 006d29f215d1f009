import { grantsOnViews, packStatements } from '../../core/warehouse/grants';
import { parseSql } from '../../core/warehouse/sql';
import { viewTransactions } from '../../core/warehouse/view-plan';
import { orderViews, parseView, viewDigest, type InstalledView, type View } from '../../core/warehouse/views';
import { engines, type Engine } from '../sql/engines';

const LOCK = 'LOCK TABLE ops.load_lock';
const GRANTS = ['GRANT SELECT ON ALL TABLES IN SCHEMA core TO ROLE reader', 'GRANT SELECT ON mart.total, mart.top TO ROLE reader']; // prettier-ignore
const SETUP = [
  ...['core', 'mart', 'ops'].map((schema) => `CREATE SCHEMA IF NOT EXISTS ${schema}`),
  'CREATE TABLE ops.load_lock (holder varchar(32))',
  'CREATE TABLE ops.view (view_name varchar(256) NOT NULL, sha256 varchar(64) NOT NULL, definition varchar(65535) NOT NULL)', // prettier-ignore
  'CREATE TABLE core.t (a integer NOT NULL)',
  'INSERT INTO core.t (a) SELECT 1',
];
const view = (name: string, select: string): View => ({ name, select });
const names = (views: readonly View[]): string[] => views.map((v) => v.name);

/** A release: views of the table, one that reads all of them, and one above it. `column` is what they call their number. */
const release = (count: number, column: string, filler = ''): View[] =>
  orderViews([
    ...Array.from({ length: count }, (_, i) => view(`core.v${i}`, `SELECT a AS ${column}, ${i} AS n${filler} FROM core.t`)), // prettier-ignore
    view('mart.total', `SELECT sum(x.${column}) AS ${column} FROM (${Array.from({ length: count }, (_, i) => `SELECT v${i}.${column} FROM core.v${i}`).join(' UNION ALL ')}) x`), // prettier-ignore
    view('mart.top', `SELECT y.${column}, 'it''s core.v0' AS note FROM mart.total y`),
  ]);

const plan = (views: View[], installed: readonly InstalledView[], grants = GRANTS): string[][] =>
  viewTransactions({ views, installed, grantsOn: grantsOnViews(grants), lock: LOCK });
const asInstalled = (views: readonly View[]): InstalledView[] => views.map((v) => ({ ...v, sha256: viewDigest(v) }));

describe.each(engines)('views on $name', ({ open, name }) => {
  let engine: Engine;
  const isLaptop = name === 'DuckDB';
  const grants = isLaptop ? GRANTS : [];
  beforeAll(async () => {
    engine = await open();
    if (isLaptop) await engine.batch(['CREATE ROLE reader']);
  }, 60_000);
  afterAll(() => engine.close());
  beforeEach(async () => {
    const schemas = await engine.batch([
      "SELECT schema_name FROM information_schema.schemata WHERE schema_name IN ('core', 'mart', 'ops') OR schema_name LIKE 'next%'",
    ]);
    for (const [schema] of schemas) await engine.batch([`DROP SCHEMA ${schema} CASCADE`]);
    await engine.batch(SETUP);
    for (const schema of isLaptop ? ['core', 'mart'] : []) await engine.batch([`GRANT USAGE ON SCHEMA ${schema} TO ROLE reader`]); // prettier-ignore
  });

  const installed = async (): Promise<InstalledView[]> =>
    (await engine.batch(['SELECT view_name, sha256, definition FROM ops.view'])).map(([n, sha256, select]) => ({ name: n!, sha256: sha256!, select: select! })); // prettier-ignore
  /** Every view can be read by those who may, and answers. */
  const readAll = async (views: readonly string[]): Promise<void> => {
    if (views.length === 0) return;
    const counts = views.map((v) => `SELECT '${v}' AS name, count(*) AS n FROM ${v}`).join(' UNION ALL ');
    const answers = await engine.batch([`${counts} ORDER BY 1`], {}, isLaptop ? 'reader' : undefined);
    expect(answers).toEqual([...views].sort().map((v) => [v, '1']));
  };
  /** Goes to a release, `limit` transactions far; a reader asks for `watched` after each. */
  const go = async (views: View[], watched: readonly string[], limit = Infinity): Promise<number> => {
    const transactions = plan(views, await installed(), grants);
    for (const sqls of transactions.slice(0, limit)) {
      expect(sqls[0]).toBe(LOCK);
      expect(sqls.length).toBeLessThanOrEqual(40);
      expect(sqls.reduce((sum, s) => sum + Buffer.byteLength(s), 0)).toBeLessThanOrEqual(100_000);
      await engine.batch(sqls);
      await readAll(watched);
    }
    return transactions.length;
  };
  const isAt = async (views: View[]): Promise<void> => {
    await readAll(names(views));
    expect((await installed()).map((v) => [v.name, v.sha256]).sort()).toEqual(views.map((v) => [v.name, viewDigest(v)]).sort()); // prettier-ignore
    const found = await engine.batch([
      "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_type = 'VIEW' AND (table_schema IN ('core', 'mart') OR table_schema LIKE 'next%') ORDER BY 1",
    ]);
    expect(found.flat()).toEqual(names(views).sort());
    expect(await engine.batch(["SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'next%'"])).toEqual([]); // prettier-ignore
    expect(plan(views, await installed(), grants)).toEqual([]);
  };

  it('are made once, and left alone while their text is the same', async () => {
    const views = release(45, 'a');
    expect(await go(views, [])).toBeGreaterThan(1);
    await isAt(views);
  });

  it('that change are recreated with what reads them, in one transaction; the others are not touched', async () => {
    const views = release(5, 'a');
    await go(views, []);
    const later = orderViews([...views.filter((v) => v.name !== 'core.v3'), view('core.v3', 'SELECT a, 7 AS other FROM core.t'), view('core.new', 'SELECT other FROM core.v3')]); // prettier-ignore
    const [only, ...more] = plan(later, await installed(), grants);
    expect(more).toEqual([]);
    expect(only.filter((s) => /^(DROP|CREATE)/.test(s)).map((s) => s.split(/\s+AS\b/)[0])).toEqual([
      'DROP VIEW IF EXISTS mart.top',
      'DROP VIEW IF EXISTS mart.total',
      'DROP VIEW IF EXISTS core.v3',
      'CREATE VIEW core.v3',
      'CREATE VIEW core.new',
      'CREATE VIEW mart.total',
      'CREATE VIEW mart.top',
    ]);
    await go(later, names(views));
    await isAt(later);
  });

  it('that no transaction holds are exchanged so that each can be read at any time', async () => {
    const [before, after] = [release(45, 'a'), release(45, 'b')];
    await go(before, []);
    expect(await go(after, names(before))).toBeGreaterThan(3);
    await isAt(after);
  });

  it('that are too long for one transaction, too', async () => {
    const filler = `, '${'x'.repeat(12_000)}' AS filler`;
    const [before, after] = [release(6, 'a', filler), release(6, 'b', filler)];
    await go(before, []);
    expect(await go(after, names(before))).toBeGreaterThan(2);
    await isAt(after);
  });

  it('that the release has no more are dropped, however many', async () => {
    const before = release(22, 'a');
    const after = orderViews([
      view('core.v1', 'SELECT a, 2 AS n FROM core.t'),
      view('mart.top', 'SELECT n FROM core.v1'),
    ]);
    await go(before, []);
    await go(after, names(after));
    await isAt(after);
  });

  it('are taken up wherever an exchange stopped: by the same release, by the one before, and by another', async () => {
    const [before, after, other] = [release(34, 'a'), release(34, 'b'), release(33, 'c')];
    const watched = names(other);
    await go(before, []);
    const steps = plan(after, await installed(), grants).length;
    expect(steps).toBeGreaterThan(3);
    for (let stop = 1; stop < steps; stop++) {
      const target = [after, before, other][stop % 3];
      await go(after, watched, stop);
      await go(target, watched);
      await isAt(target);
      await go(before, watched);
      await isAt(before);
    }
  }, 120_000);
});

describe('the plan of views', () => {
  it('keeps what belongs together in one transaction, and fills transactions', () => {
    const chains = (x: string): View[] =>
      orderViews(Array.from({ length: 30 }, (_, i) => [view(`core.a${i}`, `SELECT ${x} AS c`), view(`core.b${i}`, `SELECT c FROM core.a${i}`)]).flat()); // prettier-ignore
    const transactions = plan(chains('2'), asInstalled(chains('1')));
    for (const sqls of transactions) {
      const made = (letter: string) => sqls.flatMap((s) => new RegExp(`^CREATE VIEW core.${letter}(\\d+)`).exec(s)?.[1] ?? []); // prettier-ignore
      expect(made('a').sort()).toEqual(made('b').sort());
      expect(sqls.filter((s) => s.startsWith('DROP')).length).toBe(2 * made('a').length);
    }
    expect(transactions.length).toBe(4);
  });

  it('refuses a view that no transaction holds, by its name', () => {
    const long = view('core.long', `SELECT '${'x'.repeat(60_000)}' AS a`);
    expect(() => plan([long], [])).toThrow('the view core.long is too long for one transaction');
    expect(() => plan([long], asInstalled([view('core.long', 'SELECT 1 AS a')]))).toThrow('core.long is too long');
  });

  it.each([
    [[view('a.b', 'SELECT 1 FROM a.c'), view('a.c', 'SELECT 1 FROM a.b')], /circle: a.b, a.c/],
    [[view('a.b', 'SELECT 1'), view('a.b', 'SELECT 2')], /a.b occurs twice/],
    [[view('a.b', String.raw`SELECT '\n' AS x`)], /a.b contains a backslash/],
  ])('refuses %j', (views, message) => expect(() => orderViews(views)).toThrow(message));

  it('reads a view from a file of its name', () => {
    const read = (text: string) => parseView('core.a', parseSql('x', text));
    expect(read('-- Why.\nCREATE VIEW core.a AS\nSELECT 1 AS x;\n')).toEqual(view('core.a', 'SELECT 1 AS x'));
    for (const text of [
      'CREATE VIEW core.b AS SELECT 1;',
      'CREATE OR REPLACE VIEW core.a AS SELECT 1;',
      'CREATE VIEW core.a AS SELECT 1; SELECT 2;',
      '',
    ])
      // prettier-ignore
      expect(() => read(text)).toThrow('views/core.a.sql');
  });
});

describe('grants', () => {
  it('of a view come from its own and from those of its schema, one statement per role and rights', () => {
    const on = grantsOnViews([...GRANTS, 'GRANT ALL ON ALL TABLES IN SCHEMA core, mart TO ROLE owner', 'GRANT USAGE ON SCHEMA core TO ROLE reader', 'GRANT SELECT, INSERT ON core.t TO ROLE loader']); // prettier-ignore
    expect(on(['core.v1', 'core.v2', 'mart.total'])).toEqual([
      'GRANT SELECT ON core.v1, core.v2, mart.total TO ROLE reader',
      'GRANT ALL ON core.v1, core.v2, mart.total TO ROLE owner',
    ]);
    expect(on([])).toEqual([]);
  });

  it('are packed by statements and bytes, each transaction behind the lock', () => {
    const packed = packStatements(
      [LOCK],
      Array.from({ length: 100 }, (_, i) => [`GRANT SELECT ON core.t${i} TO ROLE r`]),
    );
    expect(packed.map((p) => p.length)).toEqual([40, 40, 23]);
    expect(packed.every((p) => p[0] === LOCK)).toBe(true);
    expect(packStatements([LOCK], [['x'.repeat(60_000)], ['y'.repeat(60_000)]]).length).toBe(2);
    expect(packStatements([LOCK], [])).toEqual([]);
    const pairs = packStatements(
      ['a', 'b'],
      Array.from({ length: 30 }, () => ['d', 'm']),
    );
    expect(pairs.map((p) => p.length)).toEqual([40, 24]);
  });
});
