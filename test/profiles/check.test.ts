import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import {
  BUILT_IN_PROFILES,
  builtInProfile,
  checkHeader,
  checkOwnProfile,
  checkProfile,
  profileJsonSchema,
  profileNameOf,
} from '../../profiles';
import { generatedProfileDocs } from '../../profiles/documents';
import { FILE_RULES } from '../../profiles/rules';

const ROOT = join(__dirname, '../..');
const validate = new Ajv2020({ strict: false }).compile(profileJsonSchema());

/** A right profile, one member per line, so that a wrong one can be made by replacing a line. */
const RIGHT = `{
  "profile": "mine",
  "source_system": "ehr",
  "mode": "delta",
  "file": { "format": "csv", "zone": "Europe/Berlin" },
  "ignored": ["Remark"],
  "optional": [],
  "entities": [
    {
      "entity": "patient",
      "effective_at": { "column": "Day", "date": "dd.MM.yyyy" },
      "recorded_at": { "column": "Day", "date": "dd.MM.yyyy", "day": "end" },
      "fields": {
        "patient_id": "Id",
        "gender_code": { "column": "Sex", "map": { "F": "female" } },
        "birth_date": { "column": "Born", "date": "dd.MM.yyyy" }
      }
    }
  ]
}
`;

/** Rule, pointer and line of every error of a text. */
function told(text: string): string[] {
  const check = checkProfile(text);
  return check.ok ? [] : check.errors.map((e) => `${e.rule} ${e.pointer} line ${e.line}`);
}

const change = (from: string, to: string): string => {
  if (!RIGHT.includes(from)) throw new Error(`the profile has no ${from}`);
  return RIGHT.replace(from, to);
};

test('a right profile is right', () => expect(told(RIGHT)).toEqual([]));

describe('a wrong profile is told by rule, pointer and line', () => {
  test.each<[string, string, string, string[]]>([
    ['a comma too many', '"mode": "delta",', '"mode": "delta",,', ['PRF-JSON  line 4']],
    [
      'an authority with a blank',
      '"mode": "delta",',
      '"mode": "delta", "authorities": { "patient": "the hospital" },',
      ['PRF-VALUE /authorities/patient line 4'],
    ],
    [
      'an authority of what has none',
      '"mode": "delta",',
      '"mode": "delta", "authorities": { "clinic": "npi" },',
      ['PRF-SCHEMA /authorities/clinic line 4'],
    ],
    ['an open string', '"mode": "delta",', '"mode": "delta,', ['PRF-JSON /mode line 4']],
    ['a member named twice', '"mode": "delta",', '"mode": "delta", "mode": "events",', ['PRF-JSON /mode line 4']],
    ['text after the end', '  ]\n}\n', '  ]\n}\n}\n', ['PRF-JSON  line 21']],
    ['an unknown mode', '"delta"', '"sometimes"', ['PRF-SCHEMA /mode line 4']],
    ['an unknown member', '"mode": "delta",', '"mode": "delta",\n  "modus": 1,', ['PRF-SCHEMA /modus line 5']],
    [
      'an unknown member of an expression',
      '"map": { "F"',
      '"mapp": { "F"',
      ['PRF-SCHEMA /entities/0/fields/gender_code/mapp line 15'],
    ],
    ['a missing member', '  "mode": "delta",\n', '', ['PRF-SCHEMA /mode line 1']],
    [
      'an element without a list',
      '"patient_id": "Id"',
      '"patient_id": { "element": true }',
      ['PRF-VALUE /entities/0/fields/patient_id/element line 14'],
    ],
    [
      'a list of which nothing is read',
      '"entity": "patient",',
      '"entity": "patient", "each": { "column": "Id" },',
      ['PRF-VALUE /entities/0/each line 10'],
    ],
    [
      'minutes added to a date',
      '"birth_date": { "column": "Born", "date": "dd.MM.yyyy" }',
      '"birth_date": { "column": "Born", "date": "dd.MM.yyyy", "plus": { "constant": 1, "unit": "minutes" } }',
      ['PRF-TIME /entities/0/fields/birth_date/plus/unit line 16'],
    ],
    [
      'a choice of one, a choice of nothing, a choice by a wrong test',
      '"patient_id": "Id"',
      '"patient_id": { "first": ["Id"] }, "state": { "first": [{ "when": [{ "column": "Id" }] }, "Id"] }',
      [
        'PRF-VALUE /entities/0/fields/patient_id/first line 14',
        'PRF-VALUE /entities/0/fields/state/first/0 line 14',
        'PRF-VALUE /entities/0/fields/state/first/0/when/0 line 14',
      ],
    ],
    [
      'a choice that the contract does not have',
      '"patient_id": "Id",',
      '"patient_id": "Id", "is_test": { "first": ["Id", { "constant": "yes" }] },',
      ['PRF-VALUE /entities/0/fields/is_test/first/1/constant line 14'],
    ],
    [
      'empty columns skipped where none are joined',
      '"patient_id": "Id"',
      '"patient_id": { "column": "Id", "skip_empty": true }',
      ['PRF-VALUE /entities/0/fields/patient_id/skip_empty line 14'],
    ],
    [
      'two columns that differ in case alone, where case is ignored',
      '"csv", "zone": "Europe/Berlin" },\n  "ignored": ["Remark"]',
      '"csv", "zone": "Europe/Berlin", "ignore_case": true },\n  "ignored": ["ID"]',
      ['PRF-COLUMN /file/ignore_case line 5'],
    ],
    [
      'a pattern without a group, and nothing but literals',
      '"patient_id": "Id"',
      '"patient_id": { "columns": [{ "literal": "a" }, { "literal": "b" }], "pattern": "x" }',
      [
        'PRF-VALUE /entities/0/fields/patient_id/columns line 14',
        'PRF-REGEX /entities/0/fields/patient_id/pattern line 14',
      ],
    ],
    [
      'lines above the columns that the profile does not know of',
      '"patient_id": "Id"',
      '"patient_id": { "preamble": "Ward (\\\\d+)" }',
      ['PRF-VALUE /entities/0/fields/patient_id/preamble line 14'],
    ],
    [
      'an expression over them that names nothing',
      '"format": "csv", "zone": "Europe/Berlin"',
      '"format": "csv", "zone": "UTC", "preamble_lines": 2 }, "file_time": { "preamble": "Ward"',
      ['PRF-REGEX /file_time/preamble line 5'],
    ],
    ['a name that no folder can have', '"mine"', '"Mine/Yours"', ['PRF-SCHEMA /profile line 2']],
    ['an unknown entity', '"patient",', '"person",', ['PRF-SCHEMA /entities/0/entity line 10']],
    ['an unknown encoding', '"csv"', '"csv", "encoding": "cp850"', ['PRF-SCHEMA /file/encoding line 5']],
    ['a delimiter of two characters', '"csv"', '"csv", "delimiter": ";;"', ['PRF-SCHEMA /file/delimiter line 5']],
    [
      'quote and delimiter the same',
      '"csv"',
      '"csv", "delimiter": "\'", "quote": "\'"',
      ['PRF-VALUE /file/quote line 5'],
    ],
    [
      'an unknown field',
      '"birth_date"',
      '"birthdate"',
      ['PRF-FIELD /entities/0/fields/birthdate line 16', 'PRF-FIELD /entities/0/fields line 13'],
    ],
    [
      'a required field that is not mapped',
      '        "patient_id": "Id",\n',
      '',
      ['PRF-FIELD /entities/0/fields line 13'],
    ],
    [
      'a code that the contract does not have',
      '"female"',
      '"woman"',
      ['PRF-VALUE /entities/0/fields/gender_code/map/F line 15'],
    ],
    [
      'a default that the contract does not have',
      '"map": { "F": "female" }',
      '"default": 7',
      ['PRF-VALUE /entities/0/fields/gender_code/default line 15'],
    ],
    [
      'two sources of one value',
      '{ "column": "Sex",',
      '{ "column": "Sex", "constant": "male",',
      ['PRF-VALUE /entities/0/fields/gender_code line 15'],
    ],
    [
      'no source of a value',
      '{ "column": "Sex", "map"',
      '{ "map"',
      ['PRF-VALUE /entities/0/fields/gender_code line 15'],
    ],
    ['an unknown zone', 'Europe/Berlin', 'Europe/Brelin', ['PRF-TIME /file/zone line 5']],
    [
      'a pattern that cannot be read',
      '"dd.MM.yyyy" },\n      "rec',
      '"dd.mm.yyyy" },\n      "rec',
      ['PRF-TIME /entities/0/effective_at/date line 11'],
    ],
    [
      'a pattern with text outside quotes',
      '"dd.MM.yyyy" },\n      "rec',
      '"yyyy-MM-ddTHH" },\n      "rec',
      ['PRF-TIME /entities/0/effective_at/date line 11'],
    ],
    [
      'a time without a zone',
      ', "zone": "Europe/Berlin"',
      '',
      ['PRF-TIME /entities/0/effective_at/date line 11', 'PRF-TIME /entities/0/recorded_at/date line 12'],
    ],
    [
      'a pattern on a field that is no time',
      '"map": { "F": "female" }',
      '"date": "yyyy-MM-dd"',
      ['PRF-TIME /entities/0/fields/gender_code/date line 15'],
    ],
    [
      'a zone without a pattern',
      '"date": "dd.MM.yyyy", "day": "end"',
      '"zone": "Europe/Berlin"',
      ['PRF-TIME /entities/0/recorded_at/zone line 12'],
    ],
    [
      'an event_id in a delta',
      '"recorded_at": {',
      '"event_id": "Id", "recorded_at": {',
      ['PRF-MODE /entities/0/event_id line 12'],
    ],
    ['a column that is ignored and used', '["Remark"]', '["Remark", "Sex"]', ['PRF-COLUMN /ignored/1 line 6']],
    ['an optional column that is not used', '"optional": []', '"optional": ["Sox"]', ['PRF-COLUMN /optional/0 line 7']],
    [
      'a column of NDJSON that is no pointer',
      '"csv"',
      '"ndjson"',
      [
        'PRF-COLUMN /ignored/0 line 6',
        'PRF-COLUMN /entities/0/effective_at line 11',
        'PRF-COLUMN /entities/0/recorded_at line 12',
        'PRF-COLUMN /entities/0/fields/patient_id line 14',
        'PRF-COLUMN /entities/0/fields/gender_code line 15',
        'PRF-COLUMN /entities/0/fields/birth_date line 16',
      ],
    ],
    ['events without an id', '"delta"', '"events"', ['PRF-MODE /entities/0 line 9']],
    [
      'a snapshot that does not say when it was taken, nor what absence means',
      '"delta"',
      '"snapshot"',
      ['PRF-MODE /mode line 4', 'PRF-MODE /entities/0 line 9'],
    ],
    [
      'a tombstone without a brake',
      '"mode": "delta",',
      '"mode": "snapshot", "snapshot": { "taken_at": { "last_modified": true } },',
      ['PRF-MODE /entities/0 line 9'],
    ],
    [
      'a snapshot taken at a column',
      '"mode": "delta",',
      '"mode": "snapshot", "snapshot": { "taken_at": "Day" },',
      ['PRF-MODE /snapshot/taken_at line 4', 'PRF-MODE /entities/0 line 9'],
    ],
    [
      'the same entity twice without a condition',
      '"entities": [',
      '"entities": [\n{"entity":"patient","effective_at":"Day","recorded_at":"Day","fields":{"patient_id":"Id","birth_date":"Born"}},',
      ['PRF-ENTITY /entities/1 line 10'],
    ],
    [
      'a condition that asks nothing',
      '"entity": "patient",',
      '"entity": "patient", "when": [{ "column": "Sex" }],',
      ['PRF-VALUE /entities/0/when/0 line 10'],
    ],
    [
      'a regular expression that is none',
      '"entity": "patient",',
      '"entity": "patient", "when": [{ "column": "Sex", "matches": "(" }],',
      ['PRF-REGEX /entities/0/when/0/matches line 10'],
    ],
    [
      'a regular expression with look-around, which RE2 has not',
      '"entity": "patient",',
      '"entity": "patient", "when": [{ "column": "Sex", "matches": "^(?=F)" }],',
      ['PRF-REGEX /entities/0/when/0/matches line 10'],
    ],
    [
      'a name pattern with a back-reference',
      '{ "column": "Day", "date": "dd.MM.yyyy" }',
      '{ "object_key": "(2026)-\\\\1", "date": "dd.MM.yyyy" }',
      ['PRF-REGEX /entities/0/effective_at/object_key line 11'],
    ],
    [
      'a name pattern without a group',
      '{ "column": "Day", "date": "dd.MM.yyyy" }',
      '{ "object_key": "2026", "date": "yyyy" }',
      ['PRF-REGEX /entities/0/effective_at/object_key line 11', 'PRF-TIME /entities/0/effective_at/date line 11'],
    ],
  ])('%s', (_, from, to, expected) => {
    expect(told(change(from, to))).toEqual(expected);
  });

  test('the name of a built-in profile is taken', () => {
    const check = checkOwnProfile(change('"mine"', '"bench-w"'));
    expect(check).toMatchObject({ ok: false, errors: [{ rule: 'PRF-NAME', pointer: '/profile', line: 2 }] });
  });
});

describe('a header that does not fit is told at the place of the profile', () => {
  const told = (header: string[], text = RIGHT): string[] => {
    const check = checkProfile(text);
    if (!check.ok) throw new Error('wrong profile');
    return checkHeader(check.checked, header).errors.map((e) => `${e.rule} ${e.pointer} line ${e.line}: ${e.message}`);
  };

  test('in any order', () => expect(told(['Remark', 'Born', 'Sex', 'Id', 'Day'])).toEqual([]));
  test('without an ignored column', () => expect(told(['Born', 'Sex', 'Id', 'Day'])).toEqual([]));

  test('a missing column at the first place that uses it, and no name of the file', () => {
    expect(told(['Mr Smith', 'Born', 'Sex', 'Id'])).toEqual([
      'FIL-HDR-02 /entities/0/effective_at line 11: the header has no column "Day"',
      'FIL-HDR-03 /ignored line 6: column 1 of the header is neither used nor ignored',
    ]);
  });

  test('a column that is neither used nor ignored, by name once the header is one', () => {
    const header = ['Remark', 'Born', 'Sex', 'Id', 'Day', 'Phone'];
    expect(told(header)).toEqual([
      'FIL-HDR-03 /ignored line 6: column 6 ("Phone") of the header is neither used nor ignored',
    ]);
    expect(told(header, change('"mode"', '"other_columns": "allow", "mode"'))).toEqual([]);
  });

  test('another delimiter', () => {
    expect(told(['Remark;Born;Sex;Id;Day'])).toEqual([
      expect.stringContaining('the file is separated by semicolon, but the profile says comma'),
    ]);
  });

  test('the real columns of the no-show file, and one less', () => {
    const header =
      'PatientId,AppointmentID,Gender,ScheduledDay,AppointmentDay,Age,Neighbourhood,Scholarship,Hipertension,Diabetes,Alcoholism,Handcap,SMS_received,No-show'.split(
        ',',
      );
    const checked = builtInProfile('kaggle-no-show')!;
    expect(checkHeader(checked, header).ok).toBe(true);
    expect(
      checkHeader(
        checked,
        header.filter((h) => h !== 'Age'),
      ).errors,
    ).toMatchObject([{ rule: 'FIL-HDR-02', pointer: '/entities/0/fields/reported_age_years' }]);
  });
});

describe('what comes with the platform', () => {
  const files = readdirSync(join(ROOT, 'profiles'), { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.json'),
  );

  test('every profile of the folder is built in, one of a source under the name of its folder', () =>
    expect(files.map((f) => f.replace('.json', '').replace(sep, '-')).sort()).toEqual([...BUILT_IN_PROFILES].sort()));

  test.each(files)('%s is right, by the check and by the JSON Schema', (file) => {
    const text = readFileSync(join(ROOT, 'profiles', file), 'utf8');
    expect(told(text)).toEqual([]);
    expect(validate(JSON.parse(text))).toBe(true);
  });

  test('the JSON Schema refuses what the check refuses', () => {
    expect(validate(JSON.parse(change('"delta"', '"sometimes"')))).toBe(false);
    expect(validate(JSON.parse(change('"mode": "delta",', '"mode": "delta", "modus": 1,')))).toBe(false);
  });

  test.each(Object.entries(generatedProfileDocs()))('docs/generated/%s is as committed', (name, text) => {
    if (readFileSync(join(ROOT, 'docs/generated', name), 'utf8') !== text)
      throw new Error(`docs/generated/${name} is out of date: npm run generate`);
  });

  test('every profile that docs/profiles.md shows is right', () => {
    const page = readFileSync(join(ROOT, 'docs/profiles.md'), 'utf8');
    const shown = [...page.matchAll(/```json\n([\s\S]*?)```/g)]
      .map((m) => m[1]!)
      .filter((text) => text.includes('"profile":'));
    expect(shown.length).toBeGreaterThan(1);
    for (const text of shown) expect(told(text)).toEqual([]);
  });

  test('docs/profiles.md teaches every member of the language', () => {
    const page = readFileSync(join(ROOT, 'docs/profiles.md'), 'utf8');
    const names = new Set(memberNames(profileJsonSchema()));
    expect([...names].filter((name) => !page.includes(name))).toEqual([]);
  });

  test('names of objects', () => {
    expect(profileNameOf('mine/2026/a.csv')).toBe('mine');
    for (const key of ['a.csv', 'mine/', '/a.csv', 'Mine/a.csv', '../a.csv']) expect(profileNameOf(key)).toBeNull();
    expect(Object.keys(FILE_RULES).length).toBeGreaterThan(20);
  });
});

function memberNames(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties'
      ? [...Object.keys(value as object), ...Object.values(value as object).flatMap(memberNames)]
      : memberNames(value),
  );
}

test('a constant zone is one of the IANA database', () => {
  const of = (timezone: string) => {
    const at = { constant: '2026-01-01T00:00:00Z' };
    const fields = { clinic_id: 'id', timezone: { constant: timezone } };
    const entities = [{ entity: 'clinic', effective_at: at, recorded_at: at, fields }];
    return told(JSON.stringify({ profile: 'p', source_system: 's', mode: 'delta', file: { format: 'csv' }, entities }));
  };
  expect(of('Europe/Berlin')).toEqual([]);
  // As it is written there, since ingest flags any other writing of it.
  expect(of('europe/berlin')).toHaveLength(1);
  expect(told(change('Europe/Berlin', 'europe/berlin'))).toEqual(['PRF-TIME /file/zone line 5']);
  expect(of('Berlin')).toEqual(['PRF-VALUE /entities/0/fields/timezone/constant line 1']);
});
