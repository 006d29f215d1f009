import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { EntityContract, EntityName, Field } from '../../contracts';
import { checkContracts } from '../../contracts/check';
import { warehouseLists, warehouseSql } from '../../contracts/derive';
import { loadSql, ofFile, phaseStatements, sizeOf, type LoadSql } from '../../core/load/load-sql';
import { LIMITS, pack, type Size } from '../../core/load/pack';
import { aboutOf, allFollowUps, isOfStanding, phasesOf, type Phase } from '../../core/load/phases';
import { copyGroups, loadIdOf, type LoadObject, type Reread } from '../../core/load/plan';
import { packSteps, stepOf } from '../../core/load/statements';
import { applyStep } from '../../core/load/steps';
import { parseSql } from '../../core/warehouse/sql';
import { readSql } from '../../core/warehouse/sql-files';
import { SQL_DIR } from './setup';

const templates = new Map(
  readdirSync(join(SQL_DIR, 'templates'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sql'))
    .map((name) => [name, readFileSync(join(SQL_DIR, 'templates', name), 'utf8')]),
);

const text = (name: string, more: Partial<Field> = {}): Field => ({
  name,
  type: 'string',
  maxBytes: 64,
  phi: 'none',
  doc: 'Any text.',
  ...more,
});
/** So many members, the last of which came with later versions. */
const members = (count: number, version: number): Field[] =>
  Array.from({ length: count }, (_, i) =>
    text(`member_number_${i}`, i > 0 && i >= count - version + 1 ? { since: version - (count - 1 - i) } : {}),
  );

const common = { doc: 'Made up.', keyScope: 'source', references: [], derived: [], oneOf: [], orders: [] } as const;

const dimension = (i: number, columns: number, version = 1): EntityContract => ({
  ...common,
  name: `kind_of_member_${i}` as EntityName,
  kind: 'dimension',
  members: i % 2 ? 'many' : 'few',
  version,
  naturalKey: ['id'],
  fields: [text('id', { required: true }), ...members(columns, version)],
});

/** A fact that names so many members, of the dimensions in turn. */
function fact(i: number, dimensions: number, references: number, columns: number, version = 1): EntityContract {
  const roles = Array.from({ length: references }, (_, r) => ({
    role: `role_${r}`,
    entity: `kind_of_member_${(i + r) % dimensions}` as EntityName,
  }));
  return {
    ...common,
    name: `kind_of_fact_${i}` as EntityName,
    kind: 'fact',
    asOf: 'happened_at',
    layout: { distKey: 'role_0_key', sortKey: ['happened_at'] },
    version,
    naturalKey: ['id'],
    fields: [
      text('id', { required: true }),
      text('happened_at', { type: 'ts', required: true }),
      ...roles.map(({ role }) => text(`${role}_id`)),
      ...members(columns, version),
    ],
    references: roles.map(({ role, entity }) => ({
      column: `${role}_key`,
      field: `${role}_id`,
      entity,
      role,
      rule: 'DQ-ID-05',
    })),
  };
}

function sqlOf(contracts: readonly EntityContract[]): LoadSql {
  checkContracts(contracts);
  const rendered = Object.entries(warehouseSql(warehouseLists(contracts, new Map()), templates)).filter(([path]) =>
    path.startsWith('load/'),
  );
  const files = new Map([
    ...readSql(SQL_DIR, 'load'),
    ...rendered.map(([path, body]) => [path.slice('load/'.length, -'.sql'.length), parseSql(path, body)] as const),
  ]);
  return loadSql(files, Object.fromEntries(contracts.map((c) => [c.name, c])));
}

const objectsOf = (contracts: readonly EntityContract[], rows = 1): LoadObject[] =>
  contracts.flatMap(({ name, version }) =>
    Array.from({ length: Math.min(version, 3) }, (_, i) => ({
      object: `${name}/v${version - i}`,
      entity: name,
      version: version - i,
      rows,
      bytes: 1,
    })),
  );

/** The fewest transactions that hold these sizes in their order, by trying every last transaction. */
function fewest(sizes: readonly Size[], opening: Size): number {
  const least = [0];
  for (let end = 1; end <= sizes.length; end++) {
    least[end] = Infinity;
    let { statements, bytes } = opening;
    for (let from = end - 1; from >= 0; from--) {
      statements += sizes[from].statements;
      bytes += sizes[from].bytes;
      if (statements > LIMITS.statements || bytes > LIMITS.bytes) break;
      least[end] = Math.min(least[end], least[from] + 1);
    }
  }
  return least[sizes.length];
}

/** Packs, and holds every transaction to the limits as it is submitted, with the longest names that an account may have. */
function packed(
  sql: LoadSql,
  objects: readonly LoadObject[],
  left = allFollowUps(sql.entities),
  reread?: Reread,
): Phase[][] {
  const steps = packSteps(sql, objects, left, reread);
  const plan = {
    load_id: loadIdOf(objects, reread),
    revision: 0,
    stale: 0,
    complete: false,
    key_fingerprint: 'f'.repeat(64),
    objects,
    steps,
    ...(reread ? { reread } : {}),
  };
  steps.forEach((_, i) => stepOf(sql, plan, applyStep(i), 'b'.repeat(63)));
  return steps;
}

const width = fc.integer({ min: 1, max: 100 });
const version = fc.integer({ min: 1, max: 5 });
const registry = fc
  .record({
    dimensions: fc.array(fc.tuple(width, version), { minLength: 1, maxLength: 14 }),
    facts: fc.array(fc.tuple(fc.integer({ min: 1, max: 10 }), width, version), { maxLength: 6 }),
  })
  .map(({ dimensions, facts }) => [
    ...dimensions.map(([columns, v], i) => dimension(i, columns, v)),
    ...facts.map(([references, columns, v], i) => fact(i, dimensions.length, references, columns, v)),
  ]);

describe('packing of generated contracts', () => {
  it('holds every phase once, in order, in as few transactions as fit, whatever has rows and whatever was left', () => {
    fc.assert(
      fc.property(registry, fc.infiniteStream(fc.boolean()), (contracts, pick) => {
        const some = <T>(list: readonly T[]): T[] => list.filter(() => pick.next().value);
        const sql = sqlOf(contracts);
        const objects = some(objectsOf(contracts));
        const left = some(allFollowUps(sql.entities));
        const phases = phasesOf(new Set(objects.map((o) => o.entity)), left, sql.entities);
        const steps = packed(sql, objects, left);
        expect(steps.flat()).toEqual(phases);
        const sizes = phases.map((p) => sizeOf(phaseStatements(sql, p, copyGroups(objects))));
        expect(steps).toHaveLength(fewest(sizes, sizeOf(ofFile(sql, 'begin'))));
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  it('keeps the histories of a large load apart from the facts that join them', () => {
    fc.assert(
      fc.property(registry, (contracts) => {
        const steps = packed(sqlOf(contracts), objectsOf(contracts, 100_001));
        for (const step of steps) {
          const kinds = new Set(step.map((p) => p.split(':')[0]));
          expect(kinds.has('dimension') && (kinds.has('fact') || kinds.has('restate'))).toBe(false);
        }
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  it('takes a fact with ten references, three versions and a hundred columns, alone in a transaction', () => {
    const contracts = [...Array.from({ length: 10 }, (_, i) => dimension(i, 1)), fact(0, 10, 10, 100, 3)];
    const steps = packed(sqlOf(contracts), objectsOf(contracts.slice(-1)));
    expect(steps[0]).toEqual(['fact:kind_of_fact_0']);
    expect(steps.slice(1).flat()).toHaveLength(11);
  });

  it('reads all versions that stand again, each once and the newest first, in as many transactions as it takes', () => {
    const versions = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        versions,
        versions,
        fc.infiniteStream(fc.boolean()),
        (many, d, f, pick) => {
          const contracts = [
            dimension(0, 40, d),
            ...Array.from({ length: many - 1 }, (_, i) => dimension(i + 1, 1)),
            fact(0, many, many, 60, f),
          ];
          const sql = sqlOf(contracts);
          const standing = contracts.flatMap(({ name: entity, version: newest }) =>
            Array.from({ length: newest }, (_, i) => ({ entity, version: i + 1 })).filter(() => pick.next().value),
          );
          const steps = packed(sql, objectsOf(contracts), [], { done: [], standing });
          for (const { name } of contracts) {
            const phases = steps.flat().filter((p) => isOfStanding(p) && aboutOf(p).entity === name);
            const read = phases.flatMap((p) => aboutOf(p).versions ?? []);
            const all = standing.filter(({ entity }) => entity === name).map(({ version: v }) => v);
            expect(read).toEqual(phases.length > 1 ? all.reverse() : []);
            expect(phases.map((p) => aboutOf(p).kind)).toEqual(['reread', ...phases.slice(1).map(() => 'more')]);
          }
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);

  it('takes twenty entities of a hundred columns', () => {
    const contracts = [
      ...Array.from({ length: 16 }, (_, i) => dimension(i, 100)),
      ...Array.from({ length: 4 }, (_, i) => fact(4 * i, 16, 4, 100)),
    ];
    const sql = sqlOf(contracts);
    const steps = packed(sql, objectsOf(contracts));
    expect(steps.flat()).toHaveLength(16 + 4 + 16 + 1);
    // The limits alone ask for as many.
    const all = steps.flat().map((p) => sizeOf(phaseStatements(sql, p as never, copyGroups(objectsOf(contracts)))));
    expect(steps).toHaveLength(fewest(all, sizeOf(ofFile(sql, 'begin'))));
  });
});

describe('contracts whose load would not fit', () => {
  it('are refused when their SQL is read, by statements and by bytes', () => {
    const dimensions = Array.from({ length: 30 }, (_, i) => dimension(i, 1));
    expect(() => sqlOf([...dimensions, fact(0, 30, 30, 1)])).toThrow(
      /phase fact:kind_of_fact_0 fits no transaction: \d+ statements/,
    );
    expect(() => sqlOf([dimension(0, 400)])).toThrow(/phase dimension:kind_of_member_0 fits no transaction/);
  });

  it('are refused when a file is missing', () => {
    expect(() => loadSql(new Map(), {})).toThrow('missing: begin, reconcile, release, holder, close');
  });

  it('are never packed', () => {
    expect(() => pack(['a', 'b'], () => ({ statements: 35, bytes: 1 }), { statements: 6, bytes: 1 })).toThrow(
      'phase b: a transaction of 41 statements and 2 bytes of SQL, the Data API takes 40 and 100000',
    );
  });
});
