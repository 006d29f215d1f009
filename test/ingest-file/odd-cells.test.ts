import { type Chunk, nextChunk } from '../../core/files/chunk';
import { Mapper } from '../../core/files/mapper';
import { openFile, readerAt } from '../../core/files/open';
import { silverColumns } from '../../contracts/derive';
import { checkProfile } from '../../profiles';
import { keys } from '../core/samples';

const LANDED = Date.UTC(2026, 1, 4);
const AT = { constant: '2026-01-01T00:00:00Z' };

/** A chunk of one file, by a profile of clinics that differs in what is given. */
async function read(profile: object, lines: readonly string[], spoil?: (mapper: Mapper) => void): Promise<Chunk> {
  const check = checkProfile(JSON.stringify({ profile: 'p', source_system: 's', mode: 'delta', ...profile }));
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const slice = (at: number, length: number) => Promise.resolve(bytes.subarray(at, at + length));
  const opened = await openFile(check.checked, { size: bytes.length, read: slice });
  if (!opened.ok) throw new Error(JSON.stringify(opened.errors));
  const { file } = opened;
  const facts = { objectKey: 'p/a.csv', lastModifiedMs: LANDED, fileTime: LANDED * 1000 };
  const mapper = new Mapper(file.profile, file.header, facts);
  spoil?.(mapper);
  return nextChunk(readerAt(file, file.start), mapper, { keys, maxBytes: 1_000_000, deriveEventId: true });
}

const clinics = (entity: object, fields: object = {}): object => ({
  entities: [
    { entity: 'clinic', effective_at: AT, recorded_at: AT, fields: { clinic_id: 'id', ...fields }, ...entity },
  ],
});

/** Cells of one column of the accepted rows. */
const column = (chunk: Chunk, name: string): unknown[] => {
  const [rows] = chunk.entities;
  const at = rows ? silverColumns(rows.entity, rows.version).findIndex((c) => c.name === name) : -1;
  return (rows?.rows ?? []).map((row) => row[at]);
};
const rejected = (chunk: Chunk): string[] =>
  chunk.rejected.map((r) => `${r.position} ${r.violations.map((v) => `${v.rule} ${v.pointer}`).join(', ')}`);

describe('a cell beyond any calendar costs its row and not the file', () => {
  const csv = { file: { format: 'csv', zone: 'Europe/Berlin' } };
  const begin = { column: 'begin', datetime: 'iso' };
  const all = [
    ['minutes', '1712067300000'],
    ['hours', '1e400'],
    ['seconds', '9'.repeat(400)], // Infinity
    ['days', '1712067300'],
    ['days', '-99999999999999'],
  ] as const;

  test.each(all)('plus, in %s', async (unit, lasts) => {
    const plus = { effective_at: { ...begin, plus: { column: 'lasts', unit } } };
    const chunk = await read({ ...csv, ...clinics(plus) }, [
      'id,begin,lasts',
      `1,2026-01-02,${lasts}`,
      '2,2026-01-02,1',
    ]);
    expect(rejected(chunk)).toEqual(['1 FIL-MAP-03 /begin, FIL-MAP-03 /lasts']);
    expect(column(chunk, 'clinic_id')).toEqual(['2']);
  });

  test('a number of JSON that no double holds', async () => {
    const plus = { ...begin, column: '/begin', plus: { column: '/lasts', unit: 'minutes' } };
    const fields = { clinic_id: '/id' };
    const entities = [{ entity: 'clinic', effective_at: plus, recorded_at: AT, fields }];
    const profile = { file: { format: 'ndjson', zone: 'Europe/Berlin' }, entities };
    const chunk = await read(profile, ['{"id":"1","begin":"2026-01-02","lasts":1e400}']);
    expect(rejected(chunk)).toEqual(['1 FIL-MAP-03 /begin, FIL-MAP-03 /lasts']);
  });

  test.each([
    ['epoch_s', '99999999999999', 'FIL-MAP-02'],
    ['epoch_ms', '-99999999999999', 'ENV-TIME'],
    ['epoch_s', '8639999999999', 'FIL-MAP-02'],
    ['epoch_s', '4000000000000', 'ENV-TIME'],
  ])('%s: %s', async (datetime, cell, rule) => {
    for (const step of [{}, { zone: 'Pacific/Kiritimati' }, { zone: 'America/Adak', day: 'end' }]) {
      const chunk = await read({ ...csv, ...clinics({ effective_at: { column: 't', datetime, ...step } }) }, [
        'id,t',
        `1,${cell}`,
      ]);
      expect(rejected(chunk)).toEqual([`1 ${rule} /t`]);
    }
  });

  test('the furthest of both together', async () => {
    const plus = { effective_at: { column: 't', datetime: 'epoch_s', plus: { column: 'lasts', unit: 'seconds' } } };
    const chunk = await read({ ...csv, ...clinics(plus) }, [
      'id,t,lasts',
      '1,4000000000000,4000000000000',
      '2,-4000000000000,-4000000000000',
      '3,1767312000,60',
    ]);
    expect(rejected(chunk)).toEqual(['1 ENV-TIME /t, ENV-TIME /lasts', '2 ENV-TIME /t, ENV-TIME /lasts']);
    expect(column(chunk, 'effective_at')).toEqual([Date.UTC(2026, 0, 2, 0, 1) * 1000]);
  });

  test('an offset that no clock has', async () => {
    const plus = { ...begin, plus: { column: 'lasts', unit: 'minutes' } };
    const chunk = await read({ ...csv, ...clinics({ effective_at: plus }) }, [
      'id,begin,lasts',
      '1,2026-01-02T10:00:00+99:99,5',
    ]);
    expect(rejected(chunk)).toEqual(['1 ENV-TIME /begin, ENV-TIME /lasts']);
  });
});

test('a row at which the code throws is rejected as a whole, and its neighbours are read', async () => {
  const profile = {
    file: { format: 'csv' },
    mode: 'snapshot',
    snapshot: { taken_at: { last_modified: true } },
    ...clinics({ absent: 'nothing', effective_at: undefined, recorded_at: undefined }, { clinic_name: 'name' }),
  };
  const chunk = await read(profile, ['id,name', '1,a', '2,b', '3,c'], (mapper) => {
    const members = mapper.members.bind(mapper);
    mapper.members = (row) => {
      if ((row as string[])[0] === '2') throw new RangeError('b');
      return members(row);
    };
  });
  expect(rejected(chunk)).toEqual(['2 SYS-THROWN #']);
  expect(chunk.rejected[0]!.sha256).toHaveLength(64);
  expect(column(chunk, 'clinic_id')).toEqual(['1', '3']);
  expect(chunk.thrown).toEqual([new RangeError('b')]);
  // Nobody knows whose row it was: what a snapshot lacks cannot be told.
  expect([chunk.keys!.map((key) => key.naturalKey), chunk.unkeyed]).toEqual([[['1'], ['3']], 1]);
});

test('a file time more than a day ahead of the landing costs its row', async () => {
  const profile = { file: { format: 'csv' }, file_time: { column: 'made', datetime: 'iso' } };
  const chunk = await read({ ...profile, ...clinics({}) }, [
    'id,made',
    '1,2026-02-04T23:59:59Z',
    '2,2026-02-05T00:00:01Z',
    '3,2199-01-01T00:00:00Z',
  ]);
  expect(rejected(chunk)).toEqual(['2 ENV-AHEAD /made', '3 ENV-AHEAD /made']);
  expect(column(chunk, 'clinic_id')).toEqual(['1']);
});

test('a sequence that cannot be read costs a row its place in the order alone', async () => {
  const sequence = { source_sequence: { column: 'seq', pattern: '^v(\\d+)$' } };
  const profile = { file: { format: 'csv' }, ...clinics(sequence) };
  const chunk = await read(profile, ['id,seq', '1,v7', '2,seven', '3,v77777777777777777777777777777777777777']);
  expect(rejected(chunk)).toEqual([]);
  expect(column(chunk, 'dq_flags')).toEqual([null, 'ENV-SEQUENCE', 'ENV-SEQUENCE']);
  const none = await read({ file: { format: 'csv' }, ignored: ['seq'], ...clinics({}) }, [
    'id,seq',
    '1,v7',
    '2,seven',
    '3,v777',
  ]);
  expect(column(chunk, 'source_order').slice(1)).toEqual(column(none, 'source_order').slice(1));
  // No hash rests on it: it is the same event as one without a sequence.
  expect(column(chunk, 'event_id')).toEqual(column(none, 'event_id'));
});

test('what is done to a text is done to a number of JSON of which a pattern takes a part', async () => {
  const value = { column: '/x', pattern: '^(\\d*)', pad: { length: 4, with: '0' } };
  const fields = { clinic_id: '/id', clinic_name: value };
  const entities = [{ entity: 'clinic', effective_at: AT, recorded_at: AT, fields }];
  const chunk = await read({ file: { format: 'ndjson' }, entities }, [
    '{"id":"1","x":7.5}',
    '{"id":"2","x":"7.5"}',
    '{"id":"3","x":-7}',
    '{"id":"4","x":"-7"}',
  ]);
  expect(column(chunk, 'clinic_name')).toEqual(['0007', '0007', null, null]);
  const joined = { columns: ['/id', '/x'], join: '', pattern: '^1(.*)7$', default: 'none' };
  entities[0]!.fields.clinic_name = joined as never;
  const parts = await read({ file: { format: 'ndjson' }, entities }, ['{"id":"1","x":7}', '{"id":"1","x":57}']);
  expect(column(parts, 'clinic_name')).toEqual(['none', '5']);
  entities[0]!.fields.clinic_name = { column: '/x', pattern: '^(.*)$', case: 'upper' } as never;
  expect(column(await read({ file: { format: 'ndjson' }, entities }, ['{"id":"1","x":true}']), 'clinic_name')).toEqual([
    'TRUE',
  ]);
});

test.each([
  // Its own offset, whatever the zone of the file …
  [{}, '2026-03-29T00:30:00-05:00', '2026-03-29T02:00:00-05:00'],
  // … unless the profile names a clock to show it by.
  [{ zone: 'Europe/Berlin' }, '2026-03-29T00:30:00Z', '2026-03-29T04:00:00+02:00'],
  // A local time goes on by the clock of its zone, over the hour that it skips.
  [{}, '2026-03-29T01:30:00.25', '2026-03-29T04:00:00.250000+02:00'],
])('plus 90 minutes, by the clock that shows the time: %j %s', (zone, cell, expected) => {
  const plus = { effective_at: { column: 'x', datetime: 'iso', plus: { constant: 90, unit: 'minutes' }, ...zone } };
  const file = { format: 'csv', zone: 'Europe/Berlin' };
  const check = checkProfile(
    JSON.stringify({ profile: 'p', source_system: 's', mode: 'delta', file, ...clinics(plus) }),
  );
  if (!check.ok) throw new Error(JSON.stringify(check.errors));
  const facts = { objectKey: 'p/a', lastModifiedMs: LANDED, fileTime: 0 };
  const [member] = new Mapper(check.checked.profile, ['id', 'x'], facts).members(['1', cell]);
  expect(member!.mapped[0]!.envelope.effective_at).toBe(expected);
});

test('minutes of a day that are no whole ones fall on their second', async () => {
  const at = { column: 'day', datetime: 'iso', minutes_of_day: 'minute' };
  const profile = { file: { format: 'csv', zone: 'UTC' }, ...clinics({ effective_at: at }) };
  const chunk = await read(profile, ['id,day,minute', '1,2026-01-02,2.05', '2,2026-01-02,1439.9999']);
  expect(column(chunk, 'effective_at')).toEqual(
    [Date.UTC(2026, 0, 2, 0, 2, 3), Date.UTC(2026, 0, 2, 23, 59, 59)].map((ms) => ms * 1000),
  );
});
