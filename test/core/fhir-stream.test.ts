import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { silverColumns } from '../../contracts/derive/columns';
import { fhirPartOf, fhirReader } from '../../core/files/fhir/stream';
import { planBatch } from '../../core/ingest';
import { Keyring } from '../../core/records/keys';
import { membersOf } from '../../core/records/members';
import { takeApart, type Member } from '../../core/stream-members';
import { builtInProfile } from '../../profiles';
import { bundle, entry, person } from '../ingest-file/fhir';
import { FILE_MS, readByFhirR4, type SilverObject } from '../ingest-file/fhir-r4';
import { envelope } from './samples';

const keys = Keyring.fromSecret('{"key_version":1,"secret":"a secret of a test, long enough"}');
const fhir = fhirReader(builtInProfile('fhir-r4')!, 'fhir-r4', keys);
const BUNDLES = join(__dirname, '..', '..', '..', 'shared', 'data', 'fhir', 'bundles');
const present = existsSync(BUNDLES);
if (!present) console.warn('SKIPPED: no FHIR Bundles at ../shared/data/fhir; only one of our own is read both ways');
const FIRST = present ? readdirSync(BUNDLES).sort().slice(0, 4) : [];

const batchOf = (...values: (object | string | Uint8Array)[]) => ({
  stream: 'events',
  shardId: 'shardId-000000000000',
  records: values.map((value, i) => ({
    sequence: String(i + 1),
    partitionKey: 'k',
    arrivedAt: FILE_MS * 1000,
    data: value instanceof Uint8Array ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  })),
});
const apart = (...values: (object | string | Uint8Array)[]) =>
  takeApart(batchOf(...values).records, { keys, fhir, thrown: [] });

/** Members as their position and what became of them: the entities fed, the rules broken, or the type that nothing reads. */
const told = (members: readonly Member[]): [string, string][] =>
  members.map(({ position, outcome }) => [
    position,
    'unmapped' in outcome
      ? `=${outcome.unmapped}`
      : outcome.ok
        ? outcome.events.map((event) => event.entity).join(' ')
        : outcome.violations.map(({ rule, pointer }) => `${rule} ${pointer}`).join(', '),
  ]);

const columnIn = (event: { entity: Parameters<typeof silverColumns>[0]; row: readonly unknown[] }, name: string) =>
  event.row[silverColumns(event.entity).findIndex((column) => column.name === name)];

const flag = { resourceType: 'Flag', id: 'f' };

async function expectSameAsFile(bytes: Buffer): Promise<void> {
  const made = await readByFhirR4([bytes]);
  const { members } = apart(gzipSync(bytes));
  const rows: Record<string, SilverObject[]> = {};
  const rejected: [string, string][] = [];
  const unmapped: Record<string, number> = {};
  for (const { position, outcome } of members)
    if ('unmapped' in outcome) unmapped[outcome.unmapped] = (unmapped[outcome.unmapped] ?? 0) + 1;
    else if (outcome.ok)
      for (const { entity, row } of outcome.events)
        (rows[entity] ??= []).push(Object.fromEntries(silverColumns(entity).map((c, i) => [c.name, row[i]])));
    else {
      const [, index, element] = position.split('/');
      const rules = outcome.violations.map(({ rule, pointer }) => `${rule} ${pointer}`).join(', ');
      // A file counts its records from 1.
      rejected.push([[Number(index) + 1, element].filter((part) => part !== undefined).join('/'), rules]);
    }
  expect(Object.keys(rows).length).toBeGreaterThan(0);
  expect(rows).toEqual(made.rows);
  expect(rejected).toEqual(made.rejected);
  expect(unmapped).toEqual(made.unmapped);
  expect(members).toHaveLength(made.received);
}

test('a Bundle becomes the same rows, rules and counts as a record and as a file', () =>
  expectSameAsFile(
    Buffer.from(
      JSON.stringify(bundle([entry(person('a')), entry(flag), entry({ ...person('b'), birthDate: 'soon' })])),
    ),
  ));

(present ? test : test.skip).each(present ? [...FIRST, 'practitionerInformation1559319163815.json'] : ['no Bundle'])(
  'so does %s [needs ../shared/data/fhir]',
  (name) => expectSameAsFile(readFileSync(join(BUNDLES, name))),
);

test('each entry is accepted, rejected or unmapped by itself, and envelopes beside it stay what they are', () => {
  const whole = JSON.stringify(
    bundle([entry(person('1')), entry(flag), entry({ resourceType: 'Nothing' }), entry(person('2'))]),
  );
  const broken = whole.replace('"id":"2"', '"id" "2"');
  const { members, packed, parts, lacksReader } = apart(
    envelope('clinic'),
    broken,
    person('3'),
    bundle([]),
    '{"resourceType"',
  );
  expect(told(members)).toEqual([
    ['1', 'clinic'],
    ['2/0', 'patient'],
    ['2/1', '=Flag'],
    ['2/2', 'FIL-FHR-03 /resource/resourceType'],
    ['2/3', 'DQ-FMT-02 #'],
    ['3/0', 'patient'],
    ['4/0', '=Bundle'],
    ['5', 'DQ-FMT-02 '],
  ]);
  expect(packed).toEqual([null, 4, 1, 1, null]);
  expect(parts).toEqual([null, '0 1=Flag 2 3', '0', '0=Bundle', null]);
  expect(lacksReader).toBe(false);
  expect(planBatch(batchOf(broken, person('3')), keys, 'b', fhir).counts).toEqual({
    received: 5,
    accepted: 2,
    quarantined: 2,
    unmapped: 1,
  });
});

test('what a record packs is numbered through, and of two versions in it the one further down is the later', () => {
  const { members, parts } = apart(
    [person('1'), envelope('clinic'), bundle([entry(flag), entry(person('1', { gender: 'male' }))])]
      .map((one) => JSON.stringify(one))
      .join('\n'),
  );
  expect(told(members)).toEqual([
    ['1/0', 'patient'],
    ['1/1', 'clinic'],
    ['1/2', '=Flag'],
    ['1/3', 'patient'],
  ]);
  expect(parts).toEqual(['0 1 2=Flag 3']);
  const orders = [members[0]!, members[3]!].map(({ outcome }) =>
    'ok' in outcome && outcome.ok ? columnIn(outcome.events[0]!, 'source_order') : undefined,
  );
  expect(orders[1]! > orders[0]!).toBe(true);
});

test('a record says whose it is, or the configuration does', () => {
  const systems = (value: object) =>
    apart(value).members.map(({ outcome }) =>
      'ok' in outcome && outcome.ok ? columnIn(outcome.events[0]!, 'source_system') : told(apart(value).members)[0]![1],
    );
  expect(systems(person('1'))).toEqual(['fhir-r4']);
  expect(systems({ source_system: 'north-ehr', resource: person('1') })).toEqual(['north-ehr']);
  expect(systems({ resource: bundle([entry(person('1'))]), source_system: 'north-ehr' })).toEqual(['north-ehr']);
  expect(systems({ source_system: 'north ehr', resource: person('1') })).toEqual(['ENV-ID profile:/source_system']);
  // Not what it is taken for: with anything else beside, it is an envelope that lacks the most.
  expect(systems({ source_system: 'north-ehr', resource: person('1'), more: 1 })[0]).toMatch(
    /^ENV-MISSING .*ENV-UNKNOWN/,
  );
});

test('an envelope is never FHIR, whatever its payload says; AuditEvent and Communication are, whatever their elements are called', () => {
  const said = { ...envelope('clinic'), payload: { resourceType: 'Patient' } };
  expect(told(apart(said, { ...person('1'), event_id: 'x' }).members).map(([p]) => p)).toEqual(['1', '2']);
  expect(
    told(apart({ resourceType: 'AuditEvent', entity: [] }, { resourceType: 'Communication', payload: [] }).members),
  ).toEqual([
    ['1/0', '=AuditEvent'],
    ['2/0', '=Communication'],
  ]);
});

test('without a reader FHIR is rejected, and the plan says what it lacks', () => {
  const plan = planBatch(batchOf(person('1')), keys, 'b');
  expect([plan.lacksReader, plan.counts.quarantined]).toEqual([true, 1]);
  expect(planBatch(batchOf(envelope('clinic'), '{"op":1}'), keys, 'b').lacksReader).toBe(false);
});

test('a place that the tables cannot hold costs its own row alone', () => {
  const batch = batchOf(bundle([...Array<object>(10).fill(entry(flag)), entry(person('1'))]));
  batch.records[0]!.sequence = '9'.repeat(62);
  const { members } = takeApart(batch.records, { keys, fhir, thrown: [] });
  expect(told(members).at(-1)).toEqual([`${'9'.repeat(62)}/10`, 'DQ-FMT-03 ']);
});

test('an entry sent again by itself says the same: of the same time, source and neighbours', () => {
  const at = FILE_MS * 1000;
  const born = { ...person('1'), birthDate: 'x' };
  const url = 'urn:uuid:00000000-0000-4000-8000-000000000001';
  const link = { link: [{ type: 'seealso', other: { reference: url } }] };
  const record = Buffer.from(
    [
      JSON.stringify(envelope('clinic')),
      JSON.stringify({
        source_system: 'north',
        resource: bundle([entry(person('2', link)), entry({ ...born, id: undefined }, url)]),
      }),
    ].join('\n'),
  );
  expect(membersOf(record)).toHaveLength(2);
  const again = (place: string) => JSON.parse(fhirPartOf(record, place, at)!.again(fhirPartOf(record, place, at)!.bytes).toString()) as { resource: Record<string, unknown>; source_system: string }; // prettier-ignore
  expect(again('1')).toMatchObject({
    source_system: 'north',
    resource: {
      resourceType: 'Bundle',
      type: 'transaction',
      timestamp: '2026-05-01T12:00:00.000000Z',
      entry: [
        { resource: { id: '2', link: [{ other: { reference: 'Patient/00000000-0000-4000-8000-000000000001' } }] } },
      ],
    },
  });
  expect(again('2').resource).toMatchObject({ entry: [{ fullUrl: url, resource: { birthDate: 'x' } }] });
  expect(fhirPartOf(record, '0', at)).toBeUndefined();
  expect(fhirPartOf(record, '3', at)).toBeUndefined();
  const alone = Buffer.from(JSON.stringify(person('1')));
  expect(JSON.parse(fhirPartOf(alone, '0', at)!.again(alone).toString())).toEqual({
    resourceType: 'Bundle',
    type: 'collection',
    timestamp: '2026-05-01T12:00:00.000000Z',
    entry: [{ resource: person('1') }],
  });
});
