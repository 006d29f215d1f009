import { bundle } from '../ingest-file/fhir';
import { CODE, readByFhirR4, START, SUBJECT } from '../ingest-file/fhir-r4';
import { permutations, eventOf } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, dump, empty, type Event, load, migrate, rows } from './warehouse';
import type { EntityName } from '../../contracts';

/** A resource as of a day in April 2026, listing so many parts. */
type Version = (day: number, parts: readonly string[], more?: object) => object;
const meta = (day: number): object => ({ meta: { lastUpdated: `2026-04-0${day}T00:00:00Z` } });

const KINDS: Record<string, { parts: EntityName; whole: EntityName; version: Version; found: string }> = {
  'the stays of an encounter': {
    parts: 'encounter_location',
    whole: 'encounter',
    version: (day, wards, more) => ({
      resourceType: 'Encounter',
      id: 'x',
      ...meta(day),
      status: 'finished',
      class: { code: 'IMP' },
      ...SUBJECT,
      period: { start: START },
      location: wards.map((ward) => ({ location: { reference: `Location/${ward}` } })),
      ...more,
    }),
    found:
      'SELECT f.position, d.location_id FROM core.fact_encounter_location f JOIN core.dim_location d ON d.location_key = f.location_key ORDER BY 1',
  },
  'the components of an observation': {
    parts: 'observation',
    whole: 'observation',
    version: (day, values, more) => ({
      resourceType: 'Observation',
      id: 'x',
      ...meta(day),
      status: 'final',
      ...CODE,
      ...SUBJECT,
      effectiveDateTime: START,
      component: values.map((valueString) => ({ ...CODE, valueString })),
      ...more,
    }),
    found:
      'SELECT component_number, value_text FROM core.fact_observation WHERE parent_observation_id IS NOT NULL ORDER BY 1',
  },
};

describe.each(engines)('parts that a file lists, on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));

  /** What the built-in profile makes of a file of these resources: the events of the whole and of its parts. */
  async function read(of: readonly EntityName[], ...resources: object[]): Promise<Event[]> {
    const flag = { resourceType: 'Flag', id: 'f' };
    const made = await readByFhirR4([[...resources, flag].map((one) => JSON.stringify(one)).join('\n')]);
    expect(made.rejected).toEqual([]);
    return of.flatMap((entity) => (made.rows[entity] ?? []).map((row) => eventOf(entity, row)));
  }

  describe.each(Object.entries(KINDS))('%s', (_, { parts, whole, version, found }) => {
    const of = [...new Set([whole, parts])];
    const left = (): Promise<unknown> => rows(engine, found);
    const loadAll = async (files: readonly Event[][], from = 0): Promise<void> => {
      for (const [i, events] of files.entries()) await load(engine, `l${from + i}`, events);
    };

    it('are those of the latest version, in any order of arrival, in one file, and when all come again', async () => {
      const versions = [version(1, ['a', 'b', 'c']), version(2, ['a', 'd']), version(3, ['e'])];
      const files: Event[][] = [];
      for (const one of versions) files.push(await read(of, one));
      let first: unknown;
      const look = async (): Promise<void> => {
        expect(await left()).toEqual([['1', 'e']]);
        const tables = await dump(engine, [`core.${whole}`, `core.fact_${parts}`]);
        first ??= tables;
        expect(tables).toEqual(first);
        expect(await brokenChecks(engine)).toEqual([]);
      };
      for (const order of permutations(files)) {
        await empty(engine);
        await loadAll(order);
        await look();
      }
      await loadAll(files, files.length);
      await look();
      await empty(engine);
      await load(engine, 'one', await read(of, ...versions.reverse()));
      expect(await left()).toEqual([['1', 'e']]);
    });

    it('are more when a later version lists more, and none when it lists none', async () => {
      await loadAll([await read(of, version(1, ['a'])), await read(of, version(2, ['b', 'c']))]);
      expect(await left()).toEqual([['1', 'b'], ['2', 'c']]); // prettier-ignore
      await load(engine, 'none', await read(of, version(3, [])));
      expect(await left()).toEqual([]);
    });

    it.each<[string, (day: number) => object]>([
      ['was a mistake', (day) => version(day, ['a', 'b'], { status: 'entered-in-error' })],
      [
        'is deleted',
        (day) =>
          bundle([{ request: { method: 'DELETE', url: `${whole === 'encounter' ? 'Encounter' : 'Observation'}/x` } }], {
            timestamp: `2026-04-0${day}T00:00:00Z`,
          }),
      ],
    ])('go with a whole that %s, whichever comes first', async (__, gone) => {
      const files = [await read(of, version(1, ['a', 'b'])), await read(of, gone(2))];
      for (const order of permutations(files)) {
        await empty(engine);
        await loadAll(order);
        expect(await left()).toEqual([]);
        expect(await rows(engine, `SELECT ${whole}_id FROM core.fact_${whole}`)).toEqual([]);
        expect(await brokenChecks(engine)).toEqual([]);
      }
    });
  });
});
