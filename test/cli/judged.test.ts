import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MAX_RECORD_BYTES } from '../../contracts/envelope';
import { withJudge } from '../../cli/judged';
import { documentOf, outRecords, type RefusedLine } from '../../cli/records';
import { planBatch } from '../../core/ingest';
import { fhirReader } from '../../core/files/fhir/stream';
import { builtInProfile } from '../../profiles';
import { envelope, keys } from '../core/samples';
import { bundle, entry, person } from '../ingest-file/fhir';

const folder = mkdtempSync(join(tmpdir(), 'carelake-judged-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fhir = fhirReader(builtInProfile('fhir-r4')!, 'fhir-r4', keys);
const SHARD = 'shardId-000000000000';
const good = (id: string): string => JSON.stringify({ ...envelope('clinic'), event_id: id });
const PAYLOADS: Record<string, string> = {
  '1': good('A'),
  '2': '{"op":1}',
  '3': `${good('B')}\n${good('C')}\n{"op":2}`,
  '4': good('D'),
  '90000': JSON.stringify(bundle([entry(person('1')), entry({ resourceType: 'Flag' }), entry({})])),
};
const zones = Object.fromEntries(['bronze', 'silver', 'quarantine'].map((z) => [z, join(folder, z)])) as Record<
  'bronze' | 'silver' | 'quarantine',
  string
>;

/** What the stream's function leaves of a batch. */
function ingest(...sequences: string[]): void {
  const records = sequences.map((sequence) => ({
    sequence,
    partitionKey: 'k',
    arrivedAt: Date.UTC(2026, 0, 2) * 1000,
    data: Buffer.from(PAYLOADS[sequence]!),
  }));
  const plan = planBatch({ stream: 'events', shardId: SHARD, records }, keys, 'the-bronze', fhir);
  const write = (zone: string, { key, body }: { key: string; body: Uint8Array }): void => {
    const path = join(folder, zone, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
  };
  write('bronze', plan.bronze);
  for (const object of plan.silver) write('silver', object);
  if (plan.quarantine) write('quarantine', plan.quarantine);
}

const judged = (sequences: readonly string[]) =>
  withJudge(async ({ note, judged }) => {
    for (const sequence of sequences) note({ shardId: SHARD, sequence });
    return judged(zones, Date.now() - 60_000, 0);
  });

test('of a FHIR Bundle each entry is counted, and what nothing reads by its type', async () => {
  ingest('90000');
  expect(await judged(['90000'])).toEqual({
    accepted: 1,
    rejected: 1,
    unmapped: { Flag: 1 },
    waiting: 0,
    byRule: { 'FIL-FHR-03': 1 },
  });
});

test('what was sent is counted once, however its batch was cut when it was tried again', async () => {
  ingest('1', '2', '3');
  const { byRule, ...counts } = await judged(['1', '2', '3']);
  expect(counts).toEqual({ accepted: 3, rejected: 2, unmapped: {}, waiting: 0 });
  ingest('1');
  ingest('2', '3');
  expect(await judged(['1', '2', '3'])).toEqual({ accepted: 3, rejected: 2, waiting: 0, unmapped: {}, byRule });
  // Others send too, and what nobody has read yet is waited for.
  ingest('4');
  expect(await judged(['1', '5'])).toEqual({ accepted: 1, rejected: 0, waiting: 1, unmapped: {}, byRule: {} });
});

test('a judge takes note of more records than it notes at once', async () => {
  const many = Array.from({ length: 45_000 }, (_, i) => String(i + 1));
  expect(await judged(many)).toMatchObject({ accepted: 4, rejected: 2, waiting: 45_000 - 4 });
});

test('an event of a document is refused for its size as a line is, by its place', async () => {
  const file = join(folder, 'events.json');
  const event = (pad: number) => ({ ...envelope('clinic'), pad: 'x'.repeat(pad) });
  writeFileSync(file, `${JSON.stringify([event(1), event(MAX_RECORD_BYTES), event(2)])}\n`.replace(/},{/g, '},\n{'));
  const refused: RefusedLine[] = [];
  const taken: number[] = [];
  for await (const { data } of outRecords(documentOf(file)!, refused)) taken.push(data.length);
  const size = JSON.stringify(event(0)).length;
  expect(taken).toEqual([size + 1, size + 2]);
  expect(refused).toEqual([{ line: 2, bytes: size + MAX_RECORD_BYTES, rule: 'ENV-SIZE' }]);
  expect(documentOf(join(folder, 'none.json'))).toBeUndefined();
});
