import fc from 'fast-check';
import type { EntityName } from '../../contracts';
import { fileOrder, sequenceOrder } from '../../core/records/order';
import { engines, type Engine } from './engines';
import { Objects } from './objects';
import { ATTRIBUTES, NATURAL, applied, asOf, facts, versions, type Version } from './oracle';
import {
  UNKNOWN,
  brokenChecks,
  dump,
  empty,
  event,
  migrate,
  rows,
  sqlFile,
  statementsOf,
  type Event,
} from './warehouse';

const day = fc.integer({ min: 1, max: 6 }).map((d) => `2024-03-0${d} 00:00:00`);
/** No order, rows of files, sequences; some far beyond what a double can tell apart. */
const order = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0n) },
  fc.tuple(fc.constantFrom(1_700_000_000_000_000, 1_700_000_000_000_001), fc.constantFrom(1, 2)).map(([time, row]) => fileOrder(time)(row)),
  fc.constantFrom(0, 7, '9007199254740993', '9007199254740994').map((n) => sequenceOrder(n)!),
); // prettier-ignore
const times = fc.record({
  order,
  effective: day,
  recorded: day,
  event: fc.constantFrom('e1', 'e2', 'e3'),
  op: fc.constantFrom('upsert' as const, 'upsert' as const, 'upsert' as const, 'delete' as const),
});
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null, freq: 2 });
/** A tombstone needs its key only; some sources send more along. */
const payloadOf = (at: { op: string; event: string }, payload: Record<string, string | number | null>) =>
  at.op === 'delete' && at.event !== 'e1' ? {} : payload;

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('P1', 'P2', 'P3'), times, maybe(fc.constantFrom('10001', '20002')), maybe(fc.constantFrom('aetna'))).map(
    ([id, at, zip5, payer]) => event('patient', id, at, payloadOf(at, { birth_date: payer ? null : '1980-01-01', reported_age_years: payer ? 43 : null, zip5, primary_payer_id: payer }))) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('C1', 'C2'), times, fc.constantFrom('North', 'South'), maybe(fc.constantFrom('America/New_York', 'Asia/Kolkata'))).map(
    ([id, at, name, timezone]) => event('clinic', id, at, payloadOf(at, { clinic_name: name, timezone }))) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('1000000004'), times, fc.constantFrom('cardiology', 'oncology')).map(
    ([id, at, specialty]) => event('provider', id, at, payloadOf(at, { specialty }))) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('A1', 'A2', 'A3', 'A4'), times, fc.constantFrom('P1', 'P2', 'P3'), fc.constantFrom('C1', 'C2'), maybe(fc.constant('1000000004')), fc.constantFrom('booked', 'arrived', 'fulfilled', 'noshow'), fc.integer({ min: 1, max: 7 })).map(
    ([id, at, patient_id, clinic_id, provider_npi, status_code, start]) => event('appointment', id, at, payloadOf(at, { patient_id, clinic_id, provider_npi, status_code, scheduled_start_at: `2024-03-0${start} 22:00:00`, scheduled_tz_offset_min: 60, created_at: `2024-03-0${start} 03:00:00` }))) },
); // prettier-ignore

/** Where a load or a change breaks off, in transactions, and whether it then goes on or is given up for another one. */
const crash = fc.option(fc.record({ after: fc.integer({ min: 1, max: 4 }), givenUp: fc.boolean() }), {
  nil: null,
  freq: 1,
});
type Crash = { after: number; givenUp: boolean } | null;

/**
 * A way to bring events in: an order, cut points and repeats make objects of them. Objects that say something else come in between; each of
 * them is withdrawn, as somebody does or as the reading of a changed profile takes its place, and some of what stands is withdrawn for a while.
 */
const way = (count: number) =>
  fc.record({
    order: fc.shuffledSubarray([...Array(count).keys()], { minLength: count, maxLength: count }),
    cuts: fc.array(fc.nat({ max: count }), { maxLength: 4 }),
    repeats: fc.array(fc.nat({ max: count - 1 }), { maxLength: 4 }),
    others: fc.array(
      fc.record({ events: fc.array(anyEvent, { minLength: 1, maxLength: 4 }), from: fc.nat({ max: 6 }), to: fc.nat({ max: 6 }) }),
      { maxLength: 2 },
    ),
    detours: fc.array(fc.record({ object: fc.nat({ max: 9 }), from: fc.nat({ max: 6 }), to: fc.nat({ max: 6 }) }), { maxLength: 2 }),
    crashes: fc.array(crash, { minLength: 1, maxLength: 5 }),
  }); // prettier-ignore

interface Way {
  order: number[];
  cuts: number[];
  repeats: number[];
  others: { events: Event[]; from: number; to: number }[];
  detours: { object: number; from: number; to: number }[];
  crashes: Crash[];
}

/** What happens after each other: objects are loaded, or withdrawn (true) and let stand again (false). */
type Step = { load: string[] } | { change: Record<string, boolean> };

/** Objects by name, and what happens to them. */
function planOf(events: Event[], { order, cuts, repeats, others, detours }: Way) {
  const objects: Record<string, Event[]> = {};
  const loadOf = (name: string, batch: Event[]): string[] => {
    for (const of of batch) (objects[`${name}/${of.entity}`] ??= []).push(of);
    return [...new Set(batch.map((of) => `${name}/${of.entity}`))];
  };
  const sequence = [...order, ...repeats].map((i) => events[i]!);
  const edges = [0, ...new Set(cuts.filter((c) => c > 0 && c < sequence.length)), sequence.length].sort((a, b) => a - b);
  const loads = edges.slice(1).map((to, i) => loadOf(`standing-${i}`, sequence.slice(edges[i], to)));
  const turns: Step[][] = loads.map((load) => [{ load }]);
  const turn = (at: number): Step[] => turns[at % turns.length]!;
  const standing = Object.keys(objects);
  const away = new Set<string>();
  for (const { object, from, to } of detours) {
    const name = standing[object % standing.length]!;
    if (away.has(name)) continue;
    away.add(name);
    const [first, last] = [from % turns.length, to % turns.length].sort();
    turn(first!).push({ change: { [name]: true } });
    turn(last!).push({ change: { [name]: false } });
  }
  for (const [i, other] of others.entries()) {
    const load = loadOf(`other-${i}`, other.events);
    const gone = { change: Object.fromEntries(load.map((name) => [name, true])) };
    turn(other.from).push({ load });
    turn(other.to).push(gone);
  }
  return { objects, steps: turns.flat(), withdrawn: others.flatMap((other) => other.events).length };
} // prettier-ignore

/** @returns how many rows were read, and how many of them do not stand */
async function bring(engine: Engine, events: Event[], way: Way): Promise<{ read: number; withdrawn: number }> {
  const { objects: byName, steps, withdrawn } = planOf(events, way);
  // Each of a contract version of its own: more of them than one transaction reads again.
  const objects = new Objects(engine, byName, Object.fromEntries(Object.keys(byName).map((name, i) => [name, i + 1])));
  for (const [i, step] of steps.entries()) {
    // What was decided about before it was loaded is in the ledger already.
    const load = 'load' in step ? step.load.filter((name) => !objects.isKnown(name)) : [];
    if ('load' in step && load.length === 0) continue;
    const once = (id: string, stop?: number): Promise<void> =>
      'load' in step
        ? objects.load(id, load, stop === undefined ? {} : { stopAfter: 1 })
        : objects.change(id, step.change, stop);
    const crash = way.crashes[i % way.crashes.length];
    // Once a change has reached the log, nobody but itself goes on with it.
    const isGivenUp = crash?.givenUp === true && ('load' in step || crash.after === 1);
    if (crash) {
      await once(`step-${i}`, crash.after);
      if (isGivenUp) await engine.batch(statementsOf(sqlFile('load/release.sql')), { load_id: `step-${i}` });
    }
    await once(isGivenUp ? `again-${i}` : `step-${i}`);
  }
  return { read: Object.values(byName).flat().length, withdrawn };
}

/** Dimension attributes as the engine prints them. */
async function historyOf(engine: Engine, entity: 'clinic' | 'provider' | 'patient'): Promise<string[]> {
  const columns = [`${entity}_key`, NATURAL[entity], ...ATTRIBUTES[entity]]
    .map((c) => `CAST(${c} AS varchar(64))`)
    .join(', ');
  const found = await rows(
    engine,
    `SELECT ${columns}, CAST(valid_from AS varchar(30)), CAST(valid_to AS varchar(30)), CAST(is_current AS varchar(5)), CAST(is_inferred AS varchar(5)), CAST(is_deleted AS varchar(5)) FROM core.dim_${entity}_history WHERE ${entity}_key <> '${UNKNOWN}'`,
  );
  return found.map((row) => JSON.stringify(row)).sort();
}

const attribute = (entity: EntityName, of: Version | undefined, name: string) =>
  of?.attributes[ATTRIBUTES[entity].indexOf(name)] ?? null;

async function expectTruth(engine: Engine, events: Event[]): Promise<void> {
  const dimensions = {
    clinic: versions('clinic', events),
    provider: versions('provider', events),
    patient: versions('patient', events),
  };
  for (const entity of ['clinic', 'provider', 'patient'] as const) {
    const expected = dimensions[entity].map((v) =>
      JSON.stringify([
        v.key,
        v.natural,
        ...v.attributes.map((a) => (a === null ? null : String(a))),
        v.from,
        v.to,
        String(v.current),
        String(v.inferred),
        String(v.deleted),
      ]),
    );
    expect(await historyOf(engine, entity)).toEqual(expected.sort());
  }
  const expected = [...facts(events).values()].map((row) => {
    const at = String(row.scheduled_start_at);
    const [clinic, provider, patient] = (['clinic', 'provider', 'patient'] as const).map((e) =>
      asOf(dimensions[e], String(row[`${e}_key`]), at),
    );
    return JSON.stringify([
      row.appointment_id,
      row.status_code,
      row.event_id,
      attribute('clinic', clinic, 'clinic_name'),
      attribute('provider', provider, 'specialty'),
      patient?.natural ?? null,
      attribute('patient', patient, 'zip5'),
    ]);
  });
  const found = await rows(
    engine,
    `SELECT o.appointment_id, o.status_code, f.event_id, o.clinic_name, o.provider_specialty, o.patient_id, o.patient_zip5 FROM gold_phi.obt_appointment o JOIN core.fact_appointment f ON f.appointment_key = o.appointment_key`,
  );
  expect(found.map((row) => JSON.stringify(row)).sort()).toEqual(expected.sort());
  const counts = await rows(
    engine,
    'SELECT entity, applied, applied + superseded FROM ops.conservation WHERE applied + superseded > 0 ORDER BY entity',
  );
  expect(counts).toEqual(Object.entries(applied(events)).map(([e, c]) => [e, String(c.applied), String(c.events)]).sort()); // prettier-ignore
}

describe.each(engines)('any way of loading ends in the same tables, on $name', ({ open, name }) => {
  let engine: Engine;
  // The laptop's engine takes seven times as long for a statement of few rows.
  const runs = name === 'DuckDB' ? 3 : 10;
  beforeAll(async () => {
    engine = await open();
    await migrate(engine);
  });
  afterAll(() => engine.close());

  it('order, split, repeats, withdrawals, changed profiles and crashes change nothing but lineage; an oracle without SQL agrees', async () => {
    const flagged = fc.constantFrom(null, 'DQ-APT-03', 'ENV-SEQUENCE');
    /** Copies of events with another order, or other flags: the same events still. */
    const raised = fc.array(fc.record({ of: fc.nat(), order, flagged }), { maxLength: 6 });
    const sent = fc.tuple(fc.array(anyEvent, { minLength: 1, maxLength: 24 }), raised).map(([events, copies]) => [
      ...events,
      ...copies.map((copy): Event => {
        const { entity, row } = events[copy.of % events.length]!;
        return { entity, row: { ...row, source_order: copy.order.toString(), dq_flags: copy.flagged } };
      }),
    ]);
    const scenario = sent.chain((events) =>
      fc.record({
        events: fc.constant(events),
        ways: fc.tuple(way(events.length), way(events.length)),
      }),
    );
    await fc.assert(
      fc.asyncProperty(scenario, async ({ events, ways }) => {
        const results: Record<string, string[]>[] = [];
        for (const each of ways) {
          await empty(engine);
          const { read, withdrawn } = await bring(engine, events, each);
          await expectTruth(engine, events);
          expect(await rows(engine, 'SELECT sum(read), sum(withdrawn) FROM ops.conservation')).toEqual([
            [String(read), String(withdrawn)],
          ]);
          results.push(await dump(engine));
        }
        expect(results[1]).toEqual(results[0]);
        expect(await brokenChecks(engine)).toEqual([]);
      }),
      {
        numRuns: Number(process.env.CARELAKE_PROPERTY_RUNS ?? runs),
        seed: 20261121,
        endOnFailure: true,
      },
    );
  });
});
