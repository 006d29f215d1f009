import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { failureObject, toItem } from '@carelake/laptop/engines/batches';
import { pathOfKey } from '@carelake/laptop/endpoints/s3-keys';
import { checkIngest, countIngest, unmappedOfStream, type ZoneFolders } from '../../cli/conservation';
import { planBatch, type IngestPlan, type StreamBatch } from '../../core/ingest';
import { rereadKey } from '../../core/lake/names';
import { Keyring } from '../../core/records/keys';
import { fhirReader } from '../../core/files/fhir/stream';
import { builtInProfile } from '../../profiles';
import { envelope, SECRET } from '../core/samples';
import { bundle, entry, person } from '../ingest-file/fhir';

const keys = Keyring.fromSecret(SECRET);
const fhir = fhirReader(builtInProfile('fhir-r4')!, 'fhir-r4', keys);
const SHARD = 'shardId-000000000000';
const GOOD = JSON.stringify(envelope('clinic'));

/** Records of one shard from a sequence number on. */
const batch = (from: number, values: string[]): StreamBatch => ({
  stream: 'events',
  shardId: SHARD,
  records: values.map((value, i) => ({
    sequence: String(from + i),
    partitionKey: 'k',
    arrivedAt: 1_767_344_399_000_000,
    data: Buffer.from(value),
  })),
});

describe('what became of the records of a stream', () => {
  let zones: ZoneFolders;
  beforeEach(() => {
    const dir = mkdtempSync(join(tmpdir(), 'carelake-conservation-'));
    const of = (zone: string) => join(dir, "it's", zone);
    zones = {
      bronze: of('bronze'),
      silver: of('silver'),
      quarantine: of('quarantine'),
      control: of('control'),
      failed: of('failed'),
    };
  });

  const put = (zone: keyof ZoneFolders, key: string, body: Uint8Array | string): void => {
    const path = join(zones[zone], pathOfKey(key));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
  };
  const plan = (records: StreamBatch): IngestPlan => planBatch(records, keys, 'bronze', fhir);
  const write = (made: IngestPlan, zonesOfPlan = ['bronze', 'silver', 'quarantine']): void => {
    if (zonesOfPlan.includes('bronze')) put('bronze', made.bronze.key, made.bronze.body);
    if (zonesOfPlan.includes('silver')) for (const o of made.silver) put('silver', o.key, o.body);
    if (zonesOfPlan.includes('quarantine') && made.quarantine)
      put('quarantine', made.quarantine.key, made.quarantine.body);
  };
  const giveUp = ({ records }: StreamBatch): void => {
    const source = {
      shardId: SHARD,
      streamArn: 'arn:aws:kinesis:us-east-1:0:stream/events',
      roleArn: 'r',
      region: 'r',
    };
    const items = records.map((r, i) =>
      toItem(
        { sequenceNumber: r.sequence, partitionKey: r.partitionKey, data: r.data, arrivedAt: r.arrivedAt / 1000 },
        i + 1,
        source,
      ),
    );
    const { key, body } = failureObject(items, {
      ...source,
      condition: 'RecordAgeExceeded',
      invocations: 9,
      functionError: false,
      functionArn: 'f',
      mappingId: 'm',
      now: 0,
    });
    put('failed', key, body);
  };

  it('is accepted, quarantined or held; a batch written in part and given up counts once', async () => {
    write(plan(batch(1, [GOOD, GOOD, '{'])));
    giveUp(batch(4, [GOOD, GOOD]));
    // Bronze took this one, and silver of the first record: held is what is nowhere else.
    write(plan(batch(6, [GOOD, '{'])), ['bronze']);
    write(plan(batch(6, [GOOD])), ['silver']);
    giveUp(batch(6, [GOOD, '{']));
    const { ingest: counts } = await countIngest(zones);
    expect(counts).toEqual({ received: 7, accepted: 3, quarantined: 1, unmapped: 0, held: 3 });
    checkIngest(counts, 'here');
  });

  it('is nothing held after the replay', async () => {
    write(plan(batch(4, [GOOD, '{'])));
    expect((await countIngest(zones)).ingest).toEqual({
      received: 2,
      accepted: 1,
      quarantined: 1,
      unmapped: 0,
      held: 0,
    });
  });

  it('is unmapped where nothing reads a resource; a Bundle that is held is one record, or what bronze knows of it', async () => {
    const bundles = batch(1, [
      JSON.stringify(bundle([entry(person('1')), entry({ resourceType: 'Flag' }), entry({})])),
    ]);
    giveUp(bundles);
    expect((await countIngest(zones)).ingest).toMatchObject({ received: 1, unmapped: 0, held: 1 });
    write(plan(bundles), ['bronze']);
    expect((await countIngest(zones)).ingest).toMatchObject({ received: 3, unmapped: 0, held: 3 });
    expect(await unmappedOfStream(zones)).toEqual({});
    rmSync(zones.failed, { recursive: true });
    write(plan(bundles));
    const { ingest: counts } = await countIngest(zones);
    expect(counts).toEqual({ received: 3, accepted: 1, quarantined: 1, unmapped: 1, held: 0 });
    checkIngest(counts, 'here');
    expect(await unmappedOfStream(zones)).toEqual({ Flag: 1 });
  });

  it('is an error where a record is lost: bronze has it, and nothing else', async () => {
    write(plan(batch(1, [GOOD, GOOD])), ['bronze']);
    const { ingest: counts } = await countIngest(zones);
    expect(counts).toEqual({ received: 2, accepted: 0, quarantined: 0, unmapped: 0, held: 0 });
    expect(() => checkIngest(counts, 'here')).toThrow(
      '2 received, but 0 accepted + 0 quarantined + 0 unmapped + 0 held',
    );
  });

  it('counts as accepted what one release accepted and the next one, trying again, did not', async () => {
    write(plan(batch(1, [GOOD, GOOD])));
    const next = plan(batch(1, [GOOD, '{']));
    put('quarantine', rereadKey(next.quarantine!.key, 2), next.quarantine!.body);
    const { ingest: counts } = await countIngest(zones);
    expect(counts).toEqual({ received: 2, accepted: 2, quarantined: 0, unmapped: 0, held: 0 });
  });

  it('is an error where one reading puts a record in both places', async () => {
    write(plan(batch(1, [GOOD, GOOD])));
    write(plan(batch(1, [GOOD, '{'])), ['quarantine']);
    const { ingest: counts } = await countIngest(zones);
    expect(counts).toEqual({ received: 2, accepted: 2, quarantined: 1, unmapped: 0, held: 0 });
    expect(() => checkIngest(counts, 'here')).toThrow('conservation is broken');
  });
});
