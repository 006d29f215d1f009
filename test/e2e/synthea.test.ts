import { existsSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnswersDocument } from '../../cli/answers';
import { type CsvRow, walkCsv } from '../csv-walk';
import { cli, must, newFolder, ROOT, rowsOf } from './laptop';

const DATA = join(ROOT, '..', 'shared', 'data');
const FOLDER = join(DATA, 'synthea_csv', 'small27');
const NPPES = join(DATA, 'nppes', 'nppes_sample.csv');
const here = existsSync(FOLDER) && existsSync(NPPES);
if (!here) console.warn(`SKIPPED: the run of a Synthea export and of NPPES needs ${FOLDER} and ${NPPES}, not here`);

const KINDS = ['patients', 'organizations', 'providers', 'encounters', 'conditions', 'procedures', 'observations'];
const FACTS = {
  encounter: 'encounters',
  diagnosis: 'conditions',
  procedure: 'procedures',
  observation: 'observations',
  medication_order: 'medications',
} as const;

/** How often each value of a column stands there, in the order of the values. */
function counts(rows: readonly CsvRow[], of: (row: CsvRow) => string | null): [string | null, number][] {
  const found = new Map<string | null, number>();
  for (const row of rows) found.set(of(row), (found.get(of(row)) ?? 0) + 1);
  return [...found].sort(byValue);
}

/** Orders rows by their first value; a text "null" is not null. */
function byValue([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** Sum of amounts with two decimals, in cents. */
const cents = (rows: readonly CsvRow[], column: string): number =>
  rows.reduce((sum, row) => sum + Math.round(Number(row[column]) * 100), 0);

const bounds = (rows: readonly CsvRow[], column: string): [string, string] => {
  const days = rows.map((row) => row[column]!.slice(0, 10)).sort();
  return [days[0]!, days.at(-1)!];
};

(here ? describe : describe.skip)('a Synthea export and NPPES [needs ../shared/data]', () => {
  const dataDir = newFolder('synthea');
  const files = Object.fromEntries(
    [...KINDS, 'medications'].map((kind) => [kind, here ? walkCsv(join(FOLDER, `${kind}.csv`)) : []]),
  ) as Record<string, CsvRow[]>;
  const nppes = here ? walkCsv(NPPES) : [];
  const total = Object.values(files).flat().length + nppes.length;
  const start = ['start', '--once', '--json', '--phi-ok', '--data', dataDir];
  const inputs = ['--source', 'synthea', '--input', FOLDER, '--profile', 'nppes', '--input', NPPES];
  const rows = (sql: string): Promise<unknown[][]> => rowsOf(dataDir, sql);
  /** Counts by a column of a fact, in the order of its values. */
  const grouped = (fact: string, column: string): Promise<unknown[][]> =>
    rows(`SELECT ${column}, count(*) FROM core.fact_${fact} GROUP BY 1`).then((found) => found.sort(byValue));
  let document: AnswersDocument;
  let said: string;

  beforeAll(async () => {
    const outcome = await cli([...start, ...inputs]);
    if (outcome.code !== 0) throw new Error(`the start ended with ${outcome.code}:\n${outcome.stderr}`);
    said = outcome.stderr;
    document = JSON.parse(outcome.stdout) as AnswersDocument;
  }, 240_000);

  it('is received and accepted whole, and every row is applied: none stands for another', () => {
    expect(document.ingest).toEqual({ received: total, accepted: total, quarantined: 0, unmapped: 0, held: 0 });
    expect(document.load).toEqual({ read: total, applied: total, superseded: 0, duplicate: 0, withdrawn: 0 });
  });

  it('tells the files that the source knows and does not read', () => {
    const unread = readdirSync(FOLDER).filter((name) => files[name.replace('.csv', '')] === undefined);
    expect(unread).toHaveLength(10);
    expect(said).toContain(
      'Known to the source and not read: 10 files (allergies*.csv, careplans*.csv, claims*.csv ×2,',
    );
  });

  it('has as many members and facts as the files have rows', async () => {
    const described = async (dimension: string, source: string) =>
      (
        await rows(`SELECT count(*) FROM core.dim_${dimension} WHERE source_system = '${source}' AND NOT is_inferred`)
      )[0]![0];
    expect([
      await described('patient', 'synthea'),
      await described('organization', 'synthea'),
      await described('provider', 'synthea'),
    ]).toEqual([files.patients!.length, files.organizations!.length, files.providers!.length]);
    for (const [fact, kind] of Object.entries(FACTS))
      expect([fact, await rows(`SELECT count(*), count(DISTINCT ${fact}_key) FROM core.fact_${fact}`)]).toEqual([
        fact,
        [[files[kind]!.length, files[kind]!.length]],
      ]);
  });

  it('leads every fact to a described patient, and to the provider, organization and encounter that it names', async () => {
    for (const fact of Object.keys(FACTS)) {
      const lost = await rows(
        `SELECT count(*) FROM core.fact_${fact} f LEFT JOIN core.dim_patient p ON p.patient_key = f.patient_key
         WHERE coalesce(p.is_inferred, TRUE)`,
      );
      expect([fact, lost]).toEqual([fact, [[0]]]);
    }
    for (const [dimension, column] of [
      ['provider', 'PROVIDER'],
      ['organization', 'ORGANIZATION'],
    ] as const) {
      const known = await rows(
        `SELECT count(*) FROM core.fact_encounter f JOIN core.dim_${dimension} d ON d.${dimension}_key = f.${dimension}_key AND NOT d.is_inferred`,
      );
      expect([dimension, known]).toEqual([dimension, [[files.encounters!.filter((row) => row[column]).length]]]);
    }
    for (const [fact, kind] of Object.entries(FACTS).filter(([name]) => name !== 'encounter'))
      expect([fact, await rows(`SELECT sum(encounter_is_known) FROM core.fact_${fact}`)]).toEqual([
        fact,
        [[files[kind]!.filter((row) => row.ENCOUNTER).length]],
      ]);
  });

  it('adds up to the cent', async () => {
    const sums: [string, string, string, string][] = [
      ['encounter', 'encounters', 'base_cost_amount', 'BASE_ENCOUNTER_COST'],
      ['encounter', 'encounters', 'total_cost_amount', 'TOTAL_CLAIM_COST'],
      ['encounter', 'encounters', 'payer_covered_amount', 'PAYER_COVERAGE'],
      ['procedure', 'procedures', 'base_cost_amount', 'BASE_COST'],
      ['medication_order', 'medications', 'base_cost_amount', 'BASE_COST'],
      ['medication_order', 'medications', 'total_cost_amount', 'TOTALCOST'],
      ['medication_order', 'medications', 'payer_covered_amount', 'PAYER_COVERAGE'],
    ];
    for (const [fact, kind, column, from] of sums) {
      const [[sum]] = (await rows(`SELECT cast(sum(${column}) * 100 AS bigint) FROM core.fact_${fact}`)) as [[number]];
      expect([fact, column, Number(sum)]).toEqual([fact, column, cents(files[kind]!, from)]);
    }
    const [[dispensed]] = (await rows(`SELECT sum(dispense_count) FROM core.fact_medication_order`)) as [[number]];
    expect(Number(dispensed)).toBe(files.medications!.reduce((sum, row) => sum + Number(row.DISPENSES), 0));
  });

  it('has the classes, states and code systems of the rows', async () => {
    const classes: Record<string, string> = {
      ambulatory: 'outpatient',
      outpatient: 'outpatient',
      wellness: 'outpatient',
      urgentcare: 'outpatient',
      emergency: 'emergency',
      inpatient: 'inpatient',
      snf: 'inpatient',
      hospice: 'home',
      home: 'home',
      virtual: 'virtual',
    };
    expect(await grouped('encounter', 'class_code')).toEqual(
      counts(files.encounters!, (row) => classes[row.ENCOUNTERCLASS!]!),
    );
    expect(await grouped('encounter', 'reason_code')).toEqual(
      counts(files.encounters!, (row) => row.REASONCODE || null),
    );
    expect(await grouped('diagnosis', 'clinical_status_code')).toEqual(
      counts(files.conditions!, (row) => (row.STOP ? 'resolved' : 'active')),
    );
    expect(await grouped('medication_order', 'status_code')).toEqual(
      counts(files.medications!, (row) => (row.STOP ? 'stopped' : 'active')),
    );
    expect(await grouped('observation', 'observation_system')).toEqual(
      counts(files.observations!, (row) => (/^[0-9]+-[0-9]$/.test(row.CODE!) ? 'http://loinc.org' : null)),
    );
    const ofCode = (row: CsvRow): string => row.CODE!;
    expect(await grouped('diagnosis', 'diagnosis_code')).toEqual(counts(files.conditions!, ofCode));
    expect(await grouped('procedure', 'procedure_code')).toEqual(counts(files.procedures!, ofCode));
    expect(await grouped('medication_order', 'medication_code')).toEqual(counts(files.medications!, ofCode));
    expect(
      await rows(`SELECT DISTINCT d.diagnosis_system, p.procedure_system, m.medication_system
        FROM core.fact_diagnosis d, core.fact_procedure p, core.fact_medication_order m`),
    ).toEqual([['http://snomed.info/sct', 'http://snomed.info/sct', 'http://www.nlm.nih.gov/research/umls/rxnorm']]);
  });

  it('keeps numbers as numbers with their units, and texts as texts', async () => {
    const numbers = files.observations!.filter((row) => row.TYPE === 'numeric');
    const [[count, texts, sum]] = (await rows(
      `SELECT count(value_number), count(value_text), sum(value_number) FROM core.fact_observation`,
    )) as [[number, number, number]];
    expect([count, texts]).toEqual([numbers.length, files.observations!.length - numbers.length]);
    expect(sum).toBeCloseTo(
      numbers.reduce((all, row) => all + Number(row.VALUE), 0),
      6,
    );
    expect(await grouped('observation', 'value_unit')).toEqual(counts(files.observations!, (row) => row.UNITS || null));
    expect(await grouped('observation', 'category_code')).toEqual(
      counts(files.observations!, (row) => row.CATEGORY || null),
    );
  });

  it('begins and ends on the days of the rows; days alone are marked as such', async () => {
    const times: [string, string, string, string][] = [
      ['encounter', 'encounters', 'start_at', 'START'],
      ['encounter', 'encounters', 'end_at', 'STOP'],
      ['diagnosis', 'conditions', 'diagnosed_at', 'START'],
      ['procedure', 'procedures', 'performed_at', 'START'],
      ['observation', 'observations', 'observed_at', 'DATE'],
      ['medication_order', 'medications', 'ordered_at', 'START'],
    ];
    for (const [fact, kind, column, from] of times) {
      const days = `SELECT substring(cast(min(${column}) AS varchar), 1, 10), substring(cast(max(${column}) AS varchar), 1, 10) FROM core.fact_${fact}`;
      expect([column, await rows(days)]).toEqual([column, [bounds(files[kind]!, from)]]);
    }
    expect(await grouped('diagnosis', 'diagnosed_precision')).toEqual([['day', files.conditions!.length]]);
    expect(await grouped('observation', 'observed_precision')).toEqual([['instant', files.observations!.length]]);
    const died = files.patients!.filter((row) => row.DEATHDATE).map((row) => [row.Id, true]);
    expect(
      await rows(`SELECT patient_id, is_deceased FROM core.dim_patient WHERE deceased_at IS NOT NULL ORDER BY 1`),
    ).toEqual(died.sort());
    expect(
      await rows(
        `SELECT count(*) FROM core.dim_patient_history WHERE patient_id IS NOT NULL AND valid_from > timestamp '1900-01-01'`,
      ),
    ).toEqual([[0]]);
  });

  it('has the providers of NPPES by NPI, with the taxonomy whose switch is Y', async () => {
    const column = (name: string, row: CsvRow): string | null => row[name] || null;
    const taxonomy = (row: CsvRow): string | null => {
      for (let i = 1; i <= 15; i++)
        if (row[`Healthcare Provider Primary Taxonomy Switch_${i}`] === 'Y')
          return column(`Healthcare Provider Taxonomy Code_${i}`, row);
      return null;
    };
    const practice = 'Provider Business Practice Location Address';
    const zip = (row: CsvRow): string | null => {
      const digits = column(`${practice} Postal Code`, row)?.replace(/\.0$/, '');
      return digits === undefined ? null : digits.padStart(digits.length > 5 ? 9 : 5, '0').slice(0, 5);
    };
    const day = (name: string, row: CsvRow): string | null => {
      const [month, date, year] = (row[name] ?? '').split('/');
      return year ? `${year}-${month}-${date}` : null;
    };
    // Active is whom nobody deactivated, or who was reactivated no earlier than that.
    const isActive = (row: CsvRow): boolean => {
      const [off, on] = [day('NPI Deactivation Date', row), day('NPI Reactivation Date', row)];
      return off === null || (on !== null && on >= off);
    };
    const kinds: Record<string, string> = { '1.0': 'individual', '2.0': 'organization' };
    const expected = nppes.map((row) => [
      row.NPI,
      kinds[row['Entity Type Code']!] ?? null,
      taxonomy(row),
      column(`${practice} State Name`, row),
      zip(row),
      isActive(row),
      day('Provider Enumeration Date', row),
      day('NPI Deactivation Date', row),
      day('NPI Reactivation Date', row),
    ]);
    const text = (name: string): string => `cast(${name} AS varchar)`;
    expect(
      await rows(
        `SELECT npi, entity_type_code, taxonomy_code, state, zip5, is_active, ${text('enumerated_on')}, ${text('deactivated_on')}, ${text('reactivated_on')}
         FROM core.dim_provider WHERE npi IS NOT NULL ORDER BY 1`,
      ),
    ).toEqual(expected.sort(byValue));
    expect(
      await rows(`SELECT count(*) FROM core.dim_provider WHERE npi IS NOT NULL AND provider_id IS NOT NULL`),
    ).toEqual([[0]]);
  });

  it('changes nothing when it is taken in again', async () => {
    const again = JSON.parse(await must([...start, ...inputs])) as AnswersDocument;
    expect(again.load).toEqual(document.load);
  });

  it('refuses a folder with a file that nobody knows, and takes nothing of it in', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'carelake-synthea-'));
    symlinkSync(join(FOLDER, 'patients.csv'), join(folder, 'patients.csv'));
    writeFileSync(join(folder, 'genomes.csv'), 'Id\n1\n');
    const outcome = await cli([...start, '--source', 'synthea', '--input', folder]);
    expect(outcome.code).not.toBe(0);
    expect(outcome.stderr).toContain(`${join(folder, 'genomes.csv')}: no pattern matches its name`);
  });
});
