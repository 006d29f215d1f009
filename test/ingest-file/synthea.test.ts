import { builtInProfile } from '../../profiles';
import { FakeS3 } from './fake-s3';
import { BUCKETS, ingest, type ParquetRow, rowsUnder } from './run';

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
});
afterEach(() => jest.restoreAllMocks());

/** Reads a file under a name of the source, and gives the rows of an entity that it made. */
async function made(name: string, lines: readonly string[], entity: string): Promise<ParquetRow[]> {
  const { result } = await ingest(s3.put(BUCKETS.landing, `synthea/${name}`, lines.join('\n')));
  expect(result).toMatchObject({ received: lines.length - 1, accepted: lines.length - 1, quarantined: 0 });
  return rowsUnder(s3, `silver/${entity}/`);
}

/** Members of rows, times as texts. */
const members = (rows: readonly ParquetRow[], ...names: string[]): unknown[][] =>
  rows.map((row) => names.map((name) => (row[name] instanceof Date ? row[name].toISOString() : row[name])));

const SNOMED = 'http://snomed.info/sct';
const RXNORM = 'http://www.nlm.nih.gov/research/umls/rxnorm';

describe('encounters of several versions of Synthea', () => {
  const names = ['encounter_id', 'start_at', 'organization_id', 'provider_id', 'class_code', 'base_cost_amount'];

  test('as it writes them now', async () => {
    const rows = await made(
      'encounters.csv',
      [
        'Id,START,STOP,PATIENT,ORGANIZATION,PROVIDER,PAYER,ENCOUNTERCLASS,CODE,DESCRIPTION,BASE_ENCOUNTER_COST,TOTAL_CLAIM_COST,PAYER_COVERAGE,REASONCODE,REASONDESCRIPTION',
        'E1,2023-01-27T16:17:47Z,2023-01-27T16:32:47Z,P1,O1,D1,Y1,urgentcare,185345009,Visit,77.49,3798.09,0.00,195662009,Sore throat',
        'E2,2023-02-01T08:00:00Z,,P1,O1,D1,Y1,hospice,185345009,Visit,77.495,,,,',
      ],
      'encounter',
    );
    expect(members(rows, ...names)).toEqual([
      ['E1', '2023-01-27T16:17:47.000Z', 'O1', 'D1', 'outpatient', 77.49],
      ['E2', '2023-02-01T08:00:00.000Z', 'O1', 'D1', 'home', 77.5],
    ]);
    expect(members(rows, 'type_system', 'reason_system', 'reason_code', 'end_at', 'status_code')).toEqual([
      [SNOMED, SNOMED, '195662009', '2023-01-27T16:32:47.000Z', 'finished'],
      [SNOMED, null, null, null, 'finished'],
    ]);
  });

  test('of 2018: the provider is the organization, the price has another name', async () => {
    const rows = await made(
      'encounters.csv',
      [
        'Id,START,STOP,PATIENT,PROVIDER,ENCOUNTERCLASS,CODE,DESCRIPTION,COST,REASONCODE,REASONDESCRIPTION',
        'E1,2011-06-02T11:05:27Z,2011-06-02T11:20:27Z,P1,O1,wellness,410620009,Well child visit,129.16,,',
      ],
      'encounter',
    );
    expect(members(rows, ...names)).toEqual([['E1', '2011-06-02T11:05:27.000Z', 'O1', null, 'outpatient', 129.16]]);
  });

  test('of 2017: days alone, another case', async () => {
    const rows = await made(
      'encounters.csv',
      ['ID,DATE,PATIENT,CODE,DESCRIPTION,REASONCODE,REASONDESCRIPTION', 'E1,2011-06-02,P1,170258001,Visit,,'],
      'encounter',
    );
    expect(members(rows, ...names)).toEqual([['E1', '2011-06-02T00:00:00.000Z', null, null, null, null]]);
  });

  test('without any column of the time it begins it is refused', async () => {
    const { result } = await ingest(
      s3.put(BUCKETS.landing, 'synthea/encounters.csv', 'Id,PATIENT,CODE,DESCRIPTION\nE1,P1,1,x\n'),
    );
    expect(result).toMatchObject({ done: true, refused: ['FIL-HDR-02'] });
  });
});

test('a condition is known by its columns, in lower case too; its end, added later, is its new state', async () => {
  const lines = ['start,stop,patient,encounter,system,code,description', '2023-01-27,,P1,E1,SNOMED-CT,195662009,Sore'];
  const [first] = await made('conditions.csv', lines, 'diagnosis');
  expect(members([first!], 'diagnosis_id', 'diagnosed_precision', 'clinical_status_code', 'diagnosis_system')).toEqual([
    ['P1|2023-01-27|195662009|E1', 'day', 'active', SNOMED],
  ]);
  s3.now = new Date('2026-04-01T00:00:00Z');
  const rows = await made('conditions-2.csv', [lines[0]!, lines[1]!.replace('27,,', '27,2023-02-09,')], 'diagnosis');
  expect(new Set(rows.map((row) => row.diagnosis_key)).size).toBe(1);
  expect(members(rows, 'clinical_status_code').flat().sort()).toEqual(['active', 'resolved']);
});

test('one encounter may order a medicine twice at one time; the same row is the same order', async () => {
  const header = 'START,STOP,PATIENT,PAYER,ENCOUNTER,CODE,DESCRIPTION,BASE_COST,PAYER_COVERAGE,DISPENSES,TOTALCOST';
  const rows = await made(
    'medications.csv',
    [
      header,
      '1994-01-02T11:25:06Z,1994-01-02T11:25:06Z,P1,Y1,E1,197361,Amlodipine,25.50,0.00,1,25.50',
      '1994-01-02T11:25:06Z,,P1,Y1,E1,197361,Amlodipine,26.05,0.00,12,312.50',
      '1994-01-02T11:25:06Z,,P1,Y1,E1,197361,Amlodipine,26.05,0.00,12,312.50',
    ],
    'medication_order',
  );
  expect(members(rows, 'status_code', 'dispense_count', 'total_cost_amount', 'medication_system')).toEqual([
    ['stopped', 1, 25.5, RXNORM],
    ['active', 12, 312.5, RXNORM],
    ['active', 12, 312.5, RXNORM],
  ]);
  expect(rows.map((row) => row.event_id === rows[1]!.event_id)).toEqual([false, true, true]);
  expect(rows.map((row) => row.medication_order_key === rows[1]!.medication_order_key)).toEqual([false, true, true]);
});

test('a procedure of an older version has a day, and another name of its price', async () => {
  const rows = await made(
    'procedures.csv',
    ['DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,COST', '2011-06-02,P1,E1,430193006,Reconciliation,516.65'],
    'procedure',
  );
  expect(members(rows, 'procedure_id', 'performed_at', 'performed_precision', 'base_cost_amount')).toEqual([
    ['P1|2011-06-02|430193006|E1', '2011-06-02T00:00:00.000Z', 'day', 516.65],
  ]);
});

describe('observations', () => {
  const names = ['observation_id', 'observation_system', 'value_number', 'value_unit', 'value_text', 'category_code'];

  test('numbers, texts, and a score without encounter and code system', async () => {
    const rows = await made(
      'observations.csv',
      [
        'DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE',
        '2023-10-10T04:17:47Z,P1,E1,vital-signs,8302-2,Body Height,127.9,cm,numeric',
        '2023-10-10T04:17:47Z,P1,E1,survey,76501-6,Enough to eat,"No, never",,text',
        '2023-10-10T04:17:47Z,P1,,,QALY,QALY,9.0,a,numeric',
      ],
      'observation',
    );
    const at = 'P1|2023-10-10T04:17:47Z';
    expect(members(rows, ...names)).toEqual([
      [`${at}|8302-2|E1`, 'http://loinc.org', 127.9, 'cm', null, 'vital-signs'],
      [`${at}|76501-6|E1`, 'http://loinc.org', null, null, 'No, never', 'survey'],
      [`${at}|QALY`, null, 9, 'a', null, null],
    ]);
  });

  test('without a column TYPE a value is a text, and a number where it looks like one', async () => {
    const rows = await made(
      'observations.csv',
      [
        'Date,Patient,Encounter,Code,Description,Value,Units',
        '2011-06-02,P1,E1,8302-2,Height,-1.5,cm',
        '2011-06-02,P1,E1,1-8,Smoker,Never,',
      ],
      'observation',
    );
    expect(members(rows, 'value_number', 'value_text', 'observed_precision')).toEqual([
      [-1.5, '-1.5', 'day'],
      [null, 'Never', 'day'],
    ]);
  });
});

test('patients, organizations and providers', async () => {
  const patients = await made(
    'patients.csv',
    [
      'Id,BIRTHDATE,DEATHDATE,SSN,FIRST,LAST,MARITAL,RACE,ETHNICITY,GENDER,CITY,STATE,ZIP',
      'P1,1930-04-07,1976-07-25,999-00-0000,Ann,Example,M,white,nonhispanic,F,Troy,Massachusetts,2155',
      'P2,2014-10-06,,999-00-0001,Bob,Example,,asian,hispanic,M,Troy,Massachusetts,02155-1234',
    ],
    'patient',
  );
  expect(
    members(patients, 'patient_id', 'gender_code', 'birth_date', 'deceased_at', 'is_deceased', 'zip5', 'race_code'),
  ).toEqual([
    ['P1', 'female', '1930-04-07T00:00:00.000Z', '1976-07-25T00:00:00.000Z', true, '02155', 'white'],
    ['P2', 'male', '2014-10-06T00:00:00.000Z', null, false, '02155', 'asian'],
  ]);
  expect(JSON.stringify(members(patients, ...Object.keys(patients[0]!)), (_, v) => String(v))).not.toContain('999-00');
  const organizations = await made(
    'organizations.csv',
    ['Id,NAME,ADDRESS,CITY,STATE,ZIP,LAT,LON,PHONE', 'O1,GENERAL,1 MAIN ST,TROY,MA,018014979,42.5,-71.25,'],
    'organization',
  );
  expect(members(organizations, 'organization_name', 'zip5', 'latitude', 'longitude')).toEqual([
    ['GENERAL', '01801', 42.5, -71.25],
  ]);
  const providers = await made(
    'providers.csv',
    ['Id,ORGANIZATION,NAME,GENDER,SPECIALITY,ADDRESS,CITY,STATE,ZIP', 'D1,O1,Doc,F,PSYCHIATRY,1 MAIN ST,TROY,MA,1801'],
    'provider',
  );
  expect(members(providers, 'provider_id', 'organization_id', 'specialty', 'gender_code', 'zip5', 'npi')).toEqual([
    ['D1', 'O1', 'PSYCHIATRY', 'female', '01801', null],
  ]);
});

describe('a file of an export', () => {
  const outcome = async (name: string): Promise<unknown> =>
    (await ingest(s3.put(BUCKETS.landing, name, 'Id\n1\n'))).result;

  test.each(['claims.csv', 'claims_transactions.csv', 'payers.csv', 'devices.csv', 'supplies.csv'])(
    '%s is known and not read, which is no fault',
    async (name) => {
      expect(await outcome(`synthea/${name}`)).toMatchObject({
        done: true,
        ignored: true,
        received: 0,
        quarantined: 0,
      });
      expect(s3.keys('quarantine/')).toEqual([]);
      // Marked, so that no sweep takes it for one that was left unread.
      expect(s3.keys('control/files/read/')).toHaveLength(1);
    },
  );

  test('that nobody knows is refused', async () =>
    expect(await outcome('synthea/genomes.csv')).toMatchObject({
      done: true,
      quarantined: 1,
      refused: ['FIL-PRF-03'],
    }));
});

describe('NPPES', () => {
  const PRACTICE = 'Provider Business Practice Location Address';
  const header = [
    ...['NPI', 'Entity Type Code', 'Provider Organization Name (Legal Business Name)'],
    ...['Provider Last Name (Legal Name)', 'Provider First Name', 'Provider Middle Name', 'Provider Name Suffix Text'],
    ...['Provider Credential Text', `${PRACTICE} City Name`, `${PRACTICE} State Name`, `${PRACTICE} Postal Code`],
    ...[`${PRACTICE} Country Code (If outside U.S.)`, 'Provider Enumeration Date', 'Last Update Date'],
    ...['NPI Deactivation Date', 'NPI Reactivation Date', 'Provider Gender Code', 'A column that came since'],
    ...Array.from({ length: 15 }, (_, i) => [
      `Healthcare Provider Taxonomy Code_${i + 1}`,
      `Healthcare Provider Primary Taxonomy Switch_${i + 1}`,
    ]).flat(),
  ];
  const line = (cells: Record<string, string>): string => header.map((name) => cells[name] ?? '').join(',');
  const read = async (...rows: Record<string, string>[]): Promise<ParquetRow[]> => {
    const event = s3.put(BUCKETS.landing, 'nppes/npidata.csv', [header.join(','), ...rows.map(line)].join('\n'));
    expect((await ingest(event)).result).toMatchObject({ accepted: rows.length, quarantined: 0 });
    return rowsUnder(s3, 'silver/provider/');
  };

  test('names, the primary taxonomy, and what a deactivated NPI leaves', async () => {
    const rows = await read(
      {
        ...{ NPI: '1234567893', 'Entity Type Code': '1', 'Provider Last Name (Legal Name)': 'DOE' },
        ...{ 'Provider First Name': 'JANE', 'Provider Name Suffix Text': 'JR.', 'Provider Credential Text': 'M.D.' },
        ...{ 'Last Update Date': '07/08/2007', 'Provider Enumeration Date': '05/23/2005', 'Provider Gender Code': 'F' },
        ...{ 'NPI Deactivation Date': '03/15/2006', 'NPI Reactivation Date': '03/20/2006' },
        ...{
          'Healthcare Provider Taxonomy Code_1': '174400000X',
          'Healthcare Provider Primary Taxonomy Switch_1': 'N',
        },
        ...{ 'Healthcare Provider Taxonomy Code_15': '207R00000X' },
        ...{ 'Healthcare Provider Primary Taxonomy Switch_15': 'Y' },
      },
      {
        ...{ NPI: '1679576722', 'Entity Type Code': '2.0', 'Last Update Date': '07/08/2007' },
        ...{
          'Provider Organization Name (Legal Business Name)': 'CLINIC',
          'Provider Last Name (Legal Name)': '<UNAVAIL>',
        },
        ...{
          'Healthcare Provider Taxonomy Code_1': '261Q00000X',
          'Healthcare Provider Primary Taxonomy Switch_1': 'X',
        },
      },
      { NPI: '1588667638', 'NPI Deactivation Date': '03/16/2019' },
    );
    const names = ['npi', 'entity_type_code', 'full_name', 'credential', 'gender_code', 'taxonomy_code', 'is_active'];
    expect(members(rows, ...names)).toEqual([
      ['1234567893', 'individual', 'JANE DOE JR.', 'M.D.', 'female', '207R00000X', true],
      ['1679576722', 'organization', 'CLINIC', null, null, null, true],
      ['1588667638', null, null, null, null, null, false],
    ]);
    expect(members(rows, 'effective_at', 'recorded_at', 'deactivated_on', 'reactivated_on')).toEqual([
      ['2007-07-08T04:00:00.000Z', '2007-07-09T03:59:59.999Z', '2006-03-15T00:00:00.000Z', '2006-03-20T00:00:00.000Z'],
      ['2007-07-08T04:00:00.000Z', '2007-07-09T03:59:59.999Z', null, null],
      ['2019-03-16T04:00:00.000Z', '2019-03-17T03:59:59.999Z', '2019-03-16T00:00:00.000Z', null],
    ]);
  });

  test.each([
    ['684722944', '68472'],
    ['684722944.0', '68472'],
    ['11011234.0', '01101'],
    ['6011234.0', '00601'],
    ['68472', '68472'],
    ['1101.0', '01101'],
    ['501', '00501'],
    ['01101-1234', '01101'],
  ])('the postal code %s is in %s', async (postal, zip5) => {
    const row = { NPI: '1234567893', 'Entity Type Code': '1', 'Last Update Date': '07/08/2007' };
    const rows = await read({ ...row, [`${PRACTICE} Postal Code`]: postal });
    expect(members(rows, 'zip5', 'dq_flags')).toEqual([[zip5, null]]);
  });

  test('a postal code of another country is none of these, and no fault', async () => {
    const row = { NPI: '1234567893', 'Entity Type Code': '1', 'Last Update Date': '07/08/2007' };
    const abroad = { [`${PRACTICE} Postal Code`]: 'K1A 0B1', [`${PRACTICE} Country Code (If outside U.S.)`]: 'CA' };
    expect(members(await read({ ...row, ...abroad }), 'zip5', 'dq_flags')).toEqual([[null, null]]);
  });

  test('ships no text of the taxonomy', () => {
    const { fields } = builtInProfile('nppes')!.profile.entities[0]!;
    expect(Object.keys(fields)).not.toContain('specialty');
  });
});
