import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ContractError, ENTITIES, ENTITY_NAMES, isEntityName, RULES, type EntityContract } from '../../contracts';
import { checkContracts, contractAt } from '../../contracts/check';
import {
  copyColumns,
  generatedDocs,
  jsonSchema,
  QUARANTINE_COLUMNS,
  redactedNames,
  silverColumns,
  stageDdl,
} from '../../contracts/derive';
import { currentVersions, historyMistakes, type Frozen, type History } from '../../contracts/derive/history';
import { registryFiles } from '../../contracts/derive/registry';
import published from '../../contracts/history/published.json';
import { FILE_RULES } from '../../profiles/rules';
import { envelope, PAYLOADS, validator } from '../core/samples';

const ROOT = join(__dirname, '..', '..');
const history: History = published;

describe('published versions', () => {
  it('are what they were when they were published', () => {
    expect(historyMistakes(history)).toEqual([]);
  });

  it('a version that changed, is gone or is not frozen is told', () => {
    const v1 = history.clinic['1'];
    const withClinic = (versions: Record<string, Frozen>) =>
      historyMistakes({ ...history, clinic: { 1: v1 } }, { ...currentVersions(), clinic: versions });
    const wider = { ...v1, columns: v1.columns.map((c) => c.replace('city varchar(128)', 'city varchar(256)')) };
    const longer = { ...v1, columns: [...v1.columns, 'phone varchar(32)'] };
    expect(withClinic({ 1: wider })).toEqual(['clinic v1 was published and has other columns']);
    expect(withClinic({})).toEqual(['clinic v1 was published and is gone']);
    expect(withClinic({ 1: v1, 2: longer })).toEqual(['clinic v2 is not recorded yet: npm run generate']);
    expect(withClinic({ 1: v1, 2: wider })).toContain('clinic v2 drops or changes a column of v1');
  });

  it('what old producers send stays accepted: nothing more is required, no value is refused', () => {
    const v1 = history.appointment['1'];
    const withAppointment = (now: Frozen) =>
      historyMistakes({ ...history, appointment: { 1: v1 } }, { ...currentVersions(), appointment: { 1: now } });
    expect(withAppointment({ ...v1, required: [...v1.required, 'created_at'] })).toEqual([
      'appointment v1 was published and now requires created_at',
    ]);
    expect(withAppointment({ ...v1, values: { ...v1.values, scheduled_precision: ['instant'] } })).toEqual([
      'appointment v1 was published and no longer accepts day for scheduled_precision',
    ]);
    expect(withAppointment({ ...v1, values: { ...v1.values, appointment_type_code: ['new'] } })).toEqual([
      'appointment v1 was published and no longer accepts a free value for appointment_type_code',
    ]);
    const more = { ...v1, required: [], values: { ...v1.values, scheduled_precision: ['instant', 'day', 'week'] } };
    expect(withAppointment(more)).toEqual([]);
  });

  it('are asked for by a number that exists', () => {
    expect(() => silverColumns('clinic', 3)).toThrow('contract clinic has no version 3');
    expect(() => jsonSchema('clinic', 3)).toThrow('contract clinic has no version 3');
  });
});

describe('contracts', () => {
  it.each(ENTITY_NAMES)('%s names only what exists', (entity) => {
    const contract = ENTITIES[entity];
    const columns = silverColumns(entity).map((c) => c.name);
    const fields = contract.fields.map((f) => f.name);
    expect(new Set(columns).size).toBe(columns.length);
    // A record has its natural key; where another key may stand in its place, the reader demands one of them.
    for (const key of contract.naturalKey)
      expect(contract.fields.find((f) => f.name === key)?.required ?? false).toBe(contract.otherKey === undefined);
    if (contract.otherKey) expect(fields).toContain(contract.otherKey);
    for (const { field, system, orElse, identifier } of contract.references)
      for (const name of [field, system, orElse, identifier]) if (name !== undefined) expect(fields).toContain(name);
    for (const r of contract.relations ?? []) expect(fields).toContain(r.field);
    for (const d of contract.derived) expect(contract.fields.find((f) => f.name === d.from)?.type).toBe('ts');
    const known = new Set<string>([...columns, ...contract.derived.map((d) => d.name)]);
    for (const o of contract.orders)
      expect([known.has(o.first), known.has(o.second), RULES[o.rule].severity]).toEqual([
        true,
        true,
        'clears' in o ? 'member' : 'warn',
      ]);
    for (const f of contract.fields) {
      if (f.type === 'string' || f.type === 'code') expect(f.maxBytes).toBeGreaterThan(0);
      for (const value of f.values ?? []) expect(Buffer.byteLength(value)).toBeLessThanOrEqual(f.maxBytes ?? 0);
      if (f.type === 'int') expect([Number.isInteger(f.min), Number.isInteger(f.max)]).toEqual([true, true]);
      expect(f.doc).toMatch(/\.$/);
    }
  });

  it('flags of one record fit their column', () => {
    const warnings = Object.entries(RULES).filter(([, r]) => r.severity !== 'reject');
    const made = Object.entries(FILE_RULES).filter(([, { scope }]) => scope === 'member' || scope === 'warn');
    expect([...warnings, ...made].map(([id]) => id).join(' ').length).toBeLessThanOrEqual(512);
  });

  it('know their names and nothing that every object knows', () => {
    expect([isEntityName('patient'), isEntityName('constructor'), isEntityName(1)]).toEqual([true, false, false]);
  });

  const clinic: EntityContract = ENTITIES.clinic;
  const appointment: EntityContract = ENTITIES.appointment;
  const diagnosis: EntityContract = ENTITIES.diagnosis;
  const stay: EntityContract = ENTITIES.encounter_location;
  const [relation] = appointment.relations!;
  const named = (name: string) => ({ ...clinic, name: name as 'clinic' });
  const phone = { name: 'phone', type: 'string', maxBytes: 32, phi: 'none', doc: 'Phone.', since: 2 } as const;

  it.each([
    ['an odd name', named('Lab-Result'), /lower-case words/],
    ['a name that ends with an underscore', named('lab_'), /lower-case words/],
    [
      'a member called like a column of every table',
      { ...clinic, fields: [...clinic.fields, { ...phone, name: 'load_id', since: 1 }] },
      /load_id cannot be a column/,
    ],
    [
      'two members of one name',
      { ...clinic, fields: [...clinic.fields, clinic.fields[1]] },
      /two members have one name/,
    ],
    [
      'an appended member that is required',
      { ...clinic, fields: [...clinic.fields, { ...phone, required: true }] },
      /phone was appended/,
    ],
    [
      'a member of a version to come',
      { ...clinic, fields: [...clinic.fields, { ...phone, since: 3 }] },
      /phone came in version 3, but the contract is at 2/,
    ],
    ['a key member that may be absent', { ...clinic, naturalKey: ['city'] }, /key member city is not required/],
    [
      'a fact that names a fact',
      {
        ...appointment,
        references: [{ ...appointment.references[0], column: 'appointment_key', entity: 'appointment' }],
      },
      /does not name a dimension/,
    ],
    [
      'a reference called otherwise than its role',
      { ...appointment, references: [{ ...appointment.references[0], role: 'guest' }] },
      /is not named after its role/,
    ],
    [
      'an order of states that lacks one',
      { ...appointment, stateOrder: { field: 'status_code', furthestFirst: [['fulfilled'], ['booked']] } },
      /it must list every value of status_code once/,
    ],
    ['an order of states that the log does not keep', { ...appointment, asKnown: ['created_at'] }, /not kept as known/],
    [
      'a dimension with an order of states',
      { ...clinic, stateOrder: appointment.stateOrder },
      /must not have an order of states/,
    ],
    ['a fact without its time', { ...appointment, asOf: 'created_at' }, /asOf/],
    ['an entity whose tables would be others', named('clinic_log'), /names of existing ones/],
    ['an entity called like the calendar', named('date'), /names of existing ones/],
    [
      'a member called like a word of SQL',
      { ...clinic, fields: [...clinic.fields, { ...phone, name: 'order', since: 1 }] },
      /order is a reserved word of SQL/,
    ],
    ['an entity called like a word of SQL', named('group'), /group is a reserved word of SQL/],
    [
      'a role called like a word of SQL',
      { ...appointment, references: [{ ...appointment.references[0], role: 'user', column: 'user_key' }] },
      /user is a reserved word of SQL/,
    ],
    [
      'a member called like the column of a reference',
      { ...appointment, fields: [...appointment.fields, { ...phone, name: 'patient_key', since: 1 }] },
      /patient_key would be two columns/,
    ],
    [
      'a member called like the key of a date',
      { ...appointment, fields: [...appointment.fields, { ...phone, name: 'created_date_key', since: 1 }] },
      /created_date_key would be two columns/,
    ],
    ['a fact without a dimension', { ...appointment, references: [] }, /at least one dimension/],
    ['a dimension that is its key alone', { ...clinic, fields: [clinic.fields[0]] }, /a member besides its key/],
    [
      'a member as known that is a reference',
      { ...appointment, asKnown: ['patient_id'] },
      /asKnown: the fact keeps no patient_id/,
    ],
    [
      'local days by a member that has no zone',
      { ...appointment, localTime: { role: 'patient', zone: 'state', rule: 'DQ-APT-14' } },
      /localTime: patient has no time zone state/,
    ],
    [
      'a local day of a time whose offset is not kept',
      { ...appointment, derived: appointment.derived.filter((d) => d.name !== 'created_tz_offset_min') },
      /created_date needs the offset of created_at/,
    ],
    ['another key that is no member', { ...clinic, otherKey: 'npi' }, /otherKey stands for one other member/],
    [
      'another key of an entity whose own is two members',
      { ...ENTITIES.diagnosis_code, otherKey: 'display' },
      /otherKey stands for one other member/,
    ],
    [
      'a reference by system and code to a dimension known by an identifier',
      { ...appointment, references: [{ ...appointment.references[0], system: 'status_code' }] },
      /patient_key names a dimension by system and code, its key has 1/,
    ],
    [
      'a reference whose system is no member',
      { ...diagnosis, references: diagnosis.references.map((r) => ({ ...r, system: r.system && 'stranger' })) },
      /names no system/,
    ],
    [
      'a reference by an identifier that is no member',
      { ...appointment, references: [{ ...appointment.references[0], identifier: 'stranger' }] },
      /patient_key names nobody by an identifier/,
    ],
    [
      'a reference by an identifier to a dimension that has none',
      { ...appointment, references: [{ ...appointment.references[1], identifier: 'status_code' }] },
      /clinic_key names nobody by an identifier/,
    ],
    [
      'a reference by the other key of a dimension that has none',
      { ...appointment, references: [{ ...appointment.references[0], orElse: 'provider_npi' }] },
      /patient_key has no other key/,
    ],
    [
      'an identifier of a member that is none',
      { ...clinic, identifiers: [{ column: 'alias_key', value: 'stranger', system: { uri: 'urn:x' } }] },
      /identifier stranger names no member/,
    ],
    [
      'an identifier within a system that is no member',
      { ...clinic, identifiers: [{ column: 'alias_key', value: 'city', system: { field: 'stranger' } }] },
      /identifier city names no member/,
    ],
    ['a dimension that belongs to a fact', { ...clinic, relations: appointment.relations }, /has no relations/],
    [
      'a relation that no member names',
      { ...appointment, relations: [{ ...relation, field: 'stranger' }] },
      /relation encounter_key names no member/,
    ],
    [
      'a relation to a dimension',
      { ...appointment, relations: [{ ...relation, entity: 'clinic' }] },
      /relation encounter_key names no fact/,
    ],
    [
      'a part whose number is a text',
      { ...stay, partOf: { ...stay.partOf!, position: 'location_id' } },
      /partOf: the position is no whole number/,
    ],
    [
      'a part of which its parent keeps no count',
      { ...stay, partOf: { ...stay.partOf!, count: 'stranger' } },
      /partOf: the parent has no such count/,
    ],
    [
      'a status that removes and is none',
      { ...diagnosis, standing: { ...diagnosis.standing!, removes: ['wrong'] } },
      /standing: \w+ has no value wrong/,
    ],
    [
      'a status that counts in no measure and is none',
      { ...diagnosis, standing: { ...diagnosis.standing!, uncounted: ['wrong'] } },
      /standing: \w+ has no value wrong/,
    ],
    ['a dimension of unknown size', { ...clinic, members: undefined }, /few or many/],
  ])('%s is refused when the contracts are read', (_, contract, message) => {
    const others = Object.values(ENTITIES).filter((c) => c.name !== contract.name);
    const check = () => checkContracts([contract as EntityContract, ...others]);
    expect(check).toThrow(ContractError);
    expect(check).toThrow(message);
  });

  it('a reference to a dimension whose key is two members is refused', () => {
    const fields = clinic.fields.map((f) => ({ ...f, required: true }));
    const contracts = [...Object.values<EntityContract>(ENTITIES).filter((c) => c.name !== 'clinic'), { ...clinic, fields, naturalKey: ['clinic_id', 'city'] }]; // prettier-ignore
    expect(() => checkContracts(contracts)).toThrow(/clinic_key names a dimension by one member, its key has 2/);
  });

  it('a name of several words is legal', () => {
    expect(() => checkContracts([...Object.values(ENTITIES), named('lab_result')])).not.toThrow();
  });

  it('an earlier version is the newest one without what came since, and what rests on it', () => {
    const v3: EntityContract = {
      ...appointment,
      version: 3,
      fields: appointment.fields.map((f) =>
        ['provider_npi', 'created_at', 'encounter_id'].includes(f.name) ? { ...f, since: 3 } : f,
      ),
    };
    const v2 = contractAt(v3, 2);
    expect([v2.version, v2.fields.length]).toEqual([2, appointment.fields.length - 3]);
    expect(v2.references.map((r) => r.column)).toEqual(['patient_key', 'clinic_key']);
    expect(v2.relations).toEqual([]);
    expect(v2.derived.map((d) => d.name)).not.toContain('created_date');
    expect(v2.orders.map((o) => o.first)).toEqual(['arrived_at', 'actual_start_at']);
    expect(v2.asKnown).not.toContain('created_at');
  });

  it('an entity that has another key was known by it alone before its own came', () => {
    const { naturalKey, otherKey, identifiers } = contractAt(ENTITIES.provider, 1);
    expect({ naturalKey, otherKey, identifiers }).toEqual({ naturalKey: [], otherKey: 'npi', identifiers: [] });
    const provider_key = contractAt(appointment, 1).references.find((r) => r.entity === 'provider');
    expect(provider_key).toMatchObject({ column: 'provider_key', orElse: 'provider_npi' });
  });

  it('the registry is derived from the files of the folder', () => {
    const derived = registryFiles(readdirSync(join(ROOT, 'contracts/entities')));
    for (const [name, text] of Object.entries(derived))
      expect(readFileSync(join(ROOT, 'contracts/entities', name), 'utf8')).toBe(text);
    expect(() => registryFiles(['Lab-Result.ts'])).toThrow('contracts/entities/Lab-Result.ts');
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
      'source_order',
      'payload_hash',
      'clinic_key',
      'clinic_id',
      'clinic_name',
      'city',
      'state',
      'timezone',
      'organization_id',
      'address_line',
      'zip5',
      'latitude',
      'longitude',
      'dq_flags',
      'record_source',
      'record_position',
    ]);
    expect(stageDdl(contractAt(ENTITIES.provider, 1), 'stage_provider')).toBe(
      'create temporary table stage_provider (\n  event_id varchar(128),\n  op varchar(8),\n  source_system varchar(64),\n  effective_at timestamp,\n  recorded_at timestamp,\n  source_order decimal(38,0),\n  payload_hash bigint,\n  provider_key varchar(32),\n  npi varchar(10),\n  full_name varchar(256),\n  specialty varchar(128),\n  dq_flags varchar(512),\n  record_source varchar(512),\n  record_position varchar(64)\n)',
    );
  });

  it('what is made of a record without a key is as near a person as a guess of the record', () => {
    const hashes = [...QUARANTINE_COLUMNS, ...silverColumns('patient')].filter((c) =>
      ['sha256', 'payload_hash', 'patient_key'].includes(c.name),
    );
    expect(hashes.map((c) => [c.name, c.phi])).toEqual([
      ['sha256', 'quasi_id'],
      ['payload_hash', 'quasi_id'],
      ['patient_key', 'none'],
    ]);
  });

  it('redaction reaches every PHI member', () => {
    for (const name of ['patient_id', 'first_name', 'birth_date', 'payload', 'secret', 'scheduled_date'])
      expect(redactedNames().has(name)).toBe(true);
    expect(redactedNames().has('clinic_id')).toBe(false);
  });

  it.each(Object.entries(generatedDocs()))('docs/generated/%s is as committed', (name, text) => {
    const committed = readFileSync(join(ROOT, 'docs/generated', name), 'utf8');
    if (committed !== text) throw new Error(`docs/generated/${name} is out of date: npm run generate`);
  });

  describe.each(ENTITY_NAMES)('JSON Schema of %s', (entity) => {
    const accepts = validator(entity);
    const { naturalKey, otherKey } = ENTITIES[entity];
    const only = (names: readonly string[]) => Object.fromEntries(names.map((n) => [n, PAYLOADS[entity][n]]));
    const deletion = (names: readonly string[]) => envelope(entity, {}, { op: 'delete', payload: only(names) });

    it('accepts a good envelope and a delete of the key alone', () => {
      expect(accepts(envelope(entity))).toBe(true);
      expect(accepts(deletion(naturalKey))).toBe(true);
      if (otherKey) expect(accepts(deletion([otherKey]))).toBe(true);
    });

    it('refuses a missing key, an unknown member, another entity and a bad time', () => {
      for (const key of naturalKey)
        expect(accepts(envelope(entity, { [key]: undefined, ...(otherKey ? { [otherKey]: undefined } : {}) }))).toBe(
          false,
        );
      expect(accepts(envelope(entity, { stranger: 1 }))).toBe(false);
      expect(accepts(envelope(entity, {}, { entity: 'pet' }))).toBe(false);
      expect(accepts(envelope(entity, {}, { recorded_at: 'yesterday' }))).toBe(false);
    });
  });

  it('a patient without birth date and age is refused', () => {
    expect(validator('patient')(envelope('patient', { birth_date: undefined }))).toBe(false);
  });
});
