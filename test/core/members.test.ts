import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { planBatch } from '../../core/ingest';
import { membersOf } from '../../core/records/members';
import { batchesOf } from '../../core/stream-event';
import { rowsOfObject } from './objects';
import { envelope, keys } from './samples';

const text = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const members = (data: Uint8Array): string[] | string => {
  const found = membersOf(data);
  return Array.isArray(found)
    ? found.map((one: Uint8Array) => Buffer.from(one).toString())
    : ((found as string) ?? 'one');
};

const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([number * 8 + 2, ...varint(bytes.length)]), bytes]);
/** An aggregated record by the published format: magic number, protobuf message, MD5. */
function aggregate(records: readonly Uint8Array[]): Buffer {
  const message = Buffer.concat([
    field(1, text('key')),
    ...records.map((data) => field(3, Buffer.concat([Buffer.from([8, 0]), field(3, data)]))),
  ]);
  return Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, createHash('md5').update(message).digest()]);
}

describe('a record of the stream', () => {
  it('is one event, however it is written', () => {
    const one = envelope('clinic');
    for (const data of [
      text(one),
      text(`${JSON.stringify(one)}\n`),
      text(JSON.stringify(one, null, 2)),
      text(`{"a":\n{"b":1}}`),
      text(`${JSON.stringify(one, null, 2)}\n${JSON.stringify(one, null, 2)}`),
      text('nothing\nof\nthe kind'),
      text(''),
      Buffer.from([0xff, 0xfe]),
      text('[]'),
      text('[1,2'),
      text('[1],[2]'),
    ])
      expect([data.toString(), members(data)]).toEqual([data.toString(), 'one']);
  });

  it('packs lines, an array, or either in gzip', () => {
    expect(members(text('{"a":1}\r\n\n{"b":2}\nbroken\n'))).toEqual(['{"a":1}', '{"b":2}', 'broken']);
    expect(members(text('\n [{"a":"],[\\""}, {"b":[1,{"c":2}]} ,3]\n'))).toEqual([
      '{"a":"],[\\""}',
      '{"b":[1,{"c":2}]}',
      '3',
    ]);
    expect(members(gzipSync('{"a":1}\n{"b":2}'))).toEqual(['{"a":1}', '{"b":2}']);
    expect(members(gzipSync('[{"a":1}]'))).toEqual(['{"a":1}']);
    expect(members(gzipSync('{"a":1}'))).toEqual(['{"a":1}']);
  });

  it('packs what the Kinesis Producer Library aggregates', () => {
    expect(members(aggregate([text('{"a":1}'), text('x'.repeat(300)), text('{"b":2}\n{"c":3}')]))).toEqual([
      '{"a":1}',
      'x'.repeat(300),
      '{"b":2}',
      '{"c":3}',
    ]);
  });

  it('that begins as a batch and is none is broken as a whole', () => {
    const good = aggregate([text('{"a":1}'), text('{"b":2}')]);
    const wrong = Buffer.from(good);
    wrong[10] ^= 1;
    for (const data of [
      wrong,
      good.subarray(0, good.length - 1),
      aggregate([]),
      gzipSync('{}').subarray(0, 12),
      gzipSync(''),
    ])
      expect(members(data)).toBe('broken');
    expect(members(gzipSync(Buffer.alloc(17 * 1024 * 1024, 32)))).toBe('broken');
  });

  it('unpacks to what was packed, in any of the forms', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(object, { minLength: 2, maxLength: 8 }), (objects) => {
        const lines = objects.map((o) => JSON.stringify(o));
        fc.pre(lines.some((line) => line.length > 2));
        const forms = [lines.join('\n'), `[${lines.join(',')}]`].map(text);
        for (const packed of [...forms, ...forms.map((f) => gzipSync(f)), aggregate(lines.map(text))])
          expect(members(packed)).toEqual(lines);
      }),
    );
  });
});

const ids = ['A1', 'A2', 'A3'].map((appointment_id) => envelope('appointment', { appointment_id }));
const broken = { ...ids[1], op: 'merge' };
const lines = (...events: unknown[]): string => events.map((e) => JSON.stringify(e)).join('\n');

describe('a batch with packed records', () => {
  const record = (sequence: string, data: Buffer) => ({
    sequence,
    partitionKey: 'k',
    arrivedAt: 1_767_000_000_000_000,
    data,
  });

  it('accepts and rejects each event by itself and addresses it by record and place', async () => {
    const records = [
      record('7', text(lines(ids[0], broken, ids[2]))),
      record('8', text(ids[1])),
      record('9', Buffer.from('f3899ac2', 'hex')),
    ];
    const plan = planBatch({ stream: 'events', shardId: 's-0', records }, keys, 'bronze');
    expect(plan.counts).toEqual({ received: 5, accepted: 3, quarantined: 2, unmapped: 0 });
    const silver = await rowsOfObject(plan.silver[0].body);
    expect(silver.map((r) => [r.record_position, r.appointment_id])).toEqual([
      ['7/0', 'A1'],
      ['7/2', 'A3'],
      ['8', 'A2'],
    ]);
    const rejected = await rowsOfObject(plan.quarantine!.body);
    expect(rejected.map((r) => [r.record_position, r.bronze_row, r.rule_ids, r.pointers, r.byte_length])).toEqual([
      ['7/1', 0n, 'ENV-OP', '/op', BigInt(JSON.stringify(broken).length)],
      ['9', 2n, 'DQ-FMT-03', '#', 4n],
    ]);
    const bronze = await rowsOfObject(plan.bronze.body);
    expect(bronze.map((r) => [r.record_position, r.members ?? null])).toEqual([
      ['7', 3],
      ['8', null],
      ['9', null],
    ]);
  });

  it('makes the same rows of an event of Amazon MSK', async () => {
    const packed = [text(lines(ids[0], broken)), gzipSync(lines(ids[1], ids[2]))];
    const kafka = {
      eventSource: 'aws:kafka',
      records: {
        'visits-3': packed.map((data, offset) => ({
          topic: 'visits',
          partition: 3,
          offset,
          timestamp: 1_767_000_000_123,
          timestampType: 'CREATE_TIME',
          key: 'a2V5',
          value: data.toString('base64'),
        })),
      },
    };
    const kinesis = {
      Records: packed.map((data, i) => ({
        eventID: `partition-3:${i}`,
        eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/visits',
        kinesis: {
          sequenceNumber: String(i).padStart(20, '0'),
          partitionKey: 'a2V5',
          approximateArrivalTimestamp: 1_767_000_000.123,
          data: data.toString('base64'),
        },
      })),
    };
    const [a] = batchesOf(kafka).map((batch) => planBatch(batch, keys, 'bronze'));
    const [b] = batchesOf(kinesis).map((batch) => planBatch(batch, keys, 'bronze'));
    expect(a.counts).toEqual({ received: 4, accepted: 3, quarantined: 1, unmapped: 0 });
    expect(a).toEqual(b);
    expect((await rowsOfObject(a.silver[0].body)).map((r) => r.appointment_id)).toEqual(['A1', 'A2', 'A3']);
  });
});
