import fc from 'fast-check';
import { parquetReadObjects, snappyUncompress, parquetMetadata } from 'hyparquet';
import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENTITY_NAMES } from '../../contracts';
import {
  BRONZE_COLUMNS,
  OBJECT_LIST_COLUMNS,
  QUARANTINE_COLUMNS,
  silverColumns,
  type Column,
} from '../../contracts/derive';
import { conform, type SilverRow } from '../../core/records/conform';
import { quarantineId } from '../../core/records/hash';
import { writeBronze, writeObjectList, writeQuarantine, writeSilver, type Rejected } from '../../core/lake/parquet';
import { snappyBound, snappyInto } from '../../core/lake/snappy';
import { bytes, ctx, envelope, received } from './samples';

const buffer = (b: Uint8Array) => b.slice().buffer as ArrayBuffer;
const read = (b: Uint8Array, utf8 = true) => parquetReadObjects({ file: buffer(b), utf8 });

function rowsOf(values: Record<string, unknown>[]): SilverRow[] {
  return values.map((v) => {
    const result = conform(bytes(v), ctx, received);
    if (!result.ok) throw new Error(JSON.stringify(result.violations));
    return result.row;
  });
}

/** A cell as the reader gives it back. */
function expected(value: unknown, column: Column): unknown {
  if (value === null) return undefined;
  if (column.parquet === 'timestamp') return new Date((value as number) / 1000).getTime();
  if (column.parquet === 'date') return (value as number) * 86_400_000;
  if (column.parquet.startsWith('decimal')) return Number(value) / 10 ** column.scale!;
  return value;
}
const seen = (value: unknown) => (value instanceof Date ? value.getTime() : (value ?? undefined));

describe('snappy', () => {
  const squeeze = (input: Uint8Array) => {
    const out = new Uint8Array(snappyBound(input.length));
    return out.subarray(0, snappyInto(input, input.length, out, 0));
  };
  const expand = (compressed: Uint8Array, length: number) => {
    const out = new Uint8Array(length);
    snappyUncompress(compressed, out);
    return out;
  };

  it('gives back any bytes, repeated or not', () => {
    const words = fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 30 })), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(words, (parts) => {
        const input = Buffer.concat(parts.flatMap(([w, n]) => Array<Uint8Array>(n).fill(w)));
        expect(Buffer.from(expand(squeeze(input), input.length)).equals(input)).toBe(true);
      }),
    );
  });

  it.each([0, 1, 15, 16, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 70_000, 300_000])('of %i bytes', (n) => {
    const same = Buffer.alloc(n, 'abcdefg');
    const mixed = Buffer.from(Array.from({ length: n }, (_, i) => (i * 2654435761) >>> 24));
    for (const input of [same, mixed]) expect(Buffer.from(expand(squeeze(input), n)).equals(input)).toBe(true);
    if (n > 1000) expect(squeeze(same).length).toBeLessThan(n / 10);
  });

  it('stays within its bound for what cannot shrink', () => {
    const random = Buffer.from(Array.from({ length: 100_000 }, (_, i) => Math.imul(i ^ (i >>> 7), 0x9e3779b1) >>> 24));
    expect(squeeze(random).length).toBeLessThanOrEqual(snappyBound(random.length));
  });
});

describe('silver objects', () => {
  it.each(ENTITY_NAMES)('of %s hold every column of every row', async (entity) => {
    const many = Array.from({ length: 300 }, (_, i) =>
      envelope(entity, entity === 'patient' && i % 3 === 0 ? { last_name: `Ünï-${i}`, zip5: undefined } : {}, {
        event_id: `e-${i}`,
      }),
    );
    const rows = rowsOf(many);
    const positions = rows.map((_, i) => `49650${i}`);
    const file = writeSilver(entity, rows, { record_source: 'events/shardId-000000000000', positions });
    const columns = silverColumns(entity);
    const back = await read(file);
    expect(back).toHaveLength(300);
    back.forEach((row, i) => {
      expect(Object.keys(row)).toEqual(columns.map((c) => c.name));
      const want = [...rows[i], 'events/shardId-000000000000', positions[i]];
      columns.forEach((c, j) => expect([c.name, seen(row[c.name])]).toEqual([c.name, expected(want[j], c)]));
    });
  });

  it('hold any texts, numbers and nulls, over several row groups', async () => {
    const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 12 }), { nil: null });
    const row = fc.record({
      name: text,
      age: fc.option(fc.integer({ min: -5, max: 5 }), { nil: null }),
      at: fc.integer({ min: -2e15, max: 7e15 }),
      day: fc.option(fc.integer({ min: -25_567, max: 84_371 }), { nil: null }),
      hash: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 60 }),
        fc.constantFrom(1, 7, 400),
        async (some, times) => {
          const all = Array.from({ length: times }, () => some).flat();
          const cells = (r: (typeof some)[number]): Record<string, SilverRow[number]> => ({
            event_id: 'e',
            op: 'upsert',
            source_system: 's',
            effective_at: r.at,
            recorded_at: r.at,
            source_order: 0n,
            payload_hash: r.hash,
            patient_key: 'k',
            patient_id: 'p',
            first_name: r.name,
            birth_date: r.day,
            reported_age_years: r.age,
          });
          const columns = silverColumns('patient').slice(0, -2);
          const rows: SilverRow[] = all.map((r) => columns.map((c) => cells(r)[c.name] ?? null));
          const back = await read(writeSilver('patient', rows, { record_source: 'x', positions: rows.map(String) }));
          expect(back).toHaveLength(all.length);
          expect(
            back.every((b, i) => {
              const w = all[i];
              return (
                (b.first_name ?? null) === w.name &&
                (b.reported_age_years ?? null) === w.age &&
                b.payload_hash === w.hash &&
                (b.birth_date instanceof Date ? b.birth_date.getTime() / 86_400_000 : null) === w.day &&
                (b.effective_at as Date).getTime() === new Date(w.at / 1000).getTime()
              );
            }),
          ).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are the same bytes for the same rows', () => {
    const rows = rowsOf([envelope('appointment'), envelope('appointment', { appointment_id: 'A2' })]);
    const make = () => writeSilver('appointment', rows, { record_source: 's', positions: ['1', '2'] });
    expect(Buffer.from(make()).equals(Buffer.from(make()))).toBe(true);
  });

  it('show no text of a record in their footer', () => {
    const file = writeSilver('patient', rowsOf([envelope('patient')]), { record_source: 's', positions: ['1'] });
    const statistics = parquetMetadata(buffer(file)).row_groups.flatMap((g) =>
      g.columns.map((c) => c.meta_data?.statistics),
    );
    const texts = statistics.flatMap((s) => [s?.min_value, s?.max_value]).filter((v) => typeof v === 'string');
    expect(texts).toEqual([]);
  });

  it('refuse a wrong number of positions', () => {
    expect(() => writeSilver('clinic', rowsOf([envelope('clinic')]), { record_source: 's', positions: [] })).toThrow(
      'one position per row',
    );
  });
});

describe('bronze and quarantine objects', () => {
  it('hold the exact bytes of every record, also those that are no text', async () => {
    const data = [Buffer.from([0xff, 0x00, 0x80]), Buffer.from(''), Buffer.from('{"a":1}'), Buffer.alloc(70_000, 7)];
    const file = writeBronze(
      'events/shardId-1',
      data.map((d, i) => ({ sequence: `9${i}`, partitionKey: `p${i}`, arrivedAt: 1_700_000_000_123_000 + i, data: d })),
      [null, null, 3, null],
      [null, null, '0 1=Claim 2/0', null],
    );
    const back = await read(file, false);
    expect(Object.keys(back[0])).toEqual(BRONZE_COLUMNS.map((c) => c.name));
    expect(back.map((r) => Buffer.from(r.data as Uint8Array))).toEqual(data);
    expect(back.map((r) => [r.record_source, r.record_position, r.partition_key])).toEqual(
      data.map((_, i) => ['events/shardId-1', `9${i}`, `p${i}`]),
    );
    expect(back.map((r) => r.members ?? null)).toEqual([null, null, 3, null]);
  });

  const rejected = (over: Partial<Rejected>): Rejected => ({
    recordSource: 'b/k@v',
    recordPosition: '99833',
    byteOffset: 11_000_000_000,
    entity: 'patient',
    version: 1,
    violations: [{ rule: 'DQ-PAT-05', pointer: '/payload/reported_age_years' }],
    profile: 'kaggle-no-show',
    arrivedAt: 1_700_000_000_000_000,
    bronzeObject: 'b/k',
    bronzeRow: null,
    byteLength: 100,
    sha256: 'f'.repeat(64),
    ...over,
  });

  it('tell rule, pointer and place of a rejected record', async () => {
    const file = writeQuarantine([
      rejected({}),
      rejected({
        recordPosition: '7',
        violations: [
          { rule: 'DQ-FMT-02', pointer: '' },
          { rule: 'ENV-OP', pointer: '/op' },
        ],
        profile: null,
        bronzeRow: 6,
        byteOffset: null,
        entity: null,
        version: null,
      }),
    ]);
    const [first, second] = await read(file);
    expect(Object.keys(first)).toEqual(QUARANTINE_COLUMNS.map((c) => c.name));
    expect(first).toMatchObject({
      quarantine_id: quarantineId('b/k@v', '99833'),
      record_position: '99833',
      byte_offset: 11_000_000_000n,
      rule_ids: 'DQ-PAT-05',
      pointers: '/payload/reported_age_years',
      severity: 'reject',
      contract_version: 1,
      byte_length: 100n,
    });
    expect(second).toMatchObject({ rule_ids: 'DQ-FMT-02 ENV-OP', pointers: '# /op', bronze_row: 6n });
  });

  it('cut a long list of violations between two of them', async () => {
    const [row] = await read(
      writeQuarantine([
        rejected({
          violations: Array.from({ length: 80 }, () => ({
            rule: 'FLD-MISSING' as const,
            pointer: '/payload/appointment_type_code',
          })),
        }),
      ]),
    );
    const pointers = (row.pointers as string).split(' ');
    expect((row.pointers as string).length).toBeLessThanOrEqual(1024);
    expect(pointers).toHaveLength((row.rule_ids as string).split(' ').length);
    expect(new Set(pointers)).toEqual(new Set(['/payload/appointment_type_code']));
  });
});

describe('the list of a load', () => {
  const list = writeObjectList([
    { object: 'patient/v1/a.parquet', entity: 'patient', version: 1, rows: 3 },
    { object: 'clinic/v1/b.parquet', entity: 'clinic', version: 2, rows: 4_294_967_297, is_withdrawn: true },
  ]);

  it('names each object, as silver is written', async () => {
    expect(await read(list)).toEqual([
      { object: 'patient/v1/a.parquet', entity: 'patient', schema_version: 1, row_count: 3n, is_withdrawn: null },
      {
        object: 'clinic/v1/b.parquet',
        entity: 'clinic',
        schema_version: 2,
        row_count: 4_294_967_297n,
        is_withdrawn: true,
      },
    ]);
    const { created_by, schema } = parquetMetadata(buffer(list));
    expect(created_by).toBe('carelake');
    expect(schema.slice(1).map((c) => [c.name, c.type, c.repetition_type])).toEqual([
      ['object', 'BYTE_ARRAY', 'REQUIRED'],
      ['entity', 'BYTE_ARRAY', 'REQUIRED'],
      ['schema_version', 'INT32', 'REQUIRED'],
      ['row_count', 'INT64', 'REQUIRED'],
      ['is_withdrawn', 'BOOLEAN', 'OPTIONAL'],
    ]);
  });

  it('fits the table that the load copies it into', () => {
    const begin = readFileSync(join(__dirname, '../../sql/load/begin.sql'), 'utf8');
    const columns = OBJECT_LIST_COLUMNS.map((c) => `${c.name} ${c.redshift}`).join(', ');
    expect(begin).toContain(`CREATE TEMP TABLE batch_object (${columns});`);
  });
});

describe('another reader', () => {
  it('sees the same types and values (DuckDB)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'carelake-parquet-'));
    try {
      const rows = rowsOf(
        Array.from({ length: 25_000 }, (_, i) =>
          envelope(
            'appointment',
            {
              appointment_id: `A-${i}`,
              reminder_count: i % 1000,
              clinic_id: `C-${i % 7}`,
              cancelled_at: i % 2 ? null : '2024-03-01T10:00:00.5Z',
            },
            { event_id: `e-${i}`, source_sequence: i < 12_000 ? undefined : '9'.repeat(33) + (1000 + (i % 9000)) },
          ),
        ),
      );
      const path = join(folder, 'silver.parquet');
      writeFileSync(
        path,
        writeSilver('appointment', rows, { record_source: 's', positions: rows.map((_, i) => String(i)) }),
      );
      const db = await (await DuckDBInstance.create()).connect();
      const types = await db.runAndReadAll(
        `select column_name, column_type from (describe select * from read_parquet('${path}'))`,
      );
      const kinds: Record<Column['parquet'], string> = {
        string: 'VARCHAR',
        timestamp: 'TIMESTAMP WITH TIME ZONE',
        date: 'DATE',
        int32: 'INTEGER',
        int64: 'BIGINT',
        decimal: '',
        decimal128: 'DECIMAL(38,0)',
        boolean: 'BOOLEAN',
        double: 'DOUBLE',
        bytes: 'BLOB',
      };
      expect(types.getRowsJson()).toEqual(silverColumns('appointment').map((c) => [c.name, kinds[c.parquet]]));
      const sums = await db.runAndReadAll(
        `select count(*), count(distinct appointment_id), sum(reminder_count), count(distinct clinic_key), count(cancelled_at), epoch_us(max(cancelled_at)), min(scheduled_tz_offset_min)::varchar, min(record_position::int), max(record_position::int), min(source_order)::varchar, max(source_order)::varchar, count(distinct source_order) from read_parquet('${path}')`,
      );
      expect(sums.getRowsJson()[0]).toEqual([
        '25000',
        '25000',
        '12487500',
        '7',
        '12500',
        '1709287200500000',
        '-300',
        0,
        24999,
        '0',
        '29999999999999999999999999999999999999',
        '9001',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
