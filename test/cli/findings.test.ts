import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cameIn, checkIngest, countIngest, type ZoneFolders } from '../../cli/conservation';
import { findingsText, mostRejected, newFindings, readFindings, wentWrong } from '../../cli/findings';
import { chunkReceiptKey } from '../../core/files/objects';
import { decisionKey, type Standing } from '../../core/files/withdrawals';
import { planBatch } from '../../core/ingest';
import { envelope, keys } from '../core/samples';

const GOOD = JSON.stringify(envelope('clinic'));
const HASH = '0123456789abcdef';
const [FIRST, MENDED] = [`${HASH}-p01234567`, `${HASH}-p89abcdef`];

let dir: string;
let zones: ZoneFolders;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'carelake-findings-'));
  zones = Object.fromEntries(['bronze', 'silver', 'quarantine', 'control', 'failed'].map((z) => [z, join(dir, z)])) as unknown as ZoneFolders; // prettier-ignore
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const put = (zone: string, key: string, body: Uint8Array | string): void => {
  mkdirSync(dirname(join(dir, zone, key)), { recursive: true });
  writeFileSync(join(dir, zone, key), body);
};
const decide = (name: string, state: Standing, n: number): void =>
  put('control', decisionKey({ name, n, state }), '{}');

/** What a reading of the file leaves. */
function read(reading: string, rows: string[], notes = {}): void {
  const records = rows.map((data, i) => ({ sequence: String(i), partitionKey: 'k', arrivedAt: 1_767_344_399_000_000, data: Buffer.from(data) })); // prettier-ignore
  const { silver, quarantine } = planBatch({ stream: 'file', shardId: 's', records }, keys, 'landing');
  for (const { body } of silver) put('silver', `file-${reading}-0.parquet`, body);
  if (quarantine) put('quarantine', `file-${reading}-0.parquet`, quarantine.body);
  const accepted = rows.filter((row) => row === GOOD).length;
  const counts = { received: rows.length, accepted, quarantined: rows.length - accepted, notes };
  put('control', chunkReceiptKey(reading, 0, rows.length), JSON.stringify(counts));
}

const look = async () => ({
  counts: await countIngest(zones),
  found: await readFindings(zones, () => Promise.resolve([])),
});
type Looked = Awaited<ReturnType<typeof look>>;
const runOf = (after: Looked, before: Looked) => ({
  ingest: cameIn(after.counts, before.counts),
  ...newFindings(after.found, before.found),
});

const told = (run: ReturnType<typeof runOf>): string => findingsText(run, false).trim().split('\n')[0]!;

test.each([
  ['one more than before', [GOOD, GOOD, '{', '{'], 2, false, '2 of 4 records broke a rule and are in quarantine:'],
  [
    'all of them',
    ['{', '{', '{', '{'],
    0,
    true,
    'MOST RECORDS WERE REJECTED: 4 of 4 records broke a rule and are missing from the answers:',
  ],
  ['none', [GOOD, GOOD, GOOD, GOOD], 4, false, ''],
])(
  'a file read again with a corrected profile counts in full: it rejects %s',
  async (_, rows, accepted, isWrong, text) => {
    read(FIRST, [GOOD, GOOD, GOOD, '{'], { 'FIL-TXT-01': 1 });
    const before = await look();
    read(MENDED, rows, { 'FIL-TXT-01': 2 });
    decide(FIRST, 'withdrawn', 1);
    decide(MENDED, 'standing', 1);
    const after = await look();
    checkIngest(after.counts.ingest, 'here');
    const rejected = 4 - accepted;
    const run = runOf(after, before);
    expect(run).toMatchObject({
      ingest: { received: 4, accepted, quarantined: rejected, unmapped: 0, held: 0 },
      rejected: rejected === 0 ? {} : { 'DQ-FMT-02': rejected },
      warnings: { 'FIL-TXT-01': 2 },
    });
    expect([wentWrong(run), told(run).replace(/^Accepted.*/, '')]).toEqual([isWrong, text]);
    // Nothing came in since.
    const nothing = {
      ingest: { received: 0, accepted: 0, quarantined: 0, unmapped: 0, held: 0 },
      rejected: {},
      warnings: {},
    };
    expect(runOf(await look(), after)).toMatchObject(nothing);
  },
);

test('what was withdrawn by the object was received all the same', async () => {
  read(FIRST, [GOOD, '{']);
  const before = await look();
  decide(HASH, 'withdrawn', 1);
  const run = runOf(await look(), before);
  expect(run.ingest).toEqual({ received: 0, accepted: 0, quarantined: 0, unmapped: 0, held: 0 });
  expect([run.rejected, wentWrong(run)]).toEqual([{}, false]);
});

test.each([[0, 0, false], [1, 1, false], [1, 2, true], [0, 1, true], [2, 1, false]])(
  'of %i accepted and %i rejected records most were rejected: %s',
  (accepted, rejected, expected) => expect(mostRejected(accepted, rejected)).toBe(expected),
); // prettier-ignore
