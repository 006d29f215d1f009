import { digestOf, planMigrations, type Applied } from '../../core/warehouse/migrations';
import { parseSql, type SqlFile } from '../../core/warehouse/sql';

const file = (name: string, text: string): [string, SqlFile] => [name, parseSql(name, text)];
const FILES = new Map([file('002-b', 'SELECT 2;'), file('001-a', '-- transactional: false\nSELECT 1;')]);
const applied = (...names: string[]): Applied[] => names.map((name) => ({ name, sha256: digestOf(FILES.get(name)!) }));
const release = (n: number, sha256: string): Applied => ({ name: `release-00000${n}`, sha256 });
const names = (plan: ReturnType<typeof planMigrations>) =>
  plan.kind === 'apply' ? { pending: plan.pending.map((f) => f.name), release: plan.release } : plan.kind;

describe('a migration plan', () => {
  it('runs what has not run, in order, and notes the release', () => {
    expect(names(planMigrations(FILES, [], 'h1'))).toEqual({ pending: ['001-a', '002-b'], release: release(1, 'h1') });
    expect(names(planMigrations(FILES, [...applied('001-a'), release(1, 'h1')], 'h2'))).toEqual({
      pending: ['002-b'],
      release: release(2, 'h2'),
    });
  });

  it('repeats the newest release without noting it again', () => {
    const record = [...applied('001-a', '002-b'), release(1, 'h1'), release(2, 'h2')];
    expect(names(planMigrations(FILES, record, 'h2'))).toEqual({ pending: [], release: undefined });
  });

  it('does nothing for an older release, which is what a rollback asks for', () => {
    const record = [...applied('001-a', '002-b'), release(1, 'h1'), release(2, 'h2')];
    expect(planMigrations(new Map([...FILES].slice(1)), record, 'h1')).toEqual({ kind: 'older' });
  });

  it('takes up a release that failed half-way', () => {
    expect(names(planMigrations(FILES, [...applied('001-a'), release(1, 'h1')], 'h1'))).toEqual({
      pending: ['002-b'],
      release: undefined,
    });
  });

  it('notes no release when called by hand', () => {
    expect(names(planMigrations(FILES, [release(1, 'h1')], undefined))).toEqual({
      pending: ['001-a', '002-b'],
      release: undefined,
    });
  });

  it('refuses a file that was changed after it ran, but not a changed comment', () => {
    const record = applied('001-a', '002-b');
    const changed = (text: string) => new Map([...FILES, file('002-b', text)]);
    expect(() => planMigrations(changed('SELECT 3;'), record, 'h')).toThrow(
      'migrations/002-b.sql was changed after it ran',
    );
    expect(names(planMigrations(changed('-- said better\nSELECT 2;'), record, 'h'))).toMatchObject({ pending: [] });
  });

  it('refuses a name without a number', () => {
    expect(() => planMigrations(new Map([file('b', 'SELECT 1;')]), [], 'h')).toThrow('NNN-words');
  });
});
