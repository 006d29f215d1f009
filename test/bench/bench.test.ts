import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entitiesCore } from '../../bench/entities';
import { fhirFiles, readFiles, syntheaFiles } from '../../bench/files';
import { ingestCore } from '../../bench/ingest-core';
import { readOptions } from '../../bench/options';
import { fhirLines, generated, readFhir, readSynthea, syntheaLines } from '../../bench/sources';
import { ENTITY_NAMES } from '../../contracts';

const few = { batchSize: 3, batches: 2, reps: 1 };

describe('the ingest core by entity', () => {
  test('is measured on records of every entity, which are all accepted', async () => {
    const results = await entitiesCore(() => undefined, few);
    expect(results.map(({ entity, records }) => [entity, records])).toEqual(ENTITY_NAMES.map((name) => [name, 6]));
    for (const { ratio, floor, platform } of results) expect(ratio / (platform / floor)).toBeCloseTo(1, 1);
  });

  test('does not measure the rejection of records', async () => {
    await expect(ingestCore({ ...few, record: () => '{"entity":"patient"}' })).rejects.toThrow(
      'bench: 3 records were rejected',
    );
  });
});

describe('resources of FHIR', () => {
  test('that are generated are read whole, with the entities that their views feed', async () => {
    expect(await readFiles(generated(40))).toEqual({
      received: 41,
      accepted: 41,
      quarantined: 0,
      unmapped: 0,
      entities: {
        patient: 1,
        encounter: 5,
        diagnosis: 5,
        procedure: 5,
        observation: 20,
        medication_order: 5,
      },
    });
  });

  test('are told beside the bare library and their floor, with the counts', async () => {
    const reading = { ...(await readFhir(generated(10), 1)), platform: 2, views: 3, parse: 0.1 };
    const [views, floor] = fhirLines('generated', reading);
    expect(views).toMatchObject({ ratio: 1.5, reached: true, measured: '9 per CPU s (2 s)' });
    expect(views!.what).toContain('17 received: 17 accepted, 0 quarantined, 0 unmapped; patient 1, encounter 2');
    expect(floor).toMatchObject({ ratio: 0.05, measured: '9 per CPU s' });
  });
});

describe('folders', () => {
  const folder = mkdtempSync(join(tmpdir(), 'carelake-bench-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('of FHIR are read without the log of the export, of Synthea as far as the source reads them', async () => {
    writeFileSync(join(folder, 'Flag.ndjson'), '{"resourceType":"Flag","id":"f"}\n');
    writeFileSync(join(folder, 'log.ndjson'), '{}\n');
    writeFileSync(join(folder, 'organizations.csv'), 'Id,NAME,ADDRESS,CITY,STATE,ZIP\no-1,A,B,C,MA,02139\n');
    writeFileSync(join(folder, 'allergies.csv'), 'START\n2020-01-01\n');
    expect(await readFiles(fhirFiles(folder))).toMatchObject({ received: 1, accepted: 0, unmapped: 1 });
    const files = syntheaFiles(folder);
    expect(files.map(({ name }) => name)).toEqual(['organizations.csv']);
    const [line] = syntheaLines({ ...(await readSynthea(files, 1)), platform: 4, parse: 1 });
    expect(line).toMatchObject({ ratio: 0.25, reached: true });
    expect(line!.what).toContain('1 received: 1 accepted, 0 quarantined, 0 unmapped; organization 1');
  });

  test('without a file of Synthea are refused', () => {
    expect(() => syntheaFiles(join(__dirname))).toThrow('the folder has no file of a Synthea export');
  });
});

describe('the arguments', () => {
  const read = (...args: string[]): unknown => readOptions(args, ['core', 'fhir']);
  test('name sections and folders', () => {
    expect(read('fhir', '--json', '--fhir', 'x')).toEqual({
      full: false,
      json: true,
      wanted: ['fhir'],
      folders: { fhir: 'x' },
    });
    expect(read('--help')).toEqual({ help: true });
  });
  test('that are unknown are told', () => {
    expect(read('cores')).toEqual({ wrong: 'no such section: cores' });
    expect(read('--fast')).toEqual({ wrong: expect.stringContaining("'--fast'") as unknown });
  });
});
