import fc from 'fast-check';
import { join } from 'node:path';
import { ENTITIES, ENTITY_NAMES, UNKNOWN_KEY, type EntityContract, type EntityName } from '../../contracts';
import { copyColumns } from '../../contracts/derive';
import {
  EMPTY_STATE,
  parseControlState,
  withCurrent,
  withFailedGroup,
  withoutCurrent,
  withoutGroupsOf,
  withoutObjects,
  type ControlState,
} from '../../core/load/control-state';
import {
  clientToken,
  copyGroups,
  loadIdOf,
  manifest,
  readPlan,
  type LoadObject,
  type LoadPlan,
} from '../../core/load/plan';
import { isFull, nextBatch, nextToIsolate, windowStart, withinVersions, withoutReceipt } from '../../core/load/select';
import { loadSql, readLoadSql } from '../../core/load/load-sql';
import { packSteps, releaseOf, stepOf } from '../../core/load/statements';
import type { Step } from '../../core/load/steps';

jest.mock('../../contracts/entities', () => jest.requireActual('./four-entities'));

const sql = readLoadSql(join(__dirname, '..', '..', 'sql'));
const object = (entity: EntityName, hour: string, n = 1, rows = 10): LoadObject => ({
  object: `${entity}/v${ENTITIES[entity].version}/arrival=${hour}/shardId-000000000000-${n}-${n + 1}.parquet`,
  entity,
  version: ENTITIES[entity].version,
  rows,
  bytes: 1000 * n,
});
const HOUR = '2026-01-02T09';
const all = ENTITY_NAMES.map((e) => object(e, HOUR));
const planOf = (objects: LoadObject[]): LoadPlan => ({
  load_id: loadIdOf(objects),
  revision: 0,
  stale: 0,
  complete: false,
  key_fingerprint: 'fedcba9876543210',
  objects,
  steps: packSteps(sql, objects),
});

describe('a load', () => {
  it('is named by its objects, in whatever order they were found', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: 4 }), (shuffled) => loadIdOf(shuffled) === loadIdOf(all)),
    );
    expect(loadIdOf(all)).not.toBe(loadIdOf(all.slice(1)));
    expect(loadIdOf(all)).toMatch(/^[0-9a-f]{32}$/);
  });

  it('has one COPY for each entity and version, dimensions first', () => {
    const older = { ...all[3], version: 1 };
    expect(copyGroups([older, all[3], all[3], all[0]])).toEqual([
      { entity: 'clinic', version: 2 },
      { entity: 'appointment', version: 1 },
      { entity: 'appointment', version: 2 },
    ]);
  });

  it('tells Redshift the length of every object and misses none', () => {
    expect(JSON.parse(manifest('silver', [all[0]]))).toEqual({
      entries: [{ url: `s3://silver/${all[0].object}`, mandatory: true, meta: { content_length: 1000 } }],
    });
  });

  it('has a token of its own for every step, attempt and revision', () => {
    const tokens = [0, 1].flatMap((revision) =>
      (['release', 'reconcile', 'apply-0', 'apply-1'] as Step[]).flatMap((step) =>
        [0, 1].map((a) => clientToken({ load_id: 'x', revision }, step, a)),
      ),
    );
    expect(new Set(tokens).size).toBe(16);
    expect(tokens.every((t) => t.length <= 64)).toBe(true);
  });

  it('whose plan names another load is refused', () => {
    expect(() => readPlan('0'.repeat(32), JSON.stringify(planOf(all)))).toThrow('names another');
    expect(readPlan(loadIdOf(all), JSON.stringify(planOf(all)))).toEqual(planOf(all));
  });
});

describe('transactions of a load', () => {
  it('are as few as hold its phases, dimensions first, the closing together with the facts', () => {
    expect(packSteps(sql, all)).toEqual([
      ['dimension:clinic', 'dimension:patient', 'dimension:provider'],
      ['fact:appointment', 'prune:clinic', 'prune:patient', 'prune:provider', 'close'],
    ]);
  });

  it('of a single appointment, or of a single member, are one', () => {
    expect(packSteps(sql, [object('appointment', HOUR)])).toEqual([
      ['fact:appointment', 'prune:clinic', 'prune:patient', 'prune:provider', 'close'],
    ]);
    expect(packSteps(sql, [object('patient', HOUR)])).toEqual([['dimension:patient', 'restate:appointment', 'close']]);
  });

  it('commit the histories of a large load before the facts that join them', () => {
    const large = [object('patient', HOUR, 1, 60_000), object('appointment', HOUR, 1, 40_000)];
    expect(packSteps(sql, large)).toHaveLength(2);
    expect(packSteps(sql, [...large, object('patient', HOUR, 2, 1)])).toEqual([
      ['dimension:patient'],
      ['fact:appointment', 'prune:clinic', 'prune:patient', 'prune:provider', 'close'],
    ]);
    expect(packSteps(sql, [object('patient', HOUR, 1, 100_001)])).toEqual([
      ['dimension:patient'],
      ['restate:appointment', 'close'],
    ]);
    expect(packSteps(sql, [object('appointment', HOUR, 1, 1e9)])).toHaveLength(1);
  });

  it('lock before anything else, copy by manifest, and know what each statement is there for', () => {
    const plan = planOf(all);
    const step = stepOf(sql, plan, 'apply-1', 'control-bucket');
    expect(step.sqls[0]).toBe('LOCK TABLE ops.load_lock');
    const copies = step.roles.flatMap((r, i) => (r.kind === 'copy' ? [[r.entity, step.sqls[i]]] : []));
    expect(copies).toEqual([
      [
        'appointment',
        `COPY stage_appointment FROM 's3://control-bucket/loads/${plan.load_id}/manifest-appointment-v2.json' IAM_ROLE default FORMAT AS PARQUET MANIFEST`,
      ],
    ]);
    expect(step.roles.filter((r) => r.kind === 'copyList')).toHaveLength(1);
    expect(step.roles.filter((r) => r.kind === 'guard').length).toBeGreaterThanOrEqual(3);
    expect(step.parameters).toEqual([
      { name: 'entities_applied', value: '3' },
      { name: 'key_fingerprint', value: 'fedcba9876543210' },
      { name: 'load_id', value: plan.load_id },
      { name: 'object_count', value: '4' },
    ]);
    expect(step.sqls.join('\n')).not.toContain('{{');
  });

  it('stage the columns of the contract in COPY order', () => {
    const [ddl] = stepOf(sql, planOf([object('patient', HOUR)]), 'apply-0', 'control').sqls.filter((q) =>
      q.includes('stage_patient ('),
    );
    const names = ddl
      .split('\n')
      .slice(1, -1)
      .map((l) => l.trim().split(' ')[0]);
    expect(names).toEqual(copyColumns('patient'));
  });

  it('copy older versions by their own columns first', () => {
    const [first, second, ...rest] = ENTITIES.clinic.fields;
    const clinic = {
      ...ENTITIES.clinic,
      fields: [first, second, ...rest.map((f) => ({ ...f, since: 2 }))],
    };
    const newer = loadSql(sql.files, { ...ENTITIES, clinic });
    const plan = planOf([all[0], { ...all[0], object: all[0].object.replace('v2', 'v1'), version: 1 }]);
    const { sqls, roles } = stepOf(newer, plan, 'apply-0', 'control');
    const older =
      'event_id, op, source_system, effective_at, recorded_at, source_order, payload_hash, clinic_key, clinic_id, clinic_name, dq_flags, record_source, record_position';
    expect(sqls).toContain(`INSERT INTO stage_clinic (${older}) SELECT ${older} FROM stage_clinic_v1`);
    expect(roles.filter((r) => r.kind === 'copy')).toEqual([
      { kind: 'copy', entity: 'clinic', version: 1 },
      { kind: 'copy', entity: 'clinic', version: 2 },
    ]);
  });

  it('give older versions the unknown member for a reference that came since', () => {
    const fact: EntityContract = ENTITIES.appointment;
    const fields = fact.fields.map((f) => (f.name === 'provider_npi' ? { ...f, since: 2 } : f));
    const [newest] = [object('appointment', HOUR)];
    const objects = [{ ...newest, object: newest.object.replace('v2', 'v1'), version: 1 }];
    const relations = [
      { column: 'follows_key', field: 'encounter_id', entity: 'appointment', known: 'follows_is_known' },
    ] as const;
    const newer = loadSql(sql.files, { ...ENTITIES, appointment: { ...fact, fields, relations } });
    const { sqls } = stepOf(newer, { ...planOf(objects), steps: packSteps(newer, objects) }, 'apply-0', 'control');
    const [, into, from] = sqls.map((s) => /^INSERT INTO stage_appointment \((.*)\) SELECT (.*) FROM stage_appointment_v1$/.exec(s)).find(Boolean)!; // prettier-ignore
    expect(into.endsWith('record_position, provider_key, follows_key')).toBe(true);
    expect(from.endsWith(`record_position, '${UNKNOWN_KEY}', '${UNKNOWN_KEY}'`)).toBe(true);
  });

  it('that reconcile or release a load refer to no object by name', () => {
    const plan = planOf(all);
    expect(stepOf(sql, plan, 'reconcile', 'control').parameters).toEqual([]);
    expect(stepOf(sql, plan, 'release', 'control').parameters).toEqual([{ name: 'load_id', value: plan.load_id }]);
    expect(releaseOf(sql, 'a'.repeat(32)).parameters).toEqual([{ name: 'load_id', value: 'a'.repeat(32) }]);
    expect(() => stepOf(sql, plan, 'apply-2', 'control')).toThrow('has no step apply-2');
  });
});

describe('selection', () => {
  const listed = (o: LoadObject) => ({ object: o.object, bytes: o.bytes });
  const caps = { objects: 3, bytes: 10_000 };

  it('takes what has no receipt and is a silver object, and names what is none', () => {
    const silver = [...all.map(listed), { object: 'stray.txt', bytes: 1 }];
    expect(withoutReceipt(silver, new Set([all[0].object]))).toEqual({
      pending: all.slice(1).map(listed),
      unreadable: ['stray.txt'],
    });
  });

  it('takes the oldest hour first, dimensions before facts, up to the caps', () => {
    const later = object('clinic', '2026-01-02T10');
    const batch = nextBatch([later, ...all].map(listed), EMPTY_STATE, caps);
    expect(batch.map((b) => b.object)).toEqual(all.slice(0, 3).map((o) => o.object));
    expect(isFull(all.map(listed), EMPTY_STATE, caps)).toBe(true);
    expect(isFull(all.slice(2).map(listed), EMPTY_STATE, caps)).toBe(false);
  });

  it('counts bytes, and still takes a single object that is larger than the cap', () => {
    const big = { object: object('patient', HOUR).object, bytes: 99_999 };
    expect(nextBatch([big, listed(all[3])], EMPTY_STATE, caps)).toEqual([big]);
  });

  it('takes no more versions of one entity than fit into a transaction; those after it wait for the next load', () => {
    const versions = [1, 2, 3, 4, 1].map((version, i) =>
      listed({
        ...object('clinic', `2026-01-02T0${i}`),
        object: object('clinic', `2026-01-02T0${i}`).object.replace('v2', `v${version}`),
      }),
    );
    const batch = nextBatch(versions, EMPTY_STATE, { objects: 9, bytes: 1e9 });
    expect(batch).toEqual(versions.slice(0, 3));
    expect(isFull(versions, EMPTY_STATE, { objects: 9, bytes: 1e9 })).toBe(true);
    const names = versions.map((v) => v.object);
    expect(withinVersions(names)).toEqual([...names.slice(0, 3), names[4]]);
  });

  it('every pending object is in some batch, and no batch exceeds its caps', () => {
    const pool = Array.from({ length: 30 }, (_, i) =>
      object(ENTITY_NAMES[i % 4], `2026-01-02T${String(i % 7).padStart(2, '0')}`, i + 1),
    );
    fc.assert(
      fc.property(
        fc.subarray(pool),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 60_000 }),
        (some, n, bytes) => {
          let pending = some.map(listed);
          const seen: string[] = [];
          while (pending.length) {
            const batch = nextBatch(pending, EMPTY_STATE, { objects: n, bytes });
            expect(batch.length).toBeGreaterThan(0);
            expect(batch.length).toBeLessThanOrEqual(n);
            expect(batch.length === 1 || batch.reduce((s, b) => s + b.bytes, 0) <= bytes).toBe(true);
            seen.push(...batch.map((b) => b.object));
            pending = pending.filter((p) => !batch.includes(p));
          }
          expect([...seen].sort()).toEqual(some.map((s) => s.object).sort());
        },
      ),
    );
  });

  it('leaves objects of failed groups out, so that they do not stop the others', () => {
    const state = withFailedGroup(EMPTY_STATE, { reason: 'refused', objects: [all[0].object] });
    expect(nextBatch(all.map(listed), state, { objects: 9, bytes: 1e9 }).map((b) => b.object)).not.toContain(
      all[0].object,
    );
  });

  it('knows where its window begins', () => {
    expect(windowStart(Date.UTC(2026, 0, 2, 9, 59), 48)).toBe('2025-12-31T09');
  });
});

describe('objects of a failed group', () => {
  /** Plays the rounds of a selection, whose loads fail when they hold an object that COPY refuses. */
  function rounds(names: string[], bad: ReadonlySet<string>): { refused: string[]; loaded: string[]; rounds: number } {
    let state: ControlState = EMPTY_STATE;
    let pending = names;
    const refused: string[] = [];
    const loaded: string[] = [];
    for (let count = 0; ; count++) {
      const free = pending.filter((p) => !state.failedGroups.some((g) => g.objects.includes(p)));
      const next = free.length ? free : nextToIsolate(state);
      if (!next.length) return { refused, loaded, rounds: count };
      if (next.some((o) => bad.has(o)) && next.length > 1) {
        state = withFailedGroup(state, { reason: 'refused', objects: next });
        continue;
      }
      const isBad = bad.has(next[0]);
      (isBad ? refused : loaded).push(...next);
      state = isBad ? withoutGroupsOf(state, next[0]) : withoutObjects(state, new Set(next));
      pending = pending.filter((p) => !next.includes(p));
    }
  }

  it('are narrowed down to exactly the bad objects, and all others are loaded', () => {
    const names = Array.from({ length: 40 }, (_, i) => `o${String(i).padStart(2, '0')}`);
    fc.assert(
      fc.property(fc.subarray(names, { minLength: 1 }), fc.subarray(names), (group, some) => {
        const bad = new Set(some.filter((b) => group.includes(b)));
        const result = rounds(group, bad);
        expect(result.refused.sort()).toEqual([...bad].sort());
        expect(result.loaded.sort()).toEqual(group.filter((g) => !bad.has(g)).sort());
      }),
    );
  });

  it('of which one is bad are settled in some log2(n) rounds', () => {
    const names = Array.from({ length: 1024 }, (_, i) => `o${String(i).padStart(4, '0')}`);
    expect(rounds(names, new Set(['o0777'])).rounds).toBeLessThanOrEqual(2 * 10 + 3);
  });

  it('that failed twice are one group, and are tried as a whole before they are halved when some were loaded', () => {
    const twice = withFailedGroup(withFailedGroup(EMPTY_STATE, { reason: 'refused', objects: ['b', 'a'] }), {
      reason: 'slow',
      objects: ['a', 'b'],
    });
    expect(twice.failedGroups).toEqual([{ reason: 'slow', objects: ['a', 'b'], size: 2 }]);
    expect(nextToIsolate(twice)).toEqual(['a']);
    // The other half was loaded: what is left is tried as a whole, and fails as it is before it is halved.
    const rest = withoutObjects(
      withFailedGroup(EMPTY_STATE, { reason: 'refused', objects: ['a', 'b', 'c', 'd'] }),
      new Set(['a', 'b']),
    );
    expect(nextToIsolate(rest)).toEqual(['c', 'd']);
    expect(nextToIsolate(withFailedGroup(rest, { reason: 'refused', objects: ['c', 'd'] }))).toEqual(['c']);
  });
});

describe('the control state', () => {
  it('is read back as it was written, and forgets only the load that it names', () => {
    const state = withFailedGroup(withCurrent(EMPTY_STATE, 'a'.repeat(32)), { reason: 'slow', objects: ['x'] });
    expect(parseControlState(JSON.stringify(state))).toEqual(state);
    expect(withoutCurrent(state, 'b'.repeat(32))).toEqual(state);
    expect(withoutCurrent(state, 'a'.repeat(32)).current).toBeNull();
  });

  it.each([
    ['no text', ''],
    ['no JSON', 'x'],
    ['no object', 'null'],
    ['no members', '{}'],
    ['a load id that is none', JSON.stringify({ ...EMPTY_STATE, current: '../../x' })],
    ['a group without objects', JSON.stringify({ ...EMPTY_STATE, failedGroups: [{ reason: 'slow', size: 1 }] })],
    ['a follow-up of no entity', JSON.stringify({ ...EMPTY_STATE, followUps: ['prune:nobody'] })],
    ['a count that is none', JSON.stringify({ ...EMPTY_STATE, refusedInARow: 'x' })],
  ])('is not readable with %s', (_, text) => expect(parseControlState(text)).toBeUndefined());
});
