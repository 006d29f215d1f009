import { ENTITIES, ENTITY_NAMES, type EntityContract, type EntityName } from '../../contracts';
import { readCsv } from '../ingest-file/csv';
import { readByFhirR4, STATES } from '../ingest-file/fhir-r4';
import { eventOf, said } from './conformed';
import { engines, type Engine } from './engines';
import { brokenChecks, empty, load, migrate, rows, sqlFile, statementsOf } from './warehouse';

interface Expected {
  field: string;
  counted: string[];
  uncounted: string[];
  /** Entered in error: the record is taken back. */
  gone: string[];
}
const MISTAKE = ['entered-in-error'];

/** What each state of each kind of fact means for its measures, in the words of FHIR R4. */
const EXPECTED: Partial<Record<EntityName, Expected>> = {
  encounter: {
    field: 'status_code',
    counted: ['arrived', 'triaged', 'in-progress', 'onleave', 'finished'],
    uncounted: ['planned', 'cancelled', 'unknown'],
    gone: MISTAKE,
  },
  diagnosis: {
    field: 'verification_status_code',
    counted: ['unconfirmed', 'provisional', 'confirmed'],
    uncounted: ['differential', 'refuted'],
    gone: MISTAKE,
  },
  procedure: {
    field: 'status_code',
    counted: ['in-progress', 'stopped', 'completed'],
    uncounted: ['preparation', 'not-done', 'on-hold', 'unknown'],
    gone: MISTAKE,
  },
  observation: {
    field: 'status_code',
    counted: ['final', 'amended', 'corrected'],
    uncounted: ['registered', 'preliminary', 'cancelled', 'unknown'],
    gone: MISTAKE,
  },
  diagnostic_report: {
    field: 'status_code',
    counted: ['final', 'amended', 'corrected', 'appended'],
    uncounted: ['registered', 'partial', 'preliminary', 'cancelled', 'unknown'],
    gone: MISTAKE,
  },
  diagnostic_report_result: {
    field: 'status_code',
    counted: ['final', 'amended', 'corrected', 'appended'],
    uncounted: ['registered', 'partial', 'preliminary', 'cancelled', 'unknown'],
    gone: MISTAKE,
  },
  medication_order: {
    field: 'status_code',
    counted: ['active', 'on-hold', 'completed', 'stopped'],
    uncounted: ['cancelled', 'draft', 'unknown'],
    gone: MISTAKE,
  },
  prescription_fill: {
    field: 'status_code',
    counted: ['completed'],
    uncounted: ['preparation', 'in-progress', 'cancelled', 'on-hold', 'stopped', 'declined', 'unknown'],
    gone: MISTAKE,
  },
  adverse_event: { field: 'actuality_code', counted: ['actual'], uncounted: ['potential'], gone: [] },
};
const INTENTS = {
  counted: ['order', 'original-order', 'reflex-order', 'filler-order', 'instance-order'],
  uncounted: ['proposal', 'plan', 'option'],
};
const KINDS = Object.entries(EXPECTED) as [EntityName, Expected][];
const codesOf = (entity: EntityName, field: string): string[] =>
  [...(ENTITIES[entity].fields.find((f) => f.name === field)!.values ?? [])].sort();

test('every fact that a status keeps out of measures, and each of its states, is among them', () => {
  const standing = ENTITY_NAMES.filter((e) => {
    const { kind, standing: of } = ENTITIES[e] as EntityContract;
    return kind === 'fact' && of !== undefined;
  });
  expect(KINDS.map(([entity]) => entity).sort()).toEqual([...standing].sort());
  for (const [entity, { field, counted, uncounted, gone }] of KINDS)
    expect([entity, [...counted, ...uncounted, ...gone].sort()]).toEqual([entity, codesOf(entity, field)]);
  expect([...INTENTS.counted, ...INTENTS.uncounted].sort()).toEqual(codesOf('medication_order', 'intent_code'));
});

describe.each(engines)('states on $name', ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());
  beforeEach(() => empty(engine));
  afterEach(async () => expect(await brokenChecks(engine)).toEqual([]));

  const found = (entity: EntityName): Promise<unknown> =>
    rows(engine, `SELECT ${entity}_id, is_counted FROM core.fact_${entity} ORDER BY 1`);
  const marked = ({ counted, uncounted }: Pick<Expected, 'counted' | 'uncounted'>): string[][] =>
    [...counted.map((s) => [s, '1']), ...uncounted.map((s) => [s, '0'])].sort();
  /** A record of each state, named by it. */
  const each = (entity: EntityName, field: string, states: readonly string[]) =>
    states.map((state) => said(entity, 1, { [`${entity}_id`]: state, [field]: state }));

  it.each(KINDS)('%s: each one sent as an envelope', async (entity, expected) => {
    const { field, counted, uncounted, gone } = expected;
    // The report that lists the results.
    await load(engine, 'one', [said('diagnostic_report', 1, { diagnostic_report_id: 'DR1' }), ...each(entity, field, [...counted, ...uncounted, ...gone])]); // prettier-ignore
    const others = entity === 'diagnostic_report' ? [['DR1', '1']] : [];
    expect(await found(entity)).toEqual([...others, ...marked(expected)]);
  });

  it.each(KINDS)('%s: each one sent as a resource', async (entity, expected) => {
    const { counted, uncounted, gone } = expected;
    // Results come with their report.
    const [type, , , make] = STATES.find(([, of]) => of === entity.replace('_result', ''))!;
    const resources = [...counted, ...uncounted, ...gone].map((id) => ({ resourceType: type, id, ...make(id) }));
    const made = await readByFhirR4([resources.map((one) => JSON.stringify(one)).join('\n')]);
    expect(made.rejected).toEqual([]);
    await load(
      engine,
      'one',
      Object.entries(made.rows).flatMap(([name, all]) => all.map((row) => eventOf(name as EntityName, row))),
    );
    const ids = ((await found(entity)) as string[][]).map(([id, ...rest]) => [id!.replace('/1', ''), ...rest]);
    expect(ids).toEqual(marked(expected));
  });

  it('an order is only what is meant as one', async () => {
    await load(engine, 'one', each('medication_order', 'intent_code', [...INTENTS.counted, ...INTENTS.uncounted]));
    expect(await found('medication_order')).toEqual(marked(INTENTS));
  });

  it('a mistake takes back what was said before, whichever comes first', async () => {
    const kinds = KINDS.filter(([, { gone }]) => gone.length > 0);
    const all = (state: (expected: Expected) => object, day: number) =>
      kinds.map(([entity, expected]) => said(entity, day, { [`${entity}_id`]: 'x', ...state(expected) }));
    const [right, wrong] = [all(() => ({}), 1), all(({ field, gone }) => ({ [field]: gone[0] }), 2)];
    for (const order of [
      [right, wrong],
      [wrong, right],
    ]) {
      await empty(engine);
      for (const [i, events] of order.entries()) await load(engine, `l${i}`, events);
      for (const [entity] of kinds) expect([entity, await found(entity)]).toEqual([entity, []]);
    }
  });

  describe('an appointment that was a mistake', () => {
    /** Everything that could be measured of a visit, if it had not been a mistake. */
    const times = {
      created_at: '2024-03-02T09:00:00Z',
      scheduled_start_at: '2024-03-05T10:00:00Z',
      arrived_at: '2024-03-05T10:05:00Z',
      actual_start_at: '2024-03-05T10:30:00Z',
      completed_at: '2024-03-05T11:00:00Z',
    };
    const MINUTES = ['start_delay_min', 'lateness_min', 'patient_late_min', 'in_clinic_wait_min', 'lead_time_days', 'actual_duration_min', 'is_delayed']; // prettier-ignore
    const FLAGS = ['is_attended', 'is_no_show', 'is_cancelled', 'is_unresolved', 'in_denominator'];
    const measured = `SELECT appointment_id, outcome_group, ${[...MINUTES, ...FLAGS].join(', ')} FROM gold_phi.obt_appointment ORDER BY 1`;
    const NOTHING = [...MINUTES.map(() => null), ...FLAGS.map(() => '0')];
    const SEEN = ['30', '30', '5', '25', '3', '30', '1', '1', '0', '0', '0', '1'];

    beforeEach(async () => {
      const [type, , , make] = STATES.find(([, of]) => of === 'appointment')!;
      const resource = { resourceType: type, id: 'resource', ...make('entered-in-error'), created: times.created_at };
      const made = await readByFhirR4([JSON.stringify(resource)]);
      const columns = ['appointment_id', 'patient_id', 'clinic_id', 'status_code', ...Object.keys(times)];
      const line = (id: string, status: string): string => [id, 'P1', 'C1', status, ...Object.values(times)].join(',');
      const lines = [columns.join(','), line('row', 'entered-in-error'), line('row-kept', 'fulfilled')];
      const csv = await readCsv(
        'desk',
        'appointment',
        Object.fromEntries(columns.map((c) => [c, c])),
        lines.join('\n'),
      );
      await load(engine, 'one', [
        said('appointment', 1, { ...times, appointment_id: 'envelope', status_code: 'entered-in-error' }),
        said('appointment', 1, { ...times, appointment_id: 'kept', status_code: 'fulfilled' }),
        ...[...made.rows.appointment!, ...csv].map((row) => eventOf('appointment', row)),
      ]);
    });

    it('stays as void without any measure, whichever way it came in', async () => {
      expect(await rows(engine, measured)).toEqual([
        ['envelope', 'void', ...NOTHING],
        ['kept', 'attended', ...SEEN],
        ['resource', 'void', ...NOTHING],
        ['row', 'void', ...NOTHING],
        ['row-kept', 'attended', ...SEEN],
      ]);
      expect(
        await rows(
          engine,
          `SELECT id, kind, is_counted FROM gold_phi.patient_journey WHERE kind <> 'encounter' ORDER BY 1, 2`,
        ),
      ).toEqual([
        ['envelope', 'appointment', '0'],
        ['kept', 'appointment', '1'],
        ['kept', 'arrival', '1'],
        ['resource', 'appointment', '0'],
        ['row', 'appointment', '0'],
        ['row-kept', 'appointment', '1'],
        ['row-kept', 'arrival', '1'],
      ]);
    });

    it('is in no count', async () => {
      expect(
        await rows(
          engine,
          `SELECT numerator, denominator, n FROM gold_phi.no_show_rate WHERE by_dimension IN ('all', 'lead_days') ORDER BY 3`,
        ),
      ).toEqual([
        ['0', '2', '2'],
        ['0', '2', '2'],
      ]);
      for (const view of ['fact_appointment', 'dim_appointment', 'unified_appointments'])
        expect([view, await rows(engine, `SELECT appointment_id FROM documents.${view} ORDER BY 1`)]).toEqual([
          view,
          [['kept'], ['row-kept']],
        ]);
    });

    it('loses the measures that it had before this was the rule', async () => {
      await engine.batch([`UPDATE core.appointment SET start_delay_min = 30, lateness_min = 30, patient_late_min = 5, in_clinic_wait_min = 25, lead_time_days = 3, actual_duration_min = 30, is_delayed = 1`]); // prettier-ignore
      expect((await rows(engine, measured))[0]!.slice(0, 4)).toEqual(['envelope', 'void', '30', '30']);
      await engine.batch(statementsOf(sqlFile('migrations/016-void.sql')));
      expect(await rows(engine, measured)).toEqual([
        ['envelope', 'void', ...NOTHING],
        ['kept', 'attended', ...SEEN],
        ['resource', 'void', ...NOTHING],
        ['row', 'void', ...NOTHING],
        ['row-kept', 'attended', ...SEEN],
      ]);
    });
  });

  it('a person has neither missed nor kept what was a mistake', async () => {
    const at = (id: string, status_code: string) => said('appointment', 1, { appointment_id: id, status_code });
    await load(engine, 'one', [
      said('patient', 1, { patient_id: 'P1' }),
      at('void', 'entered-in-error'),
      at('missed', 'noshow'),
    ]);
    expect(
      await rows(engine, 'SELECT no_shows, appointments_counted, last_visit_at, next_appointment_at FROM gold_phi.obt_patient'), // prettier-ignore
    ).toEqual([['1', '1', null, null]]);
  });
});
