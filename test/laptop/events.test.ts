import { request } from 'node:http';
import { readFileSync, rmSync } from 'node:fs';
import { VirtualClock } from '@carelake/laptop/clock';
import { watchDisk } from '@carelake/laptop/disk';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { Bus } from '@carelake/laptop/engines/bus';
import { applyCustomResource } from '@carelake/laptop/engines/custom-resource';
import { checkPattern, Deliveries, matches, objectCreated, targetInput } from '@carelake/laptop/engines/rules';
import { Redelivery, type RedeliveryPorts } from '@carelake/laptop/engines/redelivery';
import { parseSchedule, runSchedule } from '@carelake/laptop/engines/schedule';
import { scratch, settle, until } from './fixtures';

const PLACE = { account: '000000000000', region: 'us-east-1' };
const event = objectCreated(
  {
    bucket: 'landing',
    key: 'kaggle/SANTA "LÚCIA".csv',
    size: 12,
    etag: 'abc',
    reason: 'PutObject',
    time: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  },
  PLACE,
);

describe('rules', () => {
  test('the event has the form of S3 on the event bus', () => {
    expect(event).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      'detail-type': 'Object Created',
      source: 'aws.s3',
      account: '000000000000',
      time: '2026-01-02T03:04:05Z',
      region: 'us-east-1',
      resources: ['arn:aws:s3:::landing'],
      detail: {
        version: '0',
        bucket: { name: 'landing' },
        object: {
          key: 'kaggle/SANTA "LÚCIA".csv',
          size: 12,
          etag: 'abc',
          sequencer: expect.stringMatching(/^[0-9A-F]{16}$/),
        },
        'request-id': expect.stringMatching(/^[0-9A-F]{16}$/),
        requester: '000000000000',
        'source-ip-address': '127.0.0.1',
        reason: 'PutObject',
      },
    });
  });

  test.each([
    [{ source: ['aws.s3'], 'detail-type': ['Object Created'], detail: { bucket: { name: ['landing'] } } }, true],
    [{ source: ['aws.s3'], detail: { bucket: { name: ['silver', 'bronze'] } } }, false],
    [{ detail: { object: { key: [{ prefix: 'kaggle/' }] } } }, true],
    [{ detail: { object: { key: [{ prefix: 'aws/lambda/' }] } } }, false],
    [{ detail: { object: { key: [{ suffix: '.csv' }, 'other'] } } }, true],
    [{ detail: { object: { key: [{ 'anything-but': { prefix: 'kaggle/' } }] } } }, false],
    [{ detail: { object: { size: [12] } } }, true],
    [{ detail: { object: { version: [{ exists: false }] } } }, true],
    [{ detail: { nothing: { here: ['x'] } } }, false],
    [{ resources: ['arn:aws:s3:::landing'] }, true],
  ])('pattern %j: %s', (pattern, expected) => {
    checkPattern('r', pattern as never);
    expect(matches(pattern as never, event as never)).toBe(expected);
  });

  test.each([[{ detail: { size: [{ numeric: ['>', 1] }] } }], [{ $or: [] }], [{ a: [{ cidr: '10.0.0.0/8' }] }]])(
    'pattern %j is refused',
    (pattern) => {
      expect(() => checkPattern('Mine', pattern as never)).toThrow(/rule Mine: the laptop does not match/);
    },
  );

  test('a transformer puts values in as JSON, and bare inside a text', () => {
    const paths = { key: '$.detail.object.key', size: '$.detail.object.size', none: '$.detail.absent' };
    const template = '{"key":<key>,"size":<size>,"none":<none>,"note":"got \\"<key>\\" of <size>"}';
    expect(targetInput(event, { id: 't', arn: 'a', inputTransformer: { paths, template } })).toEqual({
      key: 'kaggle/SANTA "LÚCIA".csv',
      size: 12,
      none: null,
      note: 'got "kaggle/SANTA "LÚCIA".csv" of 12',
    });
  });

  test('a target may take a fixed input, a part, or the whole event', () => {
    expect(targetInput(event, { id: 't', arn: 'a', input: '{"window":"open"}' })).toEqual({ window: 'open' });
    expect(targetInput(event, { id: 't', arn: 'a', inputPath: '$.detail.bucket' })).toEqual({ name: 'landing' });
    expect(targetInput(event, { id: 't', arn: 'a' })).toBe(event);
  });

  test('deliveries survive a kill, also one that cuts the last line', () => {
    const { dir, clean } = scratch();
    const first = new Deliveries(dir, 'r');
    first.add(event.id);
    first.add(event.id.replace(/^./, 'f').slice(0, 20));
    const again = new Deliveries(dir, 'r');
    expect(again.has(event.id)).toBe(true);
    expect(readFileSync(`${dir}/r.log`, 'utf8').split('\n')).toHaveLength(3);
    clean();
  });
});

const redelivery = (
  dir: string,
  clock: VirtualClock,
  send: RedeliveryPorts['send'],
  more: Partial<RedeliveryPorts> = {},
): Redelivery => new Redelivery({ clock, file: `${dir}/refused.json`, send, log: () => undefined, ...more });

describe('a target that refuses', () => {
  let clock: VirtualClock;
  beforeEach(() => {
    clock = new VirtualClock();
  });

  const refusing = () => {
    throw Object.assign(new Error('EPERM: operation not permitted'), { code: 'EPERM' });
  };

  async function landed(
    send: RedeliveryPorts['send'],
    more: Partial<RedeliveryPorts> = {},
    target: object = {},
    prepare: (dir: string) => void = () => undefined,
  ) {
    const { dir, clean } = scratch();
    prepare(dir);
    const s3 = await openS3Store(dir, clock);
    s3.createBucket('landing');
    const open = (by: RedeliveryPorts['send']) => {
      const starts = redelivery(dir, clock, by, more);
      starts.resume();
      const targets = [{ id: 't', arn: 'a', inputPath: '$.detail.object.key', ...target }];
      const ports = {
        s3,
        ...PLACE,
        dir: `${dir}/events`,
        buckets: ['landing'],
        redelivery: starts,
        log: () => undefined,
      };
      const bus = new Bus([{ name: 'r', pattern: { source: ['aws.s3'] }, targets }], ports);
      return { starts, bus, missed: bus.start() };
    };
    const first = open(send);
    await s3.put('landing', 'a.csv', 'x');
    await settle();
    return { dir, clean, first, open };
  }

  test('is tried again with growing pauses until it takes the event, once', async () => {
    const tries: number[] = [];
    const taken: unknown[] = [];
    const { first, clean } = await landed((_target, input) => {
      tries.push(clock.now());
      if (tries.length < 5) refusing();
      taken.push(input);
    });
    expect(first.starts.waiting).toBe(1);
    await until(clock, () => first.starts.waiting === 0);
    await clock.advance(3_600_000);
    expect(taken).toEqual(['a.csv']);
    expect(tries.slice(1).map((at, i) => at - tries[i]!)).toEqual([1000, 2000, 4000, 8000]);
    first.starts.stop();
    clean();
  });

  test('gets the event after a restart, even though its object is gone by then', async () => {
    const { dir, first, open, clean } = await landed(refusing);
    first.starts.stop();
    first.bus.stop();
    rmSync(`${dir}/s3/landing/a.csv`);
    const taken: unknown[] = [];
    const second = open((_target, input) => void taken.push(input));
    expect(second.missed).toBe(0);
    await until(clock, () => second.starts.waiting === 0);
    expect(taken).toEqual(['a.csv']);
    expect(JSON.parse(readFileSync(`${dir}/refused.json`, 'utf8'))).toEqual([]);
    clean();
  });

  test('gets the event after a restart where the journal could not be written either', async () => {
    let end = (): void => undefined;
    const { open, clean, first } = await landed(refusing, {}, {}, (dir) => {
      const before = (_operation: string, path: string): void => {
        if (path.includes('refused.json')) refusing();
      };
      end = watchDisk(dir, { before });
    });
    first.starts.stop();
    first.bus.stop();
    const taken: string[] = [];
    expect(open((_target, _input, name) => void taken.push(name)).missed).toBe(1);
    expect(taken).toHaveLength(1);
    end();
    clean();
  });

  test.each([
    ['the age that the template gives', { maxAgeSeconds: 3600 }, {}, 3600],
    ['the retries that the template gives', { maxRetries: 2 }, {}, 3],
    ['the first refusal that no later try can change', {}, { permanent: () => true }, 0],
  ])('its event goes to the dead-letter queue after %s', async (_name, target, more, seconds) => {
    const dead: unknown[] = [];
    const { first, open, clean } = await landed(
      refusing,
      { ...more, undelivered: (_target, input) => void dead.push(input) },
      target,
    );
    const virtualMs = await until(clock, () => first.starts.waiting === 0, 10_000);
    expect(dead).toEqual(['a.csv']);
    expect(virtualMs).toBeGreaterThanOrEqual(seconds * 1000);
    expect(virtualMs).toBeLessThanOrEqual(seconds * 1000 + 300_000);
    first.bus.stop();
    expect(open(refusing).missed).toBe(0);
    clean();
  });
});

describe('the bus', () => {
  test('delivers each object once, also those that a killed process could not, however many', async () => {
    const { dir, clean } = scratch();
    const s3 = await openS3Store(dir, new VirtualClock());
    for (const bucket of ['silver', 'quiet']) s3.createBucket(bucket);
    const sent: string[] = [];
    const bus = () =>
      new Bus(
        [
          {
            name: 'r',
            pattern: { source: ['aws.s3'] },
            targets: [{ id: 't', arn: 'a', inputPath: '$.detail.object.key' }],
          },
        ],
        {
          s3,
          ...PLACE,
          dir: `${dir}/events`,
          buckets: ['silver'],
          redelivery: redelivery(dir, new VirtualClock(), (_target, input) => void sent.push(String(input))),
          log: () => undefined,
        },
      );
    const keys = Array.from({ length: 2100 }, (_, i) => `${'apz'[i % 3]}/${i}`);
    for (const key of keys) await s3.put('silver', key, 'x');
    await s3.put('quiet', 'no event', 'x');

    const first = bus();
    expect(first.start()).toBe(2100);
    await s3.put('silver', 'now', 'x');
    expect(first.pending).toBe(1);
    await settle();
    expect(first.pending).toBe(0);
    first.stop();
    await s3.put('silver', 'while away', 'x');
    const second = bus();
    expect(second.start()).toBe(1);
    second.stop();
    expect(sent.sort()).toEqual([...keys, 'now', 'while away'].sort());
    clean();
  });
});

describe('schedules', () => {
  const times = (expression: string, timezone: string, from: string, count: number): (string | undefined)[] => {
    const next = parseSchedule({ name: 's', expression, timezone });
    const found: (string | undefined)[] = [];
    for (let at: number | undefined = Date.parse(from); found.length < count && at !== undefined;) {
      at = next(at);
      found.push(at === undefined ? undefined : new Date(at).toISOString().slice(0, 16));
    }
    return found;
  };

  test.each([
    ['rate(15 minutes)', 'UTC', '2026-01-01T00:00:30Z', ['2026-01-01T00:15', '2026-01-01T00:30']],
    ['cron(20 3 * * ? *)', 'UTC', '2026-01-01T03:20:00Z', ['2026-01-02T03:20', '2026-01-03T03:20']],
    [
      'cron(0/30 8-9 ? * MON-FRI *)',
      'UTC',
      '2026-01-02T09:10:00Z',
      ['2026-01-02T09:30', '2026-01-05T08:00', '2026-01-05T08:30'],
    ],
    ['cron(0 0 L * ? *)', 'UTC', '2026-02-01T00:00:00Z', ['2026-02-28T00:00', '2026-03-31T00:00']],
    ['cron(15 6 1 JAN,JUL ? 2027)', 'UTC', '2026-05-01T00:00:00Z', ['2027-01-01T06:15', '2027-07-01T06:15', undefined]],
    ['at(2026-03-01T09:00:00)', 'America/Sao_Paulo', '2026-01-01T00:00:00Z', ['2026-03-01T12:00', undefined]],
  ])('%s in %s', (expression, zone, from, expected) => {
    expect(times(expression, zone, from, expected.length)).toEqual(expected);
  });

  test('cron follows the zone over its changes of the hour: a skipped hour is left out, a repeated one comes once', () => {
    // New York springs forward on 8 March 2026 and falls back on 1 November 2026.
    expect(times('cron(30 2 * * ? *)', 'America/New_York', '2026-03-07T00:00:00Z', 3)).toEqual([
      '2026-03-07T07:30',
      '2026-03-09T06:30',
      '2026-03-10T06:30',
    ]);
    expect(times('cron(30 1 * * ? *)', 'America/New_York', '2026-10-31T12:00:00Z', 2)).toEqual([
      '2026-11-01T05:30',
      '2026-11-02T06:30',
    ]);
  });

  test.each([
    ['cron(0 3 * * *)', 'UTC', /six fields/],
    ['cron(0 3 * * * *)', 'UTC', /exactly one/],
    ['cron(0 25 * * ? *)', 'UTC', /cannot read "25"/],
    ['cron(0 3 ? * 2#1 *)', 'UTC', /cannot read "2#1"/],
    ['every day', 'UTC', /cannot read/],
    ['rate(0 minutes)', 'UTC', /cannot read/],
    ['rate(1 hour)', 'Mars/Base', /no time zone/],
  ])('%s is refused', (expression, timezone, message) => {
    expect(() => parseSchedule({ name: 'Sweep', expression, timezone })).toThrow(message);
    expect(() => parseSchedule({ name: 'Sweep', expression, timezone })).toThrow(/schedule Sweep/);
  });

  test('fires on the clock until it is stopped', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const fired: string[] = [];
    const next = parseSchedule({ name: 's', expression: 'cron(0 5 * * ? *)', timezone: 'UTC' });
    const over = runSchedule(next, clock, stop.signal, () => fired.push(new Date(clock.now()).toISOString()));
    await until(clock, () => fired.length === 2, 3_600_000);
    stop.abort();
    await over;
    await clock.advance(86_400_000 * 3);
    expect(fired).toEqual(['2026-01-01T05:00:00.000Z', '2026-01-02T05:00:00.000Z']);
  });
});

describe('custom resources', () => {
  const put = (url: string, body: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request(url, { method: 'PUT' }, (reply) => resolve(reply.resume().statusCode!));
      sent.on('error', reject).end(body);
    });
  const spec = (more: object = {}) => ({
    stackName: 'st',
    logicalId: 'Migrations',
    type: 'Custom::CarelakeMigrations',
    functionArn: 'arn:fn',
    timeoutSeconds: 5,
    properties: { ServiceToken: 'arn:fn', SqlHash: 'one', Count: 3, ...more },
  });
  let folder: ReturnType<typeof scratch>;
  beforeEach(() => (folder = scratch()));
  afterEach(() => folder.clean());

  const apply = (given: ReturnType<typeof spec>, reply: object | Error, seen: Record<string, unknown>[] = []) =>
    applyCustomResource(given, {
      ...PLACE,
      dir: folder.dir,
      invoke: async (_fn, payload) => {
        const asked = JSON.parse(payload) as Record<string, string>;
        seen.push(asked);
        if (reply instanceof Error) throw reply;
        await put(asked.ResponseURL!, JSON.stringify(reply));
        return 'null';
      },
    });
  const success = { Status: 'SUCCESS', PhysicalResourceId: 'carelake-migrations' };

  test('is created once, updated when a property changes, and left alone otherwise', async () => {
    const seen: Record<string, unknown>[] = [];
    expect(await apply(spec(), success, seen)).toBe('Create');
    expect(await apply(spec(), success, seen)).toBe('unchanged');
    expect(await apply(spec({ SqlHash: 'two' }), success, seen)).toBe('Update');
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatchObject({
      RequestType: 'Create',
      LogicalResourceId: 'Migrations',
      ResourceType: 'Custom::CarelakeMigrations',
      ResourceProperties: { ServiceToken: 'arn:fn', SqlHash: 'one', Count: '3' },
    });
    expect(seen[1]).toMatchObject({
      RequestType: 'Update',
      PhysicalResourceId: 'carelake-migrations',
      ResourceProperties: { SqlHash: 'two' },
      OldResourceProperties: { SqlHash: 'one' },
    });
  });

  test('a failure says the reason and is tried again at the next start', async () => {
    await expect(apply(spec(), { Status: 'FAILED', Reason: 'migration 003 failed' })).rejects.toThrow(
      /Migrations.*FAILED: migration 003 failed/,
    );
    await expect(apply(spec(), new Error('boom'))).rejects.toThrow(/its function failed: boom/);
    expect(await apply(spec(), success)).toBe('Create');
  });

  test('no answer in time is a failure', async () => {
    const silent = applyCustomResource(
      { ...spec(), timeoutSeconds: 0.1 },
      { ...PLACE, dir: folder.dir, invoke: async () => 'null' },
    );
    await expect(silent).rejects.toThrow(/no answer within 0.1 s/);
  });
});
