import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ENTITIES, ENTITY_NAMES, type EntityName, RULES, type RuleId } from '../../contracts';
import { FILE_RULES, type FileRule } from '../../profiles/rules';
import { envelope } from '../core/samples';
import { type ExampleCells, exampleCsv } from '../example-clinic';
import { endpointOf, must, newFolder, readSoFar, ROOT, runOf, serve, untilRead, type Cli } from './laptop';
import { queryServed } from '../../cli/sql';

type Payload = Record<string, unknown>;

/** A record of the stream: an envelope that differs from a good one in what is given, or its bytes. */
interface Sent {
  entity: EntityName;
  payload?: Payload;
  around?: Payload;
  bytes?: (json: string) => string | Buffer;
}
/** What breaks a rule, and, where it is not the good record of the entity, what nearly does. */
type Case = Sent & { kept?: Payload };

const NEVER = { arrived_at: undefined, actual_start_at: undefined, completed_at: undefined };
const STREAM: Partial<Record<RuleId, Case>> = {
  'DQ-FMT-01': { entity: 'patient', payload: { first_name: 'A\u0000' } },
  'DQ-FMT-02': { entity: 'patient', bytes: (json) => json.slice(0, -1) },
  'DQ-FMT-03': { entity: 'patient', bytes: () => Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]) },
  'DQ-FMT-07': { entity: 'patient', bytes: (json) => json.replace('"op"', '"op":"delete","op"') },
  'ENV-OBJECT': { entity: 'patient', bytes: () => '17' },
  'ENV-UNKNOWN': { entity: 'patient', around: { priority: 1 } },
  'ENV-MISSING': { entity: 'patient', around: { recorded_at: undefined } },
  'ENV-TYPE': { entity: 'patient', around: { schema_version: '1' } },
  'ENV-ENTITY': { entity: 'patient', around: { entity: 'pet' } },
  'ENV-VERSION': { entity: 'patient', around: { schema_version: 9 } },
  'ENV-OP': { entity: 'patient', around: { op: 'merge' } },
  'ENV-ID': { entity: 'patient', around: { source_system: 'two words' } },
  'ENV-TIME': { entity: 'patient', around: { effective_at: '2024-02-30T00:00:00Z' } },
  'ENV-AHEAD': { entity: 'patient', around: { recorded_at: '2199-01-01T00:00:00Z' } },
  'ENV-SEQUENCE': { entity: 'patient', around: { source_sequence: 'first' } },
  'FLD-UNKNOWN': { entity: 'patient', payload: { mood: 'fine' } },
  'FLD-MISSING': { entity: 'appointment', payload: { status_code: undefined } },
  'FLD-ONE-OF': { entity: 'patient', payload: { birth_date: undefined }, kept: { birth_date: undefined, reported_age_years: 5 } },
  'FLD-TYPE': { entity: 'patient', payload: { last_name: 7 } },
  'FLD-LENGTH': { entity: 'patient', payload: { last_name: 'x'.repeat(129) }, kept: { last_name: 'x'.repeat(128) } },
  'FLD-CODE': { entity: 'patient', payload: { gender_code: 'F' } },
  'FLD-DIGITS': { entity: 'patient', payload: { zip5: '1234' } },
  'FLD-RANGE': { entity: 'patient', payload: { reported_age_years: 131 }, kept: { reported_age_years: 130 } },
  'FLD-DATE': { entity: 'patient', payload: { birth_date: '1980-02-30' } },
  'FLD-TIME': { entity: 'appointment', payload: { created_at: '2024-03-01T10:00:00' }, kept: { created_at: '2024-03-01t10:00:00.123456789z' } },
  'FLD-ZONE': { entity: 'clinic', payload: { timezone: 'EDT' } },
  'DQ-ID-01': { entity: 'patient', payload: { patient_id: ' \u200b' } },
  'DQ-ID-03': { entity: 'appointment', payload: { provider_npi: '1234567890' } },
  'DQ-ID-05': { entity: 'appointment', payload: { patient_id: 'nobody' } },
  'DQ-ID-06': { entity: 'appointment', payload: { clinic_id: 'nowhere' } },
  'DQ-ID-12': { entity: 'appointment', payload: { provider_npi: '1993999998' } },
  'DQ-ID-13': { entity: 'appointment', payload: { patient_id: '="P1"' } },
  'DQ-PAT-01': { entity: 'patient', payload: { birth_date: '1899-12-31' }, kept: { birth_date: '1900-01-01' } },
  'DQ-PAT-05': { entity: 'patient', payload: { reported_age_years: -1 }, kept: { reported_age_years: 0 } },
  'DQ-PAT-07': { entity: 'patient', payload: { birth_date: '2024-03-12' }, kept: { birth_date: '2024-03-11' } },
  'DQ-APT-03': { entity: 'appointment', payload: { created_at: '2024-03-10T05:30:00Z', ...NEVER, status_code: 'booked' }, kept: { created_at: '2024-03-10T04:30:00Z', ...NEVER, status_code: 'booked' } },
  'DQ-APT-04': { entity: 'appointment', payload: { completed_at: '2024-03-10T00:10:00-05:00' } },
  'DQ-APT-05': { entity: 'appointment', payload: { status_code: 'no show' } },
  'DQ-APT-06': { entity: 'appointment', payload: { status_code: 'noshow' }, kept: { status_code: 'noshow', ...NEVER } },
  'DQ-ID-10': { entity: 'patient_link', payload: { source_system_2: 'ehr', patient_id_2: 'P1' }, kept: { patient_id_2: 'P1' } },
  'DQ-ID-15': { entity: 'encounter', payload: { organization_id: 'nobody' } },
  'DQ-ID-16': { entity: 'encounter', payload: { location_id: 'nowhere' } },
  'DQ-COD-06': { entity: 'diagnosis', payload: { diagnosis_system: 'urn:own', diagnosis_code: 'H7' } },
  'DQ-ENC-01': { entity: 'encounter', payload: { end_at: '2024-03-09T23:49:59-05:00' }, kept: { end_at: '2024-03-09T23:50:00-05:00' } },
  'DQ-ENC-07': { entity: 'encounter', payload: { patient_id: undefined } },
  'DQ-ENC-14': { entity: 'encounter', payload: { start_at: '2024-03-10T04:50:00Z' } },
  'DQ-DX-01': { entity: 'diagnosis', payload: { abated_at: '2024-02-29T23:59:59-05:00' }, kept: { abated_at: '2024-03-01T00:00:00-05:00' } },
  'DQ-PRC-01': { entity: 'procedure', payload: { performed_end_at: '2024-03-09T23:49:59-05:00' }, kept: { performed_end_at: '2024-03-09T23:50:00-05:00' } },
  'DQ-RX-07': { entity: 'medication_order', payload: { stopped_at: '2024-03-09T23:49:59-05:00' }, kept: { stopped_at: '2024-03-09T23:50:00-05:00' } },
  'DQ-RX-08': { entity: 'medication_order', payload: { medication_code: undefined, medication_id: 'nowhere' }, kept: { medication_code: undefined, medication_id: 'MED1' } },
  'DQ-PAT-02': { entity: 'patient', payload: { birth_date: '1980-02-29', deceased_at: '1980-02-27T23:59:59Z' }, kept: { birth_date: '1980-02-29', deceased_at: '1980-02-28T00:00:00Z' } },
  'DQ-APT-14': { entity: 'appointment', payload: { scheduled_start_at: '2024-03-10T04:50:00Z' } },
}; // prettier-ignore

/** Cells of the example profile's layout that break a rule of files. */
const ROWS: Partial<Record<FileRule, ExampleCells>> = {
  'FIL-ROW-02': { Remark: '"open' },
  'FIL-MAP-01': { Status: 'vielleicht' },
  'FIL-MAP-02': { Born: '1980' },
  'FIL-MAP-03': { Minutes: 'lang' },
  'FIL-TIM-02': { Born: '03.02.20' },
};

/** Rules that no record of a producer can set by itself: the file of tests that sets each. */
const ELSEWHERE: Partial<Record<RuleId | FileRule, string>> = {
  'DQ-TIE-01': 'test/sql/order.test.ts',
  'DQ-OBS-02': 'test/sql/units.test.ts',
  'DQ-OBS-04': 'test/sql/units.test.ts',
  'ENV-SIZE': 'test/core/rejected.test.ts',
  'SYS-THROWN': 'test/ingest-stream/held.test.ts',
  'SYS-KILLED': 'test/ingest-stream/held.test.ts',
  'LOAD-NAME-01': 'test/load/select-load.test.ts',
  'LOAD-COPY-01': 'test/load/load.test.ts',
  'LOAD-COPY-02': 'test/load/load.test.ts',
  'LOAD-KEY-01': 'test/load/load.test.ts',
  'LOAD-FACT-01': 'test/load/load.test.ts',
  'LOAD-LEFT-01': 'test/load/takeover.test.ts',
  ...Object.fromEntries(
    ['02', '03', '04', '05', '06', '07'].map((n) => [`FIL-FHR-${n}`, 'test/ingest-file/fhir.test.ts']),
  ),
  'FIL-ROW-01': 'test/ingest-file/readers.test.ts',
  'FIL-ROW-03': 'test/ingest-file/mapper.test.ts',
  'FIL-ROW-04': 'test/ingest-file/mapper.test.ts',
  'FIL-MAP-04': 'test/ingest-file/mapper.test.ts',
  'FIL-MAP-05': 'test/ingest-file/mapper.test.ts',
  'FIL-ROW-05': 'test/ingest-file/real-files.test.ts',
  'FIL-MAP-06': 'test/ingest-file/real-files.test.ts',
  'FIL-TXT-01': 'test/ingest-file/real-files.test.ts',
  'FIL-TIM-01': 'test/ingest-file/real-files.test.ts',
};

/** Those of them that cost the row. */
const ROW_REJECTS: readonly FileRule[] = ['FIL-ROW-02', 'FIL-MAP-01'];

/** Facts of which some record sets a rule. */
const FACTS = ENTITY_NAMES.filter(
  (e) => ENTITIES[e].kind === 'fact' && Object.values(STREAM).some(({ entity }) => entity === e),
);
/** Members that good records name: appointments a provider by NPI, the others by identifier. */
const DESCRIBED: readonly [EntityName, Payload][] = [
  ...ENTITY_NAMES.filter((e) => ENTITIES[e].kind === 'dimension' && !ENTITIES[e].name.endsWith('_link')).map(
    (e) => [e, {}] as [EntityName, Payload],
  ),
  ['provider', { provider_id: undefined }],
  ['procedure_code', { code_system: 'http://snomed.info/sct', code: '430193006' }],
];

const streamRules = Object.keys(STREAM) as RuleId[];
const rowRules = Object.keys(ROWS) as FileRule[];
const idOf = (rule: string, kind: 'breaks' | 'keeps'): string => `${rule}-${kind}`;

describe('every rule is set by the record that breaks it, and by no other', () => {
  const dataDir = newFolder('rules');
  const at = ['--data', dataDir];
  let serving: Cli;
  const flags = new Map<string, string[]>();
  const rejected = new Map<string, string[]>();
  const sequences = new Map<string, string>();

  const ask = async (sql: string) => (await queryServed(endpointOf(dataDir), runOf(dataDir).names!, sql)).rows;

  /** The record of a rule, with an identity of its own. */
  function record(rule: string, kind: 'breaks' | 'keeps', { entity, payload, around, bytes, kept }: Case): Buffer {
    const id = idOf(rule, kind);
    const key = ENTITIES[entity].naturalKey[0];
    const breaks = kind === 'breaks';
    const value = envelope(
      entity,
      { [key]: id, ...(breaks ? payload : kept) },
      { event_id: id, ...(breaks ? around : {}) },
    );
    const json = JSON.stringify(value);
    return Buffer.from(breaks && bytes ? bytes(json) : json);
  }

  beforeAll(async () => {
    ({ process: serving } = await serve(['--patients', '20', '--events', '400', ...at]));
    const names = runOf(dataDir).names!;
    const variables = JSON.parse(await must(['env', '--json', ...at])) as Record<string, string>;
    const common = {
      endpoint: variables.AWS_ENDPOINT_URL,
      region: variables.AWS_REGION,
      credentials: { accessKeyId: variables.AWS_ACCESS_KEY_ID!, secretAccessKey: variables.AWS_SECRET_ACCESS_KEY! },
    };
    const [kinesis, s3] = [new KinesisClient(common), new S3Client({ ...common, forcePathStyle: true })];
    const before = await readSoFar(ask);
    const base = DESCRIBED.map(([entity, payload], i) => ({ id: `base-${i}`, data: Buffer.from(JSON.stringify(envelope(entity, payload, { event_id: `base-${i}` }))) })); // prettier-ignore
    const cases = streamRules.flatMap((rule) =>
      (['keeps', 'breaks'] as const).map((kind) => ({ id: idOf(rule, kind), data: record(rule, kind, STREAM[rule]!) })),
    );
    const all = [...base, ...cases];
    const sent = await kinesis.send(
      new PutRecordsCommand({
        StreamName: names.stream,
        Records: all.map(({ id, data }) => ({ PartitionKey: id, Data: data })),
      }),
    );
    sent.Records!.forEach((r, i) => sequences.set(r.SequenceNumber!, all[i].id));
    const lines = rowRules.flatMap((rule) => (['keeps', 'breaks'] as const).map((kind) => ({ Number: idOf(rule, kind), Patient: idOf(rule, kind), ...(kind === 'breaks' ? ROWS[rule] : {}) }))); // prettier-ignore
    await s3.send(
      new PutObjectCommand({
        Bucket: variables.CARELAKE_LANDING_BUCKET,
        Key: 'example-clinic-csv/rules.csv',
        Body: exampleCsv([...lines, '']),
      }),
    );
    const list = async () =>
      (JSON.parse(await must(['quarantine', 'list', '--json', '--limit', '1000', ...at])) as { records: Record<string, string>[] }).records; // prettier-ignore
    // Each record of the stream is one event or one rejection, each accepted row of the file three events.
    const rejectsAll = streamRules.filter((rule) => rejects(rule)).length;
    const files = rowRules.length * 2 - ROW_REJECTS.length;
    await untilRead(ask, before + all.length - rejectsAll + files * 3);
    for (const r of await list()) {
      const id = r.profile ? `row-${r.record_position}` : sequences.get(r.record_position!);
      if (id) rejected.set(id, r.rule_ids!.split(' '));
    }
    for (const [id, found] of [
      ...(await ask(
        ['patient', 'clinic', 'patient_link']
          .map((e) => `SELECT event_id, dq_flags FROM core.${e}_log`)
          .join(' UNION ALL '),
      )),
      ...(await ask(
        FACTS.map(
          (fact) =>
            `SELECT f.event_id, o.dq_flags FROM gold_phi.obt_${fact} o JOIN core.fact_${fact} f ON f.${fact}_key = o.${fact}_key`,
        ).join(' UNION ALL '),
      )),
      ...(await ask(
        `SELECT substring(appointment_id, 6, 64), dq_flags FROM gold_phi.obt_appointment WHERE source_system = 'example-clinic'`,
      )),
      ...(await ask(`SELECT patient_id, dq_flags FROM core.patient_log WHERE source_system = 'example-clinic'`)),
    ])
      flags.set(String(id), [...(flags.get(String(id)) ?? []), ...(found === null ? [] : String(found).split(' '))]);
    kinesis.destroy();
    s3.destroy();
  });
  afterAll(async () => {
    if (serving?.child.exitCode === null) await serving.kill();
  });

  /** Whether the record that breaks it is rejected: the rule costs the record, or a member that it cannot be without. */
  function rejects(rule: RuleId): boolean {
    return RULES[rule].severity === 'reject' || rule === 'DQ-APT-05';
  }

  it('the list of rules is walked to its end', () => {
    const files = (Object.keys(FILE_RULES) as FileRule[]).filter((rule) =>
      ['row', 'member', 'warn', 'note'].includes(FILE_RULES[rule].scope),
    );
    const every = [...(Object.keys(RULES) as RuleId[]), ...files];
    expect([...streamRules, ...rowRules, ...Object.keys(ELSEWHERE)].sort()).toEqual([...every].sort());
    for (const [rule, file] of Object.entries(ELSEWHERE))
      expect([rule, readFileSync(join(ROOT, file), 'utf8').includes(rule)]).toEqual([rule, true]);
  });

  it.each(streamRules)('%s', (rule) => {
    const [breaks, keeps] = [idOf(rule, 'breaks'), idOf(rule, 'keeps')];
    if (rejects(rule)) {
      expect([rejected.get(breaks), flags.has(breaks)]).toEqual([[rule], false]);
    } else {
      expect([flags.get(breaks), rejected.get(breaks)]).toEqual([[rule], undefined]);
    }
    expect([flags.get(keeps), rejected.get(keeps)]).toEqual([[], undefined]);
  });

  it.each(rowRules)('%s', (rule) => {
    const row = `row-${rowRules.indexOf(rule) * 2 + 2}`;
    const [breaks, keeps] = [idOf(rule, 'breaks'), idOf(rule, 'keeps')];
    if (ROW_REJECTS.includes(rule)) expect([rejected.get(row), flags.has(breaks)]).toEqual([[rule], false]);
    else expect([flags.get(breaks), rejected.get(row)]).toEqual([[rule], undefined]);
    expect(flags.get(keeps)).toEqual([]);
  });
});
