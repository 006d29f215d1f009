import {
  BUILT_IN_SOURCES,
  builtInSource,
  checkSource,
  ignoredBy,
  profilesFor,
  readSource,
  sourceText,
} from '../../profiles';

const profile = (name: string, ...files: string[]): string =>
  JSON.stringify({
    profile: name,
    source_system: 's',
    mode: 'delta',
    ...(files.length > 0 ? { files } : {}),
    file: { format: 'csv' },
    entities: [
      {
        entity: 'clinic',
        effective_at: { constant: '2026-01-01T00:00:00Z' },
        recorded_at: { constant: '2026-01-01T00:00:00Z' },
        fields: { clinic_id: 'id' },
      },
    ],
  });

test('a source reads each file by the profile that has a pattern for its name', () => {
  const texts = [profile('ehr-a', 'a_*.csv', 'a.txt'), profile('ehr-b', 'b?.csv', '*.all')];
  const check = readSource(sourceText('ehr', texts));
  if (!check?.ok) throw new Error('refused');
  const readers = (key: string): string[] => profilesFor(check.source, key).map((p) => p.profile.profile);
  expect(readers('ehr/2026/a_2026-01-01.csv')).toEqual(['ehr-a']);
  expect(readers('ehr/a.txt')).toEqual(['ehr-a']);
  expect(readers('ehr/b1.csv')).toEqual(['ehr-b']);
  expect(readers('ehr/b12.csv')).toEqual([]);
  expect(readers('ehr/xa_1.csv')).toEqual([]);
  expect(readers('ehr/aXtxt')).toEqual([]);
});

test('a name that would hold a backtracking engine for years is told at once; it may hold any letter', () => {
  const check = checkSource('ehr', [profile('ehr-a', `${'*a'.repeat(30)}*b`, '(?).[x]^$|{1}\\')]);
  if (!check.ok) throw new Error('refused');
  const readers = (key: string): number => profilesFor(check.source, key).length;
  expect(readers(`ehr/${'a'.repeat(900)}`)).toBe(0);
  expect(readers(`ehr/${'a'.repeat(900)}\n\ud83db`)).toBe(1);
  expect(readers('ehr/(😀).[x]^$|{1}\\')).toBe(1);
  expect(readers('ehr/(ab).[x]^$|{1}\\')).toBe(0);
});

test.each<[string, string[], string[], string?]>([
  ['a profile that is named without its source', [profile('other-a', '*')], ['PRF-NAME /profile']],
  ['two profiles of one name', [profile('ehr-a', 'a'), profile('ehr-a', 'b')], ['PRF-NAME /profile']],
  ['a profile without files', [profile('ehr-a')], ['PRF-NAME ']],
  ['a profile that is wrong in itself', [profile('ehr-a', '*').replace('delta', 'alpha')], ['PRF-SCHEMA /mode']],
  ['a profile of a built-in name', [profile('kaggle-no-show', '*')], ['PRF-NAME /profile'], 'kaggle'],
  ['a source of a built-in name', [profile('bench-w-a', '*')], ['PRF-NAME /profile'], 'bench-w'],
  ['a source of the name of a built-in source', [profile('synthea-x', '*')], ['PRF-NAME /profile'], 'synthea'],
])('%s is told', (_, texts, expected, source = 'ehr') => {
  const check = checkSource(source, texts);
  expect(check.ok ? [] : check.errors.map((e) => `${e.rule} ${e.pointer}`)).toEqual(expected);
});

test('what is no source is none', () =>
  expect([readSource('{'), readSource('{"source":"x"}')]).toEqual([undefined, undefined]));

test('a file that no profile reads may be known; one that a profile reads is read', () => {
  const knows = (text: string, ...files: string[]): string =>
    JSON.stringify({ ...(JSON.parse(text) as object), ignored_files: files });
  const check = checkSource('ehr', [
    profile('ehr-a', 'a*.csv'),
    knows(profile('ehr-b', 'b.csv'), 'bill*.csv', 'a1.csv'),
  ]);
  if (!check.ok) throw new Error('refused');
  const known = (key: string): string | undefined => ignoredBy(check.source, key);
  expect(['ehr/bills.csv', 'ehr/a1.csv', 'ehr/b.csv', 'ehr/c.csv'].map(known)).toEqual([
    'bill*.csv',
    undefined,
    undefined,
    undefined,
  ]);
});

test.each(BUILT_IN_SOURCES)('the built-in source %s is one by the rules for everybody', (name) => {
  const source = builtInSource(name)!;
  const names = source.profiles.map(({ profile }) => profile.profile);
  expect(new Set(names).size).toBe(names.length);
  for (const { profile } of source.profiles) {
    expect(profile.profile).toMatch(new RegExp(`^${name}-`));
    for (const pattern of profile.files!)
      expect(profilesFor(source, `${name}/${pattern.replace('*', '')}`)).toHaveLength(1);
  }
  expect(builtInSource('constructor')).toBeUndefined();
});
