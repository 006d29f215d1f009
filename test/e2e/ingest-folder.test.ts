import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnswersDocument } from '../../cli/answers';
import { queryServed } from '../../cli/sql';
import { type Cli, cli, endpointOf, must, newFolder, type Query, ROOT, runOf, serve, untilRead } from './laptop';

const place = mkdtempSync(join(tmpdir(), 'carelake-ingest-folder-'));
const folder = (name: string, files: Record<string, string>): string => {
  const path = join(place, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
};
const lines = (...resources: object[]): string => resources.map((one) => JSON.stringify(one)).join('\n');

const patient = (id: string, more: object = {}) => ({ resourceType: 'Patient', id, birthDate: '1980-02-29', ...more });
const condition = (id: string, of: string, code: string) => ({
  resourceType: 'Condition',
  id,
  subject: { reference: `Patient/${of}` },
  code: { coding: [{ system: 'urn:oid:2.16.840.1.113883.6.90', code }] },
  recordedDate: '2024-03-05T10:00:00Z',
});
const url = (name: string) => ({ type: 'x', url: `https://ehr.example/files/${name}` });

/** An export with all that there is to tell of one: rejected, flagged, of kinds that nobody reads, and deleted. */
const EXPORT = {
  'manifest.json': JSON.stringify({
    transactionTime: '2024-08-06T18:12:57Z',
    output: ['Patient.ndjson', 'Condition.ndjson', 'Flag.ndjson'].map(url),
    deleted: [url('gone.ndjson')],
    error: [],
  }),
  'Patient.ndjson': lines(patient('p1'), patient('p3', { birthDate: 'in spring' }), { resourceType: 'Patient' }), // prettier-ignore
  'Condition.ndjson': lines(condition('c1', 'p1', 'E11.9'), condition('c2', 'nobody', 'I10')),
  'Flag.ndjson': lines({ resourceType: 'Flag', id: 'f1' }, { resourceType: 'Flag', id: 'f2' }),
  'gone.ndjson': lines({ resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'DELETE', url: 'Patient/p2' } }] }), // prettier-ignore
};

describe('a folder of files, while the platform serves', () => {
  const dataDir = newFolder('ingest-folder');
  const query: Query = async (sql) => (await queryServed(endpointOf(dataDir), runOf(dataDir).names!, sql)).rows;
  const ingest = (path: string, source: string, ...more: string[]): string[] =>
    ['ingest', path, '--source', source, '--phi-ok', '--data', dataDir, ...more]; // prettier-ignore
  const readSoFar = async (): Promise<number> =>
    Number((await query('SELECT coalesce(sum("read"), 0) FROM ops.conservation'))[0]![0]);
  let serving: Cli;

  beforeAll(async () => {
    ({ process: serving } = await serve(['--patients', '20', '--events', '400', '--data', dataDir]));
  });
  afterAll(async () => {
    if (serving?.child.exitCode === null) await serving.kill();
  });

  it('of FHIR is told of as a start tells of it', async () => {
    const path = folder('export', EXPORT);
    const input = ['--phi-ok', '--source', 'fhir-r4', '--input', path];
    const start = JSON.parse(await must(['start', '--once', '--json', ...input, '--data', newFolder('ingest-once')])) as AnswersDocument; // prettier-ignore
    const { ingest: counts, rejected, warnings, unmapped, held_snapshots } = start.run;
    expect([counts.quarantined, unmapped]).toEqual([1, { Flag: 2 }]);
    expect(Object.keys(warnings)).toEqual(expect.arrayContaining(['DQ-COD-06', 'DQ-ID-05']));

    const told = JSON.parse(await must(ingest(path, 'fhir-r4', '--json'))) as object;
    expect(told).toEqual({
      files: 4,
      read: 4,
      same_bytes: 0,
      received: counts.received,
      accepted: counts.accepted,
      quarantined: counts.quarantined,
      unmapped,
      rejected,
      warnings,
      held_snapshots,
    });
    expect(await query(`SELECT patient_id FROM core.dim_patient WHERE source_system = 'fhir-r4' AND NOT is_deleted AND NOT is_inferred ORDER BY 1`)).toEqual([['p1'], ['p3']]); // prettier-ignore
    // Read again from landing, it says the same in words, and nothing new was found.
    const again = await must(ingest(path, 'fhir-r4'));
    expect(again).toContain(`4 of 4 files read: ${counts.received} records, of which ${counts.accepted} accepted, 1 rejected, 2 of kinds that nothing in the profile reads.`); // prettier-ignore
    expect(again).toMatch(/Flag +2/);
  });

  it('is read by the profiles of a source of its own', async () => {
    const profile = { ...(JSON.parse(readFileSync(join(ROOT, 'examples/visits.json'), 'utf8')) as object), profile: 'desk-visits', files: ['*.csv'], ignored_files: ['*.txt'] }; // prettier-ignore
    const source = folder('desk', { 'visits.json': JSON.stringify(profile) });
    const visits = readFileSync(join(ROOT, 'examples/visits.csv'), 'utf8');
    const path = folder('visits', { 'monday.csv': visits, 'read-me.txt': 'x' });
    const outcome = await cli(ingest(path, source));
    expect([outcome.code, outcome.stderr]).toEqual([0, expect.stringContaining('Known to the source and not read: 1 files')]); // prettier-ignore
    expect(outcome.stdout).toMatch(/^1 of 1 files read: 5 records, of which 4 accepted, 1 rejected/);
    expect(outcome.stdout).toMatch(/1 of 5 records broke a rule and are in quarantine/);
  });

  it('is refused before anything is landed where it is not whole, not consented to, or asked for in two ways', async () => {
    const refused = async (...args: string[]) => {
      const { code, stdout, stderr } = await cli([...args, '--data', dataDir]);
      expect([code, stdout]).toEqual([2, '']);
      return stderr;
    };
    const torn = folder('torn', Object.fromEntries(Object.entries(EXPORT).filter(([name]) => name !== 'Flag.ndjson')));
    expect(await refused('ingest', torn, '--source', 'fhir-r4', '--phi-ok')).toContain('the export is not whole');
    expect(await refused('ingest', torn, '--source', 'fhir-r4')).toMatch(/only with --phi-ok[\s\S]*next: .*--phi-ok/);
    expect(await refused('ingest', torn, '--phi-ok')).toMatch(/needs a profile[\s\S]*next: .*--source fhir-r4/);
    expect(await refused('ingest', torn, '--source', 'fhir-r4', '--profile', 'fhir-r4', '--phi-ok')).toContain('either a profile reads a file, or a source a folder'); // prettier-ignore
    expect(await refused('ingest', join(torn, 'none'), '--source', 'fhir-r4', '--phi-ok')).toContain('this is none');
  });

  it('FHIR as records of the stream is in gold, by the command and by any client of Kinesis', async () => {
    const before = await readSoFar();
    const file = join(place, 'records.ndjson');
    writeFileSync(file, lines(patient('s1'), condition('sc1', 's1', 'E119'), { resourceType: 'Flag', id: 'f9' }));
    expect(JSON.parse(await must(['push', file, '--json', '--data', dataDir]))).toMatchObject({ sent: 3, accepted: 2, rejected: 0, unmapped: { Flag: 1 } }); // prettier-ignore
    const { url: endpoint, credentials } = endpointOf(dataDir);
    const { stream, region } = runOf(dataDir).names!;
    const client = new KinesisClient({ endpoint, region, credentials });
    const wrapped = { source_system: 'north-ehr', resource: condition('sc2', 's2', 'E11.9') };
    const records = [wrapped, { resourceType: 'Bundle', type: 'collection', entry: [{ resource: patient('s3') }] }];
    const put = await client.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: records.map((record, i) => ({ PartitionKey: `k${i}`, Data: Buffer.from(JSON.stringify(record)) })),
      }),
    );
    client.destroy();
    expect(put.FailedRecordCount).toBe(0);
    await untilRead(query, before + 4);
    expect(
      await query(`SELECT diagnosis_id, source_system, patient_id, diagnosis_system, diagnosis_code, CAST(diagnosed_date AS varchar(10)) FROM gold_phi.obt_diagnosis WHERE diagnosis_id LIKE 'sc%' ORDER BY 1`), // prettier-ignore
    ).toEqual([
      ['sc1', 'fhir-r4', 's1', 'http://hl7.org/fhir/sid/icd-10-cm', 'E11.9', '2024-03-05'],
      ['sc2', 'north-ehr', 's2', 'http://hl7.org/fhir/sid/icd-10-cm', 'E11.9', '2024-03-05'],
    ]);
    expect(await query(`SELECT patient_id FROM gold_phi.obt_patient WHERE patient_id IN ('s1', 's2', 's3') ORDER BY 1`)).toEqual([['s1'], ['s3']]); // prettier-ignore
  });
});
