import './environment';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@carelake/laptop/clock';
import { parseDefinition } from '@carelake/laptop/engines/asl';
import { StateMachines } from '@carelake/laptop/engines/state-machine';
import { InvocationRefused } from '@carelake/laptop/engines/worker';
import { Resolver } from '@carelake/laptop/template/intrinsics';
import { readAssembly } from '@carelake/laptop/template/assembly';
import { identifyIn, sharedNames } from '@carelake/laptop/resources/identities';
import { PLACE } from '@carelake/laptop/runtime';
import { handler } from '../../lambdas/ingest-file';
import type { IngestFileEvent, IngestFileResult } from '../../lambdas/ingest-file/event';
import { waitSeconds } from '../../lambdas/ingest-file/slots';
import { assemblyOf } from '../infra/assemblies';
import { FakeS3 } from './fake-s3';
import { BUCKETS, context } from './run';

const PROFILE = {
  profile: 'clinics',
  source_system: 'registry',
  mode: 'delta',
  file: { format: 'csv' },
  entities: [
    {
      entity: 'clinic',
      effective_at: { column: 'since', date: 'yyyy-MM-dd', zone: 'UTC' },
      recorded_at: { column: 'since', date: 'yyyy-MM-dd', zone: 'UTC' },
      fields: { clinic_id: 'id', clinic_name: 'name' },
    },
  ],
};

let s3: FakeS3;
beforeEach(() => {
  s3 = new FakeS3();
  s3.install();
  s3.put(BUCKETS.control, 'profiles/clinics.json', JSON.stringify(PROFILE));
});
afterEach(() => jest.restoreAllMocks());

const land = (n: number): IngestFileEvent =>
  s3.put(BUCKETS.landing, `clinics/${n}.csv`, `id,name,since\n${n},Clinic ${n},2026-01-01\n`);
const SLOTS = Number(process.env.FILE_SLOTS);
const hold = (n: number, until: number) => s3.put(BUCKETS.control, `files/slots/${n}.json`, JSON.stringify({ until }));

test('where all slots are taken nothing is read, and the file is told how long to wait', async () => {
  for (let n = 0; n < SLOTS; n++) hold(n, Date.now() + 60_000);
  const file = land(1);
  const first = (await handler(file, context())) as IngestFileResult;
  expect(first).toMatchObject({ done: false, waits: 1, offset: 0, row: 0 });
  expect(first.wait_seconds).toBeGreaterThanOrEqual(1);
  expect(first.wait_seconds).toBeLessThanOrEqual(5);
  expect(s3.keys('silver/')).toEqual([]);
  // One slot comes free: the file is read, and the slot is given back.
  hold(2, 0);
  const second = (await handler(first, context())) as IngestFileResult;
  expect(second).toMatchObject({ done: true, accepted: 1, waits: 0 });
  expect(second.wait_seconds).toBeUndefined();
  expect(s3.json('control/files/slots/2.json')).toEqual({ until: 0 });
});

test('a slot whose holder was killed is free again when the time of the holder has ended', async () => {
  for (let n = 0; n < SLOTS; n++) hold(n, Date.now() - 1);
  expect(await handler(land(1), context())).toMatchObject({ done: true, accepted: 1 });
});

test('a slot is given back by an invocation that fails', async () => {
  s3.failNextPutOf = 'clinic/v2';
  await expect(handler(land(1), context())).rejects.toThrow('FAULT');
  const held = s3.keys('control/files/slots/').map((k) => s3.json(k));
  expect(held).toEqual([{ until: 0 }]);
});

describe('a file that is read so long after it landed that its hour in silver may be settled', () => {
  const REOPENED = 'control/loads/_reopened.json';
  const hours = (n: number): number => n * 3_600_000;
  const landed = (ageHours: number): IngestFileEvent => {
    s3.now = new Date(Date.now() - hours(ageHours));
    return land(1);
  };

  test.each([
    [70, false],
    [71.5, true],
    [1000, true],
  ])('after %d hours, of 72: reopened %s', async (age, isReopened) => {
    const event = landed(age);
    expect(await handler(event, context())).toMatchObject({ done: true, accepted: 1 });
    expect(s3.keys(REOPENED)).toHaveLength(isReopened ? 1 : 0);
    if (!isReopened) return;
    const { hour, until } = s3.json<{ hour: string; until: number }>(REOPENED);
    expect(hour).toBe(s3.now.toISOString().slice(0, 13));
    expect(s3.keys('silver/')).toEqual([expect.stringContaining(`arrival=${hour}/`)]);
    expect(until).toBeGreaterThan(Date.now() + hours(71));
  });

  test('is said before anything of it is written', async () => {
    const event = landed(1000);
    s3.failNextPutOf = '_reopened';
    await expect(handler(event, context())).rejects.toThrow('FAULT');
    expect(s3.keys('silver/')).toEqual([]);
  });

  test('is not said again while it holds: files that are read at once do not queue for it', async () => {
    const event = landed(1000);
    s3.put(
      BUCKETS.control,
      'loads/_reopened.json',
      JSON.stringify({ hour: '2020-01-01T00', until: Date.now() + hours(61) }),
    );
    s3.failNextPutOf = '_reopened';
    expect(await handler(event, context())).toMatchObject({ done: true, accepted: 1 });
  });
});

test('waits are drawn from a bound that doubles up to five minutes', () => {
  expect([0, 1, 2, 5, 6, 7, 100].map((n) => waitSeconds(n, () => 0.999999))).toEqual([5, 10, 20, 160, 300, 300, 300]);
  expect([0, 7].map((n) => waitSeconds(n, () => 0))).toEqual([1, 1]);
});

test('a mark says that a file was read, or refused; none is left before its end', async () => {
  const marks = () => s3.keys('control/files/read/');
  const one = (await handler(land(1), context())) as IngestFileResult;
  expect(one.done).toBe(true);
  expect(marks()).toEqual([expect.stringMatching(/^control\/files\/read\/2026-03-01\/[0-9a-f]{16}\.json$/)]);
  await handler(s3.put(BUCKETS.landing, 'nobody/x.csv', 'a\n1\n'), context());
  expect(marks()).toHaveLength(2);
  s3.failNextPutOf = 'clinic/v2';
  await expect(handler(land(2), context())).rejects.toThrow();
  expect(marks()).toHaveLength(2);
});

describe('many files that land together', () => {
  const dir = mkdtempSync(join(tmpdir(), 'carelake-many-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** The files' machine of the template, by its own definition. */
  function machineOfTemplate() {
    const assembly = readAssembly(assemblyOf('local'));
    const resources = new Resolver(assembly, PLACE, identifyIn(PLACE, sharedNames(assembly.stacks))).resources();
    const found = resources.find(
      (r) => r.type === 'AWS::StepFunctions::StateMachine' && r.logicalId.startsWith('IngestFileMachine'),
    )!;
    const text = String(found.properties.DefinitionString);
    return { name: 'files', arn: found.ref, definition: parseDefinition('files', text, () => true) };
  }

  test('are read a few at a time, wait out an account that is at its concurrency, and none fails', async () => {
    const clock = new VirtualClock();
    const machine = machineOfTemplate();
    const QUOTA = 6;
    let running = 0;
    let refused = 0;
    let reading = 0;
    let most = 0;
    // Reading begins with a look at the object and ends with its mark.
    const send = s3['send'].bind(s3);
    s3['send'] = async (command: unknown) => {
      const { input, constructor } = command as {
        input: { Bucket: string; Key: string };
        constructor: { name: string };
      };
      if (input.Bucket === BUCKETS.landing && constructor.name === 'HeadObjectCommand')
        most = Math.max(most, ++reading);
      await new Promise((resolve) => setImmediate(resolve));
      if (input.Key?.startsWith('files/read/')) reading--;
      return send(command);
    };
    const machines = new StateMachines([machine], {
      clock,
      dir: join(dir, 'executions'),
      log: () => undefined,
      invoke: async (_fn, payload) => {
        // For its first hour the account has nothing left for files.
        if (running >= QUOTA || clock.now() < Date.UTC(2026, 0, 1, 1)) {
          refused++;
          throw new InvocationRefused('TooManyRequestsException', 'Rate Exceeded.');
        }
        running++;
        try {
          return JSON.stringify(await handler(JSON.parse(payload) as IngestFileEvent, context()));
        } finally {
          running--;
        }
      },
    });
    const FILES = 40;
    const ends = Array.from({ length: FILES }, (_, n) => machines.start(machine.arn, land(n) as never, `f${n}`).ended);
    let over = false;
    const all = Promise.all(ends).then((e) => ((over = true), e));
    while (!over) {
      await clock.advance(20_000);
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await all).filter((e) => e.status !== 'SUCCEEDED')).toEqual([]);
    expect(s3.keys('control/files/read/')).toHaveLength(FILES);
    expect(s3.keys('silver/clinic/v2/')).toHaveLength(FILES);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(SLOTS);
    expect(refused).toBeGreaterThan(FILES * 7);
    await machines.stop();
  });

  test('every retry of the files and loads is drawn at random, and a throttled call is tried for hours', () => {
    for (const env of ['dev', 'prod', 'local']) {
      const folder = assemblyOf(env);
      const assembly = readAssembly(folder);
      const machines = new Resolver(assembly, PLACE, identifyIn(PLACE, sharedNames(assembly.stacks)))
        .resources()
        .filter((r) => r.type === 'AWS::StepFunctions::StateMachine');
      expect(machines.length).toBeGreaterThanOrEqual(2);
      for (const { properties } of machines) {
        const { States } = parseDefinition('m', String(properties.DefinitionString), () => true);
        for (const state of Object.values(States).filter((s) => s.Type === 'Task')) {
          const throttled = state.Retry!.find((r) => r.ErrorEquals.includes('Lambda.TooManyRequestsException'))!;
          expect(throttled).toMatchObject({ MaxAttempts: 100, MaxDelaySeconds: 300, JitterStrategy: 'FULL' });
          expect(state.Retry!.every((r) => r.MaxAttempts === 0 || r.JitterStrategy === 'FULL')).toBe(true);
        }
      }
      expect(readFileSync(join(folder, 'manifest.json'), 'utf8')).toContain('Pipeline');
    }
  });
});
