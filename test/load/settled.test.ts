import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { ENTITY_NAMES } from '../../contracts';
import { receiptKey, silverKey } from '../../core/lake/names';
import { EMPTY_STATE } from '../../core/load/control-state';
import { REOPENED_KEY, SETTLED_KEY, settledBy } from '../../core/load/settled';
import { LOOK, type LookContext, type SelectWindow } from '../../lambdas/select-load/look';
import { ServiceError } from './fake-s3';

jest.mock('../../contracts/entities', () => jest.requireActual('./four-entities'));

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const hourOf = (ms: number): string => new Date(ms).toISOString().slice(0, 13);

/** Buckets of many keys: sorted arrays, pages of a thousand, every LIST counted. */
class BigS3 {
  lists = 0;
  readonly keys: Record<string, string[]> = { silver: [], control: [] };
  readonly texts = new Map<string, string>();

  get client(): S3Client {
    return this as unknown as S3Client;
  }

  add(bucket: string, key: string): void {
    const keys = this.keys[bucket]!;
    const at = this.firstAt(keys, key);
    if (keys[at] !== key) keys.splice(at, 0, key);
  }

  private firstAt(keys: readonly string[], key: string): number {
    let [low, high] = [0, keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async send(command: unknown): Promise<unknown> {
    if (command instanceof GetObjectCommand) {
      const text = this.texts.get(command.input.Key!);
      if (text === undefined) throw new ServiceError('NoSuchKey', 404);
      return { ETag: '"e"', Body: { transformToString: async () => text } };
    }
    if (command instanceof PutObjectCommand) {
      this.texts.set(command.input.Key!, command.input.Body as string);
      return { ETag: '"e"' };
    }
    if (command instanceof ListObjectsV2Command) return this.list(command.input);
    throw new Error('no such call');
  }

  private list(input: ListObjectsV2Command['input']): unknown {
    this.lists++;
    const keys = this.keys[input.Bucket!]!;
    const { Prefix = '', Delimiter } = input;
    let after = input.ContinuationToken ?? input.StartAfter ?? '';
    const objects: string[] = [];
    const prefixes: string[] = [];
    for (let at = this.firstAt(keys, after > Prefix ? after : Prefix); keys[at]?.startsWith(Prefix);) {
      const key = keys[at]!;
      const cut = Delimiter ? key.indexOf(Delimiter, Prefix.length) : -1;
      const entry = cut < 0 ? key : key.slice(0, cut + 1);
      if (entry > after && key > after) {
        if (objects.length + prefixes.length === 1000) return this.page(objects, prefixes, after);
        (cut < 0 ? objects : prefixes).push(entry);
        after = entry;
      }
      at = cut < 0 ? at + 1 : this.firstAt(keys, `${entry}\uffff`);
    }
    return this.page(objects, prefixes);
  }

  private page(objects: string[], prefixes: string[], next?: string): unknown {
    return {
      Contents: objects.map((Key) => ({ Key, Size: 1 })),
      CommonPrefixes: prefixes.map((Prefix) => ({ Prefix })),
      IsTruncated: next !== undefined,
      NextContinuationToken: next,
    };
  }
}

function setup() {
  const s3 = new BigS3();
  const at = { now: START, remaining: 300_000 };
  const context: LookContext = {
    s3: s3.client,
    silverBucket: 'silver',
    controlBucket: 'control',
    caps: { objects: 50, bytes: 1e9 },
    windowHours: 48,
    settleAfterHours: 72,
    now: () => at.now,
    remainingMs: () => at.remaining,
  };
  let n = 0;
  return {
    s3,
    at,
    mark: () => JSON.parse(s3.texts.get(SETTLED_KEY) ?? '{}') as Record<string, string>,
    look: (window: SelectWindow) => LOOK[window](context, EMPTY_STATE),
    /** Stores an object of an arrival hour. @returns its key */
    arrive: (entity: (typeof ENTITY_NAMES)[number], arrivalMs: number): string => {
      const sequence = String(++n).padStart(20, '0');
      const range = {
        stream: 's',
        shardId: 'shardId-000000000000',
        firstSequence: sequence,
        lastSequence: sequence,
        arrivalMs,
      };
      const key = silverKey(entity, 1, range);
      s3.add('silver', key);
      return key;
    },
    receipt: (key: string): void => s3.add('control', receiptKey(key)),
    reopen: (ms: number, until: number): void =>
      void s3.texts.set(REOPENED_KEY, JSON.stringify({ hour: hourOf(ms), until })),
  };
}

test('a year of hourly objects is listed by as many calls a day at its end as at its beginning', async () => {
  const s = setup();
  const perDay: number[] = [];
  for (let day = 0; day < 365; day++) {
    for (let hour = 0; hour < 24; hour++)
      for (const entity of ENTITY_NAMES) s.receipt(s.arrive(entity, START + (day * 24 + hour) * HOUR_MS));
    s.at.now = START + (day + 1) * 24 * HOUR_MS;
    s.s3.lists = 0;
    expect(await s.look('sweep')).toEqual({ pending: [], unreadable: [] });
    perDay.push(s.s3.lists);
  }
  // One page of silver for each of four entities in two versions, and one of receipts for those that have objects; for strays the root,
  // the entities, and beside the hours of each version that has objects twice.
  const calls = 8 + 4 + 1 + 4 + 4 * 2;
  expect(perDay).toEqual(Array(365).fill(calls));
  expect(perDay.reduce((a, b) => a + b)).toBe(9125);
  const versions = ENTITY_NAMES.flatMap((e) => [`${e}/v1`, `${e}/v2`]);
  expect(s.mark()).toEqual(Object.fromEntries(versions.map((v) => [v, hourOf(s.at.now - 72 * HOUR_MS)])));

  // A selection of the last hours: 48 of the 8,760.
  s.s3.lists = 0;
  await s.look('open');
  expect(s.s3.lists).toBe(12);
  // A full pass reads every page: 8,760 objects and receipts of each entity, all of one version.
  s.s3.lists = 0;
  await s.look('full');
  expect(s.s3.lists).toBe(4 * (9 + 9) + 4 + 1 + 4 + 4 * 2);
});

test('the mark waits for the receipts: what has none is found by every sweep, however old it is', async () => {
  const s = setup();
  const lost = s.arrive('patient', START);
  for (let hour = 1; hour < 24 * 30; hour++) s.receipt(s.arrive('patient', START + hour * HOUR_MS));
  for (let day = 1; day <= 30; day++) {
    s.at.now = START + day * 24 * HOUR_MS;
    // The load of the object crashed each time, after the mark was written and before its receipt.
    expect((await s.look('sweep')).pending.map((p) => p.object)).toEqual([lost]);
  }
  expect(s.mark()['patient/v1']).toBe(hourOf(START));
  s.receipt(lost);
  expect((await s.look('sweep')).pending).toEqual([]);
  expect(s.mark()['patient/v1']).toBe(hourOf(s.at.now - 72 * HOUR_MS));
});

test('an object that comes to a settled hour is found by the full pass, and where the hour was reopened by each sweep', async () => {
  const s = setup();
  for (let hour = 0; hour < 24 * 30; hour++) s.receipt(s.arrive('clinic', START + hour * HOUR_MS));
  s.at.now = START + 30 * 24 * HOUR_MS;
  await s.look('sweep');
  const late = s.arrive('clinic', START + HOUR_MS);
  expect((await s.look('sweep')).pending).toEqual([]);
  expect((await s.look('full')).pending.map((p) => p.object)).toEqual([late]);
  // The full pass has moved the mark back to what it found.
  expect(s.mark()['clinic/v1']).toBe(hourOf(START + HOUR_MS));
  s.receipt(late);
  await s.look('sweep');
  expect(s.mark()['clinic/v1']).toBe(hourOf(s.at.now - 72 * HOUR_MS));

  s.reopen(START + 5 * HOUR_MS, s.at.now + 48 * HOUR_MS);
  // A sweep between the reopening and the write must not close the hours again.
  expect((await s.look('sweep')).pending).toEqual([]);
  const second = s.arrive('clinic', START + 6 * HOUR_MS);
  expect((await s.look('sweep')).pending.map((p) => p.object)).toEqual([second]);
});

test('an entity version that is new, and a mark that cannot be read, begin at the first hour', async () => {
  const s = setup();
  s.at.now = START + 60 * 24 * HOUR_MS;
  const old = s.arrive('provider', START);
  s.s3.texts.set(SETTLED_KEY, JSON.stringify({ 'patient/v1': hourOf(s.at.now) }));
  expect((await s.look('sweep')).pending.map((p) => p.object)).toEqual([old]);
  for (const text of ['', '{', '{"provider/v1":"yesterday"}', '[1]']) {
    s.s3.texts.set(SETTLED_KEY, text);
    expect((await s.look('sweep')).pending.map((p) => p.object)).toEqual([old]);
  }
});

test('a sweep whose time runs out settles what it has seen, and the next one goes on there', async () => {
  const s = setup();
  for (let hour = 0; hour < 2500; hour++) s.receipt(s.arrive('patient', START + hour * HOUR_MS));
  const young = s.arrive('patient', START + 2500 * HOUR_MS);
  s.at.now = START + 200 * 24 * HOUR_MS;
  s.at.remaining = 1000;
  expect((await s.look('sweep')).pending).toEqual([]);
  expect(s.mark()['patient/v1']).toBe(hourOf(START + 999 * HOUR_MS));
  expect((await s.look('sweep')).pending).toEqual([]);
  expect((await s.look('sweep')).pending.map((p) => p.object)).toEqual([young]);
});

test('a pass that began behind the mark does not join it', () => {
  const at = START;
  const seen = (from: string | undefined, found?: string) => ({ 'patient/v1': { from, found } });
  const before = { 'patient/v1': '2026-01-05T00' };
  expect(settledBy(before, seen('2026-01-06T00'), '2026-02-01T00', undefined, at)).toEqual(before);
  expect(settledBy(before, seen('2026-01-05T00'), '2026-02-01T00', undefined, at)).toEqual({
    'patient/v1': '2026-02-01T00',
  });
  expect(settledBy({}, seen('2026-01-06T00'), '2026-02-01T00', undefined, at)).toEqual({});
  expect(settledBy(before, seen(undefined, '2026-01-02T03'), '2026-02-01T00', undefined, at)).toEqual({
    'patient/v1': '2026-01-02T03',
  });
});

type Step =
  | { do: 'arrive'; entity: number; ageHours: number }
  | { do: 'late'; entity: number; ageHours: number; reopened: boolean }
  | { do: 'sweep'; window: 'sweep' | 'open' | 'full'; crash: boolean; slow: boolean }
  | { do: 'wait'; hours: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('arrive' as const), entity: fc.nat(3), ageHours: fc.nat(71) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('late' as const),
      entity: fc.nat(3),
      ageHours: fc.integer({ min: 72, max: 1500 }),
      reopened: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('sweep' as const),
      window: fc.constantFrom('sweep' as const, 'sweep' as const, 'open' as const, 'full' as const),
      crash: fc.boolean(),
      slow: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 100 }) }) },
);

test('whatever comes when, and wherever loads crash, sweeps skip nothing that came in time or was said; a full pass nothing at all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const s = setup();
      s.at.now = START + 2000 * HOUR_MS;
      const open = new Set<string>();
      const unsaid = new Set<string>();
      const take = async (window: SelectWindow, crash: boolean): Promise<number> => {
        const { pending } = await s.look(window);
        // A crash leaves every other object of the load without its receipt.
        pending.forEach(({ object }, i) => {
          if (crash && i % 2 === 0) return;
          s.receipt(object);
          open.delete(object);
        });
        return pending.length;
      };
      for (const x of steps) {
        if (x.do === 'wait') s.at.now += x.hours * HOUR_MS;
        else if (x.do === 'sweep') {
          s.at.remaining = x.slow ? 1000 : 300_000;
          await take(x.window, x.crash);
          s.at.remaining = 300_000;
        } else {
          const at = s.at.now - x.ageHours * HOUR_MS;
          if (x.do === 'late' && x.reopened) {
            const before = JSON.parse(s.s3.texts.get(REOPENED_KEY) ?? 'null') as { hour: string } | null;
            const first = before && before.hour < hourOf(at) ? Date.parse(`${before.hour}:00:00Z`) : at;
            s.reopen(first, s.at.now + 10_000 * HOUR_MS);
          }
          const key = s.arrive(ENTITY_NAMES[x.entity]!, at);
          open.add(key);
          if (x.do === 'late' && !x.reopened) unsaid.add(key);
        }
      }
      while (await take('sweep', false));
      expect([...open].filter((key) => !unsaid.has(key))).toEqual([]);
      for (let i = 0; i < 3; i++) while (await take('full', false));
      expect([...open]).toEqual([]);
    }),
    { numRuns: 200, seed: 20260101 },
  );
});
