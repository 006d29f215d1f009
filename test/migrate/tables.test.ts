import { newMigrations } from '../../core/warehouse/table-changes';
import { parseSql } from '../../core/warehouse/sql';
import { schemaOf } from '../../core/warehouse/tables';

const PAYER = `CREATE TABLE IF NOT EXISTS core.dim_payer_history (
  payer_key varchar(32) ENCODE RAW NOT NULL,
  payer_name varchar(64),
  rate decimal(12, 2),
  is_current boolean DEFAULT false NOT NULL,
  load_id varchar(32) NOT NULL
) DISTSTYLE ALL SORTKEY (payer_key);
`;
const UNKNOWN = `INSERT INTO core.dim_payer_history (payer_key, is_current, load_id)
SELECT '0', true, 'migration' WHERE NOT EXISTS (SELECT 1 FROM core.dim_payer_history WHERE payer_key = '0');
`;
const RENDERED = PAYER + UNKNOWN;
const HAND = ['001-schemas', 'CREATE SCHEMA IF NOT EXISTS ops;\nCREATE TABLE IF NOT EXISTS ops.digit (n integer NOT NULL);\n'] as const; // prettier-ignore
/** Files so far: a hand-written one, and what `npm run migration` makes of the first rendered tables. */
const first = () => new Map<string, string>([HAND, ...newMigrations(new Map([HAND]), RENDERED, 'payer').map((m) => [m.name, m.text] as const)]); // prettier-ignore
const next = (rendered: string, words = 'later') => newMigrations(first(), rendered, words);
const refusal = (rendered: string): string => {
  try {
    next(rendered);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
};

describe('the migration of a rendered table', () => {
  it('that is new is its CREATE and its rows, in one transaction', () => {
    expect([...first().keys()]).toEqual(['001-schemas', '002-payer']);
    const file = parseSql('x', first().get('002-payer')!);
    expect(file).toMatchObject({ transactional: true, statements: parseSql('x', RENDERED).statements });
  });

  it('that is what the migrations lead to is none, whatever its words', () => {
    expect(next(RENDERED)).toEqual([]);
    expect(next(RENDERED, '')).toEqual([]);
    expect(next(RENDERED.replaceAll('  ', '      '))).toEqual([]);
  });

  it('with columns more appends them one by one, wherever they are rendered', () => {
    const wider = RENDERED.replace('  rate', '  city varchar(64) ENCODE RAW,\n  since date,\n  rate');
    expect(next(wider)).toEqual([
      {
        name: '003-later',
        text:
          '-- transactional: true\n-- generated: true\n' +
          'ALTER TABLE core.dim_payer_history ADD COLUMN city varchar(64) ENCODE RAW;\n' +
          'ALTER TABLE core.dim_payer_history ADD COLUMN since date;\n',
      },
    ]);
  });

  it('with wider texts resizes each in a file of its own, outside a transaction', () => {
    const wider = RENDERED.replace('payer_name varchar(64)', 'payer_name varchar(256)').replace('load_id varchar(32)', 'load_id varchar(64)').replace('  rate', '  since date,\n  rate'); // prettier-ignore
    const made = next(wider);
    expect(made.map((m) => [m.name, parseSql('x', m.text)])).toEqual([
      ['003-later', expect.objectContaining({ transactional: true })],
      ['004-later-2', expect.objectContaining({ transactional: false, statements: ['ALTER TABLE core.dim_payer_history ALTER COLUMN payer_name TYPE varchar(256)'] })],
      ['005-later-3', expect.objectContaining({ transactional: false, statements: ['ALTER TABLE core.dim_payer_history ALTER COLUMN load_id TYPE varchar(64)'] })],
    ]); // prettier-ignore
    const all = new Map([...first(), ...made.map((m) => [m.name, m.text] as const)]);
    expect(newMigrations(all, wider, 'again')).toEqual([]);
  });

  it('that many are made in as many files as one transaction each holds', () => {
    const many = Array.from({ length: 90 }, (_, i) => PAYER.replaceAll('payer', `p${i}`)).join('');
    const made = next(RENDERED + many);
    expect(made.map((m) => [m.name, parseSql('x', m.text).statements.length])).toEqual([
      ['003-later', 38],
      ['004-later-2', 38],
      ['005-later-3', 14],
    ]);
    const long = Array.from({ length: 4 }, (_, i) => PAYER.replaceAll('payer', `q${i}`).replace('  rate', Array.from({ length: 1500 }, (_, c) => `  c${c} varchar(64),\n`).join('') + '  rate')).join(''); // prettier-ignore
    for (const { text } of next(RENDERED + long)) expect(Buffer.byteLength(text)).toBeLessThan(100_000);
    expect(next(RENDERED + long).length).toBeGreaterThan(1);
  });

  it.each([
    ['a table less', UNKNOWN.replaceAll('core.dim_payer_history', 'ops.digit'), /dim_payer_history is gone: .* DROP TABLE core.dim_payer_history by hand/],
    ['a column less', RENDERED.replace('  rate decimal(12, 2),\n', ''), /dim_payer_history.rate is gone: .* DROP COLUMN rate by hand/],
    ['a narrower text', RENDERED.replace('varchar(64)', 'varchar(8)'), /payer_name changes from varchar\(64\) to varchar\(8\): only a varchar can grow; add a column/],
    ['another type', RENDERED.replace('decimal(12, 2)', 'bigint'), /rate changes from decimal\(12,2\) to bigint/],
    ['NOT NULL on a column that stands', RENDERED.replace('payer_name varchar(64)', 'payer_name varchar(64) NOT NULL'), /payer_name becomes NOT NULL: .* sql\/checks/],
    ['NOT NULL taken away', RENDERED.replace('load_id varchar(32) NOT NULL', 'load_id varchar(32)'), /load_id becomes nullable/],
    ['a new column that is NOT NULL', RENDERED.replace('  rate', '  since date NOT NULL,\n  rate'), /since is new and NOT NULL: .* nullable/],
    ['another layout', RENDERED.replace('DISTSTYLE ALL', 'DISTSTYLE EVEN'), /another layout: write ALTER TABLE/],
    ['another sort key', RENDERED.replace('SORTKEY (payer_key)', 'SORTKEY (load_id)'), /another layout/],
    ['another default', RENDERED.replace('DEFAULT false', 'DEFAULT true'), /is_current: its DEFAULT or ENCODE differs/],
    ['another encoding', RENDERED.replace(' ENCODE RAW', ''), /payer_key: its DEFAULT or ENCODE differs/],
    ['other rows', RENDERED.replace("'migration'", "'other'"), /the rows of core.dim_payer_history are other ones/],
  ])('with %s is refused with the way out', (_, rendered, message) => expect(refusal(rendered)).toMatch(message)); // prettier-ignore

  it('says all that is refused at once', () => {
    expect(refusal(RENDERED.replace('varchar(64)', 'varchar(8)').replace('DISTSTYLE ALL', '')).split('\n')).toHaveLength(3); // prettier-ignore
  });

  it.each([
    ['DROP COLUMN rate', RENDERED.replace('  rate decimal(12, 2),\n', '')],
    ['ALTER SORTKEY (load_id)', RENDERED.replace('SORTKEY (payer_key)', 'SORTKEY (load_id)')],
    ['ALTER DISTSTYLE EVEN', RENDERED.replace('DISTSTYLE ALL', 'DISTSTYLE EVEN')],
    ['ALTER DISTKEY payer_key', RENDERED.replace('DISTSTYLE ALL', 'DISTSTYLE KEY DISTKEY (payer_key)')],
    ['RENAME COLUMN rate TO tariff', RENDERED.replace('rate', 'tariff')],
  ])('takes the way out when it is written by hand: %s', (change, rendered) => {
    const files = new Map([...first(), ['003-by-hand', `ALTER TABLE core.dim_payer_history ${change};`]]);
    expect(newMigrations(files, rendered, 'x')).toEqual([]);
  });

  it('needs a name of plain words', () => {
    for (const words of ['', 'a b', '../x', 'Ä']) expect(() => next(`${RENDERED}${PAYER.replaceAll('payer', 'p')}`, words)).toThrow('npm run migration --'); // prettier-ignore
  });
});

describe('what migrations leave behind', () => {
  const read = (...texts: string[]) => schemaOf(new Map(texts.map((t, i) => [`00${i}-x`, t])));
  it('has a dropped table no more', () => {
    expect([...read(PAYER, 'DROP TABLE IF EXISTS core.dim_payer_history;').tables]).toEqual([]);
  });
  it.each([
    ['a table that is made twice, which the engine would pass over', [PAYER, PAYER], /already created by an earlier file/],
    ['a change of a table that nothing makes', ['ALTER TABLE core.x ADD COLUMN a integer;'], /no migration creates/],
    ['a column that is not there', [PAYER, 'ALTER TABLE core.dim_payer_history DROP COLUMN x;'], /has no column x/],
    ['a column that is there', [PAYER, 'ALTER TABLE core.dim_payer_history ADD COLUMN rate date;'], /already has rate/],
    ['a change that it cannot read', [PAYER, 'ALTER TABLE core.dim_payer_history OWNER TO x;'], /not one that migrations/],
    ['a table without a list of columns', ['CREATE TABLE core.x AS SELECT 1 AS a;'], /CREATE TABLE schema.name \(columns\)/],
  ])('refuses %s', (_, texts, message) => expect(() => read(...texts)).toThrow(message)); // prettier-ignore
});
