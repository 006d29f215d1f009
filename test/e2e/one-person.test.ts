import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queryServed } from '../../cli/sql';
import { builtInProfile } from '../../profiles';
import { columnUses } from '../../profiles/walk';
import { type Cli, endpointOf, must, newFolder, type Query, readSoFar, runOf, serve, untilRead } from './laptop';

const folder = mkdtempSync(join(tmpdir(), 'carelake-one-person-'));
const written = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const lines = (...all: unknown[]): string => all.map((one) => JSON.stringify(one)).join('\n') + '\n';

const MRN = 'http://north.example/mrn';
const PAYER = 'urn:payer:1';
const NPI = { system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' };

// A hospital: the woman is there twice, as its own link says, and the doctor is named by her NPI.
const known = (day: number) => ({ lastUpdated: `2026-04-0${day}T00:00:00Z` });
const woman = (id: string, day: number, more: object = {}) => ({
  resourceType: 'Patient',
  id,
  meta: known(day),
  gender: 'female',
  birthDate: '1980-02-29',
  ...more,
});
const number = { type: { coding: [{ code: 'MR' }] }, system: MRN, value: '007' };
const f1 = { identifier: [number], name: [{ family: 'Example', given: ['Ann'] }] };
const link = [{ other: { reference: 'Patient/f2' }, type: 'seealso' }];
const bundle = {
  resourceType: 'Bundle',
  type: 'collection',
  entry: [
    woman('f1', 1, { ...f1, link }),
    woman('f2', 1),
    { resourceType: 'Practitioner', id: 'd1', meta: known(1), identifier: [NPI], name: [{ text: 'Dr Stone' }] },
    {
      resourceType: 'Encounter',
      id: 'e1',
      meta: known(1),
      status: 'finished',
      class: { code: 'AMB' },
      period: { start: '2026-03-09T10:00:00-05:00', end: '2026-03-09T11:00:00-05:00' },
      subject: { reference: 'Patient/f1' },
      participant: [{ individual: { reference: `Practitioner?identifier=${NPI.system}|${NPI.value}` } }],
    },
    {
      resourceType: 'Procedure',
      id: 'p1',
      meta: known(1),
      status: 'completed',
      code: { coding: [{ system: 'http://snomed.info/sct', code: '1' }] },
      subject: { reference: 'Patient/f2' },
      encounter: { reference: 'Encounter/e1' },
      performedDateTime: '2026-03-09T10:30:00-05:00',
    },
  ].map((resource) => ({ resource })),
};

// A scheduling system that knows people by the hospital's numbers and doctors by NPI.
const scheduling = {
  profile: 'scheduling',
  source_system: 'scheduling',
  authorities: { patient: MRN, provider: 'npi' },
  mode: 'delta',
  file: { format: 'csv', zone: 'America/New_York' },
  entities: [
    {
      entity: 'appointment',
      fields: {
        appointment_id: 'Visit',
        patient_id: 'MRN',
        provider_id: 'Doctor',
        clinic_id: 'Clinic',
        status_code: 'Status',
        scheduled_start_at: { column: 'Start', datetime: 'yyyy-MM-dd HH:mm' },
      },
    },
  ],
};
// A payer, by its member ids; the prescriber is a bare NPI.
const claims = {
  profile: 'claims',
  source_system: 'claims',
  authorities: { patient: PAYER },
  mode: 'delta',
  file: { format: 'csv', zone: 'America/New_York' },
  entities: [
    { entity: 'patient', fields: { patient_id: 'Member', birth_date: 'Born' } },
    {
      entity: 'medication_order',
      fields: {
        medication_order_id: 'Order',
        patient_id: 'Member',
        provider_npi: 'Prescriber',
        ordered_at: { column: 'Written', datetime: 'yyyy-MM-dd HH:mm' },
        status_code: { constant: 'completed' },
        intent_code: { constant: 'order' },
      },
    },
    {
      entity: 'prescription_fill',
      fields: {
        prescription_fill_id: 'Claim',
        patient_id: 'Member',
        medication_order_id: 'Order',
        filled_at: { column: 'Filled', datetime: 'yyyy-MM-dd HH:mm' },
        status_code: { constant: 'completed' },
      },
    },
  ],
};
/** A row of the registry of NPIs; its other columns are empty. */
function registry(): string {
  const header = [...new Set(columnUses(builtInProfile('nppes')!.profile).map(({ column }) => column))];
  const said: Record<string, string> = {
    NPI: NPI.value,
    'Entity Type Code': '1',
    'Provider First Name': 'EVA',
    'Provider Last Name (Legal Name)': 'STONE',
    'Last Update Date': '01/02/2026',
    'Provider Enumeration Date': '05/23/2005',
  };
  const row = (cells: string[]) => cells.map((cell) => `"${cell}"`).join(',');
  return `${row(header)}\n${row(header.map((name) => said[name] ?? ''))}\n`;
}

const linkOf = (op: string, day: number) => ({
  event_id: `mpi-${op}`,
  entity: 'patient_link',
  schema_version: 1,
  op,
  source_system: 'mpi',
  effective_at: `2026-04-0${day}T00:00:00Z`,
  recorded_at: `2026-04-0${day}T00:00:00Z`,
  payload: {
    patient_link_id: 'K1',
    source_system_1: 'fhir-r4',
    patient_id_1: 'f1',
    source_system_2: PAYER,
    patient_id_2: 'M-9',
  },
});

/** One woman and one doctor, of whom a hospital, a scheduling system, a payer and a registry tell. Each step builds on the ones before. */
describe('one person across sources', () => {
  const dataDir = newFolder('one-person');
  const at = ['--data', dataDir];
  const query: Query = async (sql) => (await queryServed(endpointOf(dataDir), runOf(dataDir).names!, sql)).rows;
  let serving: Cli;
  let read: number;

  const ingest = async (profile: object | string, file: string, rows: number): Promise<void> => {
    const name = typeof profile === 'string' ? profile : written('profile.json', JSON.stringify(profile));
    const told = JSON.parse(await must(['ingest', '--phi-ok', '--json', '--profile', name, file, ...at])) as object;
    expect(told).toMatchObject({ quarantined: 0 });
    await untilRead(query, (read += rows));
  };
  const push = async (text: string, rows: number): Promise<void> => {
    await must(['push', written('pushed.ndjson', text), ...at]);
    await untilRead(query, (read += rows));
  };
  /** Ids of the patients of each person, persons and ids sorted. */
  const persons = async (of: 'patient' | 'provider'): Promise<string[]> => {
    const found = new Map<string, string[]>();
    const id = of === 'patient' ? 'patient_id' : 'coalesce(provider_id, npi)';
    const all = await query(
      `SELECT enterprise_${of}_key, ${id} FROM core.dim_${of} WHERE ${id} IS NOT NULL ORDER BY 2`,
    );
    for (const [person, one] of all as string[][]) found.set(person, [...(found.get(person) ?? []), one]);
    return [...found.values()].map((ids) => ids.join(' ')).sort();
  };
  const journeys = () =>
    query(
      `SELECT kinds, count(*) FROM (
         SELECT enterprise_patient_key, count(*) AS n, min(kind) || ' .. ' || max(kind) AS kinds FROM gold_phi.patient_journey GROUP BY 1
       ) j GROUP BY kinds ORDER BY kinds`,
    );
  const counted = () => query(`SELECT count(*), sum(members), sum(appointments_counted) FROM gold_phi.obt_patient`);
  const unlinked = () =>
    query(
      `SELECT source_system, members, unlinked FROM gold_phi.identity_coverage WHERE entity = 'patient' ORDER BY 1`,
    );

  beforeAll(async () => {
    const input = mkdtempSync(join(tmpdir(), 'carelake-hospital-'));
    writeFileSync(join(input, 'bundle.json'), JSON.stringify(bundle, null, 1));
    ({ process: serving } = await serve(['--phi-ok', '--source', 'fhir-r4', '--input', input, ...at]));
    read = await readSoFar(query);
    const visits = 'Visit,MRN,Doctor,Clinic,Status,Start\nA1,007,1234567893,C1,fulfilled,2026-03-02 09:00\n';
    await ingest(scheduling, written('visits.csv', visits), 1);
    const fills =
      'Claim,Order,Member,Born,Prescriber,Written,Filled\nRX1,O1,M-9,1980-02-29,1234567893,2026-03-09 13:00,2026-03-10 12:00\n';
    await ingest(claims, written('fills.csv', fills), 3);
    await ingest('nppes', written('npidata_pfile_1.csv', registry()), 1);
  }, 400_000);
  afterAll(async () => {
    if (serving?.child.exitCode === null) await serving.kill();
  });

  it('without the link of the payer are two, counted as unlinked', async () => {
    expect(await persons('patient')).toEqual(['007 f1 f2', 'M-9']);
    expect(await counted()).toEqual([[2, 4, 1]]);
    expect(await unlinked()).toEqual([
      ['claims', 1, 1],
      ['fhir-r4', 2, 0],
      ['scheduling', 1, 0],
    ]);
    expect(await journeys()).toEqual([
      ['appointment .. procedure', 1],
      ['fill .. medication order', 1],
    ]);
  });

  it('with it are one row and one journey', async () => {
    await push(lines(linkOf('upsert', 2)), 1);
    expect(await persons('patient')).toEqual(['007 M-9 f1 f2']);
    expect(await counted()).toEqual([[1, 4, 1]]);
    expect((await unlinked()).map(([, , alone]) => alone)).toEqual([0, 0, 0]);
    expect(await query(`SELECT kind, source_system, id FROM gold_phi.patient_journey ORDER BY happened_at`)).toEqual([
      ['appointment', 'scheduling', 'A1'],
      ['encounter', 'fhir-r4', 'e1'],
      ['procedure', 'fhir-r4', 'p1'],
      ['medication order', 'claims', 'O1'],
      ['fill', 'claims', 'RX1'],
    ]);
    expect(await query(`SELECT count(DISTINCT enterprise_patient_key) FROM gold_phi.patient_journey`)).toEqual([[1]]);
  });

  it('who renders care, known to a registry, as a practitioner and by a bare NPI, is one', async () => {
    expect(await persons('provider')).toEqual(['1234567893 d1']);
    expect(await query(`SELECT members FROM core.enterprise_provider WHERE npi = '1234567893'`)).toEqual([[2]]);
    // The visit and the order name the NPI, the encounter the practitioner who has it.
    const care = ['appointment', 'encounter', 'medication_order'].map(
      (fact) =>
        `SELECT d.enterprise_provider_key AS doctor, coalesce(d.provider_id, d.npi) AS id FROM core.fact_${fact} f JOIN core.dim_provider d ON d.provider_key = f.provider_key`,
    );
    expect(await query(`SELECT count(*), count(DISTINCT doctor), count(DISTINCT id) FROM (${care.join(' UNION ALL ')}) c`)).toEqual([[3, 1, 2]]); // prettier-ignore
  }); // prettier-ignore

  it('are parted by taking the link back: that of the payer by its delete, that of the hospital by a version without it', async () => {
    await push(lines(linkOf('delete', 3)), 1);
    expect(await persons('patient')).toEqual(['007 f1 f2', 'M-9']);
    await push(lines(woman('f1', 4, f1)), 1);
    expect(await persons('patient')).toEqual(['007 f1', 'M-9', 'f2']);
    // The older version comes again, by another way in.
    await push(lines(woman('f1', 1, { ...f1, link })), 2);
    expect(await persons('patient')).toEqual(['007 f1', 'M-9', 'f2']);
  });
});
