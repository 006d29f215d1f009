import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { queryServed } from '../../cli/sql';
import {
  type Cli,
  cli,
  endpointOf,
  must,
  newFolder,
  type Query,
  ROOT,
  rowsOf,
  runOf,
  serve,
  untilRead,
} from './laptop';

const SHIPPED = join(ROOT, 'reference', 'icd-10-cm.csv.gz');
/** The shipped file by its own lines: no code, and no mark of one, holds a quote or a comma. */
const LINES = gunzipSync(readFileSync(SHIPPED)).toString().trimEnd().split('\n');
const CODES = new Map(
  LINES.slice(1).map((line) => [line.split(',')[0]!.replace('.', ''), line.split(',')[1] === 'true']),
);

/** As claims write codes: without the dot. Of each code one before and one after the second version. */
const CLAIMED = ['E119', 'I10', 'E11', 'Z9989', 'T360X1A', 'u071', 'E119X', 'ZZZ', 'Z8873'];
const DAYS = ['2026-05-04', '2026-07-06'];

const PROFILE = {
  profile: 'claims',
  source_system: 'claims',
  mode: 'delta',
  file: { format: 'csv', zone: 'UTC' },
  entities: [
    {
      entity: 'diagnosis',
      fields: {
        diagnosis_id: 'id',
        diagnosis_system: { constant: 'http://hl7.org/fhir/sid/icd-10-cm' },
        diagnosis_code: 'code',
        diagnosis_display: { constant: 'in our own words' },
        diagnosed_at: { column: 'day', datetime: 'yyyy-MM-dd' },
      },
    },
  ],
};

describe('versions of a code system', () => {
  const dataDir = newFolder('reference');
  const folder = mkdtempSync(join(tmpdir(), 'carelake-reference-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const reference = (...args: string[]): string[] => ['reference', ...args, '--data', dataDir];
  const query: Query = async (sql) => (await queryServed(endpointOf(dataDir), runOf(dataDir).names!, sql)).rows;
  const versions = () => query('SELECT reference_version, codes FROM gold_phi.reference_version ORDER BY 1');
  const diagnoses = () =>
    query(`SELECT diagnosis_code, CAST(diagnosed_date AS varchar(10)), is_billable, code_version, reference_display FROM gold_phi.obt_diagnosis WHERE source_system = 'claims' ORDER BY 1, 2`); // prettier-ignore
  /** Refused, with what the command says. */
  const refused = async (args: string[]): Promise<[number | null, string]> => {
    const outcome = await cli(args);
    return [outcome.code, outcome.stderr];
  };
  // A version that renames one code and lacks another.
  const second = LINES.filter((line) => !line.startsWith('E11.9,')).map((line) => (line.startsWith('I10,') ? 'I10,true,High blood pressure,9,I10' : line)); // prettier-ignore
  let serving: Cli;
  /** Events that the warehouse has to read. */
  let total: number;

  beforeAll(async () => {
    const { process, document } = await serve(['--patients', '20', '--events', '400', '--data', dataDir]);
    serving = process;
    const rows = DAYS.flatMap((day, i) => CLAIMED.map((code) => `${code}-${i},${code},${day}`));
    const claims = file('claims.csv', ['id,code,day', ...rows].join('\n'));
    const profile = file('claims.json', JSON.stringify(PROFILE));
    await must(['ingest', '--phi-ok', '--profile', profile, claims, '--data', dataDir]);
    total = document.load.read + rows.length;
  });
  afterAll(async () => {
    if (serving?.child.exitCode === null) await serving.kill();
  });

  it('are listed with what is shipped and not loaded', async () => {
    const listed = JSON.parse(await must(reference('list', '--json'))) as object;
    expect(listed).toMatchObject({
      versions: [],
      shipped: [
        { name: 'icd-10-cm', version: '2026-04', valid_from: '2026-04-01', is_loaded: false },
        { name: 'loinc', version: '1', is_loaded: false },
        { name: 'ucum', version: '1', is_loaded: false },
      ],
    });
    expect(await must(reference('list'))).toContain(`reference add --data ${dataDir} icd-10-cm`);
  });

  it('describe facts that came before, with the dot and without: as many as the file has, counted without the platform', async () => {
    const read = JSON.parse(await must(reference('add', 'icd-10-cm', '--json'))) as object;
    expect(read).toMatchObject({ received: CODES.size, accepted: CODES.size, quarantined: 0 });
    await untilRead(query, (total += CODES.size));
    expect(await versions()).toEqual([['2026-04', CODES.size]]);
    const known = CLAIMED.map((code) => code.toUpperCase()).filter((code) => CODES.has(code));
    expect(known.length).toBeGreaterThan(4);
    expect(known.length).toBeLessThan(CLAIMED.length);
    const found = await diagnoses();
    expect(found.filter(([, , , version]) => version === '2026-04')).toHaveLength(known.length * DAYS.length);
    for (const [code, , billable] of found)
      expect([code, billable]).toEqual([code, CODES.get(String(code).replace('.', '')) ?? null]);
    const unmapped = await query(
      `SELECT code, reason, facts FROM gold_phi.unmapped_code WHERE source_system = 'claims' ORDER BY 1`,
    );
    const unknown = CLAIMED.filter((code) => !CODES.has(code.toUpperCase()));
    expect(unmapped.map(([code, ...rest]) => [String(code).replace('.', ''), ...rest])).toEqual(
      [...unknown].sort().map((code) => [code, 'never described', DAYS.length]),
    );
  });

  it('change what a fact says from their first day on, and not before', async () => {
    await must(reference('add', 'icd-10-cm', file('second.csv', second.join('\n')), '--version', '2026-06', '--valid-from', '2026-06-01')); // prettier-ignore
    // All of it, and the end of one code.
    await untilRead(query, (total += CODES.size - 1 + 1));
    const found = await diagnoses();
    expect(found.filter(([code]) => code === 'I10')).toEqual([
      ['I10', DAYS[0], true, '2026-04', 'Essential (primary) hypertension'],
      ['I10', DAYS[1], true, '2026-06', 'High blood pressure'],
    ]);
    expect(found.filter(([code]) => code === 'E11.9')).toEqual([
      ['E11.9', DAYS[0], true, '2026-04', 'Type 2 diabetes mellitus without complications'],
      ['E11.9', DAYS[1], null, null, null],
    ]);
    expect(
      await query(`SELECT code, facts FROM gold_phi.unmapped_code WHERE source_system = 'claims' AND reason = 'ended'`),
    ).toEqual([['E11.9', 1]]);
  });

  it('are refused where they would contradict what is there, and where the file is another one', async () => {
    const small = file('small.csv', second.slice(0, 11).join('\n'));
    const given = (version: string, from: string, of = small): string[] =>
      reference('add', 'icd-10-cm', of, '--version', version, '--valid-from', from);
    expect(await refused(reference('add', 'icd-11', small))).toEqual([2, expect.stringMatching(/no reference file has this name[\s\S]*icd-10-cm/)]); // prettier-ignore
    expect(await refused(reference('add', 'hcpcs'))).toEqual([2, expect.stringContaining('no version of this code system is shipped')]); // prettier-ignore
    expect(await refused(reference('add', 'icd-10-cm', small))).toEqual([2, expect.stringContaining('--version V --valid-from DAY')]); // prettier-ignore
    expect(await refused(given('2026-06', '2026-06-01'))).toEqual([2, expect.stringContaining('is there already, with other bytes')]); // prettier-ignore
    expect(await refused(given('2026-06', '2026-07-01'))).toEqual([2, expect.stringContaining('is there already, valid from 2026-06-01')]); // prettier-ignore
    expect(await refused(given('2026-07', '2026-06-01'))).toEqual([2, expect.stringContaining('2026-06 begins on this day already')]); // prettier-ignore
    expect(await refused(given('2099', '2099-01-01'))).toEqual([2, expect.stringContaining('has not come yet')]);
    expect(await refused(given('2 0', '2026-07-01'))).toEqual([2, expect.stringContaining('letters, digits')]);
    expect(await refused(given('2026-07', '2026-07-01', file('broken.csv.gz', 'no gzip')))).toEqual([2, expect.stringContaining('no whole gzip')]); // prettier-ignore
    const other = file('other.csv', 'Code,Text\nA00,Cholera');
    const [code, said] = await refused(given('2026-07', '2026-07-01', other));
    expect([code, said]).toEqual([2, expect.stringContaining('does not match the profile')]);
    expect(said).toContain(other);
    expect(await versions()).toHaveLength(2);
  });

  it('of which most codes are gone end none', async () => {
    const small = file('few.csv', second.slice(0, 11).join('\n'));
    const [code, said] = await refused(reference('add', 'icd-10-cm', small, '--version', '2026-07', '--valid-from', '2026-07-01')); // prettier-ignore
    expect([code, said]).toEqual([4, expect.stringMatching(/lacks more than a fifth[\s\S]*SNP-01[\s\S]*withdraw .*reference-icd-10-cm\/2026-07-01_2026-07\.csv/)]); // prettier-ignore
    await untilRead(query, (total += 10));
    expect((await diagnoses()).filter(([one, day]) => one === 'I10' && day === DAYS[1])).toHaveLength(1);
    expect((await diagnoses()).find(([one, day]) => one === 'I10' && day === DAYS[1])![3]).toBe('2026-06');
  });

  it('are those of units too, and of the units in which codes are compared', async () => {
    const rowsOfFile = (name: string) =>
      readFileSync(join(ROOT, 'reference', name), 'utf8')
        .trimEnd()
        .split('\n').length - 1;
    for (const [name, shipped] of [
      ['ucum', 'ucum.csv'],
      ['loinc', 'loinc-units.csv'],
    ] as const) {
      expect(JSON.parse(await must(reference('add', name, '--json')))).toMatchObject({
        accepted: rowsOfFile(shipped),
        quarantined: 0,
      });
      await untilRead(query, (total += rowsOfFile(shipped)));
    }
    const { versions: listed, shipped } = JSON.parse(await must(reference('list', '--json'))) as {
      versions: object[];
      shipped: { is_loaded: boolean }[];
    };
    expect(listed).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'ucum',
          entity: 'measurement_unit',
          version: '1',
          codes: rowsOfFile('ucum.csv'),
        }),
        expect.objectContaining({
          name: 'loinc',
          entity: 'observation_code',
          version: '1',
          codes: rowsOfFile('loinc-units.csv'),
        }),
      ]),
    );
    expect(shipped.map((one) => one.is_loaded)).toEqual([true, true, true]);
    expect(await must(reference('list'))).not.toContain('Shipped, and not loaded');
  });

  it('are those of value sets too, each file with any number of them', async () => {
    const columns = 'Value_Set,Name,Version,Valid_From,Valid_To,System,Code';
    const SET = '2.16.840.1.113883.3.464.1003.103.12.1001';
    const line = (version: string, from: string, to: string, code: string, set = SET): string =>
      [set, 'Our diabetes', version, from, to, 'http://hl7.org/fhir/sid/icd-10-cm', code].join(',');
    const sets = [
      // Both days of service are within the first version; of the second only the later one is.
      [line('1', '2026-01-01', '', 'E119'), line('1', '2026-01-01', '', 'I10')],
      [line('2', '2026-06-01', '2026-12-31', 'E11.9'), line('1', '2026-05-01', '2026-05-31', 'I10', 'pressure')],
    ].map((lines, i) => file(`sets-${i}.csv`, [columns, ...lines].join('\n')));
    for (const one of sets) {
      expect(JSON.parse(await must(reference('add', 'value-set', one, '--json')))).toMatchObject({ accepted: 2, quarantined: 0 }); // prettier-ignore
      await untilRead(query, (total += 2));
    }
    expect(
      await query(`SELECT v.value_set_id, v.value_set_version, v.code, CAST(v.service_date AS varchar(10)) FROM gold_phi.value_set_fact v WHERE v.source_system = 'claims' ORDER BY 1, 3, 4`), // prettier-ignore
    ).toEqual([
      [SET, '1', 'E11.9', DAYS[0]],
      [SET, '2', 'E11.9', DAYS[1]],
      [SET, '1', 'I10', DAYS[0]],
      ['pressure', '1', 'I10', DAYS[0]],
    ]);
    const { value_sets, versions: systems } = JSON.parse(await must(reference('list', '--json'))) as {
      value_sets: object[];
      versions: { name: string }[];
    };
    expect(value_sets).toEqual([
      {
        value_set: SET,
        name: 'Our diabetes',
        version: '1',
        valid_from: '2026-01-01',
        valid_to: '2026-06-01',
        codes: 2,
      },
      {
        value_set: SET,
        name: 'Our diabetes',
        version: '2',
        valid_from: '2026-06-01',
        valid_to: '2027-01-01',
        codes: 1,
      },
      { value_set: 'pressure', name: 'Our diabetes', version: '1', valid_from: '2026-05-01', valid_to: '2026-06-01', codes: 1 }, // prettier-ignore
    ]);
    // Units have no code system, and keep their name beside value sets.
    expect(systems.filter(({ name }) => name === 'ucum')).toHaveLength(1);
    expect(await must(reference('list'))).toMatch(/pressure\s+Our diabetes\s+1\s+2026-05-01\s+2026-06-01\s+1/);

    const add = (name: string, ...lines: string[]) =>
      refused(reference('add', 'value-set', file(name, [columns, ...lines].join('\n'))));
    const more = line('2', '2026-06-01', '2026-12-31', 'E10.9');
    expect(await add('more.csv', more)).toEqual([2, expect.stringMatching(/version 2 of value set .* is there already, by another file[\s\S]*withdraw .*reference-value-set\/value-sets-[0-9a-f]{12}\.csv/)]); // prettier-ignore
    expect(await add('same-day.csv', line('3', '2026-06-01', '', 'E10.9'))).toEqual([2, expect.stringMatching(/version 2 of value set .* begins on 2026-06-01 already/)]); // prettier-ignore
    expect(await add('two-days.csv', line('3', '2026-07-01', '', 'E10.9'), line('3', '2026-07-02', '', 'I10'))).toEqual([2, expect.stringContaining('two first or last days')]); // prettier-ignore
    expect(await add('two-versions.csv', line('3', '2026-07-01', '', 'E10.9'), line('4', '2026-07-01', '', 'I10'))).toEqual([2, expect.stringContaining('two versions of this value set begin on the same day')]); // prettier-ignore
    expect(await add('backwards.csv', line('3', '2026-07-02', '2026-07-01', 'I10'))).toEqual([2, expect.stringContaining('ends before it begins')]); // prettier-ignore
    expect(await refused(reference('add', 'value-set'))).toEqual([2, expect.stringContaining('no file was given')]);
    expect(await refused(reference('add', 'value-set', sets[0]!, '--version', '3'))).toEqual([2, expect.stringContaining('states versions and days itself')]); // prettier-ignore
    const other = file('other-sets.csv', 'OID,Code\n1.2.3,I10');
    expect(await refused(reference('add', 'value-set', other))).toEqual([2, expect.stringContaining('does not match the profile')]); // prettier-ignore
    // The same file again adds nothing and refuses nothing.
    expect(JSON.parse(await must(reference('add', 'value-set', sets[0]!, '--json')))).toMatchObject({ landed: false });
    expect(await query('SELECT count(*) FROM gold_phi.value_set_version')).toEqual([[3]]);
  });

  it('are listed of a folder that nobody serves, too', async () => {
    await serving.interrupt();
    const { versions: listed } = JSON.parse(await must(reference('list', '--json'))) as { versions: object[] };
    const of = { name: 'icd-10-cm', entity: 'diagnosis_code', landed: expect.stringMatching(/^20\d\d-/) as unknown };
    expect(listed.filter((one) => (one as { name: string }).name === 'icd-10-cm')).toEqual([
      expect.objectContaining({ ...of, version: '2026-04', valid_from: '2026-04-01', codes: CODES.size }),
      expect.objectContaining({ ...of, version: '2026-06', valid_from: '2026-06-01', codes: CODES.size - 1 }),
      expect.objectContaining({ ...of, version: '2026-07', valid_from: '2026-07-01', codes: 10 }),
    ]);
    expect(await rowsOf(dataDir, 'SELECT "read" = applied + superseded + duplicate + withdrawn FROM ops.conservation GROUP BY 1')).toEqual([[true]]); // prettier-ignore
  });

  it('are added to a folder that nobody serves, and are loaded when the command ends', async () => {
    const small = file('small-hcpcs.csv', 'Code,Display\nG0101,Screening\nG0102,Other screening');
    const added = await cli(reference('add', 'hcpcs', small, '--version', '2026', '--valid-from', '2026-01-01', '--json')); // prettier-ignore
    expect([added.code, added.stderr]).toEqual([0, '']);
    expect(JSON.parse(added.stdout)).toMatchObject({ landed: true, accepted: 2, quarantined: 0 });
    const { versions: listed } = JSON.parse(await must(reference('list', '--json'))) as { versions: object[] };
    expect(listed).toContainEqual(expect.objectContaining({ name: 'hcpcs', entity: 'procedure_code', version: '2026', codes: 2 })); // prettier-ignore
    expect(await rowsOf(dataDir, 'SELECT "read" = applied + superseded + duplicate + withdrawn FROM ops.conservation GROUP BY 1')).toEqual([[true]]); // prettier-ignore
    // What is wrong with the file is told before anything is booted.
    const wrong = await cli(reference('add', 'value-set', small));
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.not.stringContaining('boot')]);
    expect(wrong.stderr).toContain('does not match the profile');
  });
});
