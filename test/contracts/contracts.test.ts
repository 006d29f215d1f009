import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { appointment, ENTITIES, ENTITY_NAMES, isEntityName, PUBLISHED, RULES, type PayloadOf } from '../../contracts';
import {
  copyColumns,
  generatedDocs,
  jsonSchema,
  redactedNames,
  redactionPaths,
  silverColumns,
  stageDdl,
  type Column,
} from '../../contracts/derive';
import { zodSchema } from '../../contracts/derive/zod';
import { PUBLISHED_COLUMNS } from '../../contracts/history';
import { envelope, PAYLOADS } from '../core/samples';

const frozen = (columns: readonly Column[]) => columns.map((c) => `${c.name} ${c.redshift}`);

/** What is wrong between the contracts as they stand and the columns as they were published. */
function changes(now: Record<string, Record<number, readonly string[]>>): string[] {
  const found: string[] = [];
  for (const [entity, versions] of Object.entries(PUBLISHED_COLUMNS)) {
    for (const [version, columns] of Object.entries(versions)) {
      if (JSON.stringify(now[entity]?.[Number(version)]) !== JSON.stringify(columns))
        found.push(`${entity} v${version} changed after it was published`);
    }
  }
  for (const [entity, versions] of Object.entries(now)) {
    for (const version of Object.keys(versions).map(Number)) {
      if (!PUBLISHED_COLUMNS[entity as keyof typeof PUBLISHED_COLUMNS]?.[version])
        found.push(`${entity} v${version} has no frozen list in contracts/history`);
      const before = versions[version - 1];
      if (before && before.some((c) => !versions[version].includes(c)))
        found.push(`${entity} v${version} drops or changes a column of v${version - 1}`);
    }
  }
  return found;
}

const current = () =>
  Object.fromEntries(
    ENTITY_NAMES.map((e) => [
      e,
      Object.fromEntries(Object.keys(PUBLISHED[e]).map((v) => [v, frozen(silverColumns(e, Number(v)))])),
    ]),
  );

describe('published versions', () => {
  it('have the columns with which they were published', () => {
    expect(changes(current())).toEqual([]);
  });

  it('a changed, dropped or unfrozen version is told', () => {
    const v1 = frozen(silverColumns('clinic'));
    const wider = v1.map((c) => c.replace('city varchar(128)', 'city varchar(256)'));
    expect(changes({ ...current(), clinic: { 1: wider } })).toEqual(['clinic v1 changed after it was published']);
    expect(changes({ ...current(), clinic: {} })).toEqual(['clinic v1 changed after it was published']);
    expect(changes({ ...current(), clinic: { 1: v1, 2: [...v1, 'phone varchar(32)'] } })).toEqual([
      'clinic v2 has no frozen list in contracts/history',
    ]);
    expect(changes({ ...current(), clinic: { 1: v1, 2: wider } })).toContain(
      'clinic v2 drops or changes a column of v1',
    );
  });

  it('are asked for by a number that exists', () => {
    expect(() => silverColumns('clinic', 2)).toThrow('contract clinic has no version 2');
    expect(() => jsonSchema('clinic', 2)).toThrow('contract clinic has no version 2');
    expect(() => zodSchema('clinic', 2)).toThrow('contract clinic has no version 2');
  });
});

describe('contracts', () => {
  it.each(ENTITY_NAMES)('%s names only what exists', (entity) => {
    const contract = ENTITIES[entity];
    const columns = silverColumns(entity).map((c) => c.name);
    const fields = contract.fields.map((f) => f.name);
    expect(new Set(columns).size).toBe(columns.length);
    for (const key of contract.naturalKey) expect(contract.fields.find((f) => f.name === key)?.required).toBe(true);
    for (const r of contract.references) expect(fields).toContain(r.field);
    for (const d of contract.derived) expect(contract.fields.find((f) => f.name === d.from)?.type).toBe('ts');
    for (const o of contract.orders)
      expect([columns.includes(o.first), columns.includes(o.second), RULES[o.rule].severity]).toEqual([
        true,
        true,
        'warn',
      ]);
    for (const f of contract.fields) {
      if (f.type === 'string' || f.type === 'code') expect(f.maxBytes).toBeGreaterThan(0);
      for (const value of f.values ?? []) expect(Buffer.byteLength(value)).toBeLessThanOrEqual(f.maxBytes ?? 0);
      if (f.type === 'int') expect([Number.isInteger(f.min), Number.isInteger(f.max)]).toEqual([true, true]);
      expect(f.doc).toMatch(/\.$/);
    }
  });

  it('flags of one record fit their column', () => {
    const warnings = Object.entries(RULES).filter(([, r]) => r.severity === 'warn' || 'warnsOnReference' in r);
    expect(warnings.map(([id]) => id).join(' ').length).toBeLessThanOrEqual(512);
  });

  it('know their names and nothing that every object knows', () => {
    expect([isEntityName('patient'), isEntityName('constructor'), isEntityName(1)]).toEqual([true, false, false]);
  });

  it('give TypeScript its types', () => {
    const payload: PayloadOf<typeof appointment> = {
      appointment_id: 'A',
      patient_id: 'P',
      clinic_id: 'C',
      status_code: 'booked',
      scheduled_start_at: '2026-01-01T00:00:00Z',
      reminder_count: 1,
    };
    // @ts-expect-error a status outside the set is no appointment
    const wrong: PayloadOf<typeof appointment> = { ...payload, status_code: 'gone' };
    expect([payload.status_code, wrong.status_code]).toEqual(['booked', 'gone']);
  });
});

describe('what is derived', () => {
  it('stage table and COPY list are the silver columns in order', () => {
    expect(copyColumns('clinic')).toEqual([
      'event_id',
      'op',
      'source_system',
      'effective_at',
      'recorded_at',
      'payload_hash',
      'clinic_key',
      'clinic_id',
      'clinic_name',
      'city',
      'state',
      'timezone',
      'dq_flags',
      'record_source',
      'record_position',
    ]);
    expect(stageDdl('provider', 'stage_provider')).toBe(
      'create temporary table stage_provider (\n  event_id varchar(128),\n  op varchar(8),\n  source_system varchar(64),\n  effective_at timestamp,\n  recorded_at timestamp,\n  payload_hash bigint,\n  provider_key varchar(32),\n  npi varchar(10),\n  full_name varchar(256),\n  specialty varchar(128),\n  dq_flags varchar(512),\n  record_source varchar(512),\n  record_position varchar(64)\n)',
    );
  });

  it('redaction reaches every PHI member', () => {
    expect(redactionPaths('patient')).toContain('/payload/first_name');
    expect(redactionPaths('clinic')).toEqual([]);
    for (const name of ['patient_id', 'birth_date', 'payload', 'secret', 'scheduled_date'])
      expect(redactedNames().has(name)).toBe(true);
    expect(redactedNames().has('clinic_id')).toBe(false);
  });

  it.each(Object.entries(generatedDocs()))('docs/generated/%s is as committed', (name, text) => {
    const committed = readFileSync(join(__dirname, '..', '..', 'docs', 'generated', name), 'utf8');
    if (committed !== text) throw new Error(`docs/generated/${name} is out of date: npx tsx scripts/generate-docs.ts`);
  });

  describe.each(ENTITY_NAMES)('JSON Schema and zod schema of %s', (entity) => {
    const validate = new Ajv2020({ strict: false, formats: { date: true, 'date-time': true } }).compile(
      jsonSchema(entity),
    );
    const zod = zodSchema(entity);
    const both = (value: unknown) => [validate(value), zod.safeParse(value).success];
    const key = ENTITIES[entity].naturalKey[0];

    it('accept a good envelope and a delete of the key alone', () => {
      expect(both(envelope(entity))).toEqual([true, true]);
      expect(both(envelope(entity, {}, { op: 'delete', payload: { [key]: PAYLOADS[entity][key] } }))).toEqual([
        true,
        true,
      ]);
    });

    it('refuse a missing key, a stranger, another entity and a bad time', () => {
      expect(both(envelope(entity, { [key]: undefined }))).toEqual([false, false]);
      expect(both(envelope(entity, { stranger: 1 }))).toEqual([false, false]);
      expect(both(envelope(entity, {}, { entity: 'pet' }))).toEqual([false, false]);
      expect(both(envelope(entity, {}, { recorded_at: 'yesterday' }))).toEqual([false, false]);
    });
  });

  it('a patient without birth date and age is refused by both', () => {
    const value = envelope('patient', { birth_date: undefined });
    expect(
      new Ajv2020({ strict: false, formats: { date: true, 'date-time': true } }).compile(jsonSchema('patient'))(value),
    ).toBe(false);
    expect(zodSchema('patient').safeParse(value).success).toBe(false);
  });
});
