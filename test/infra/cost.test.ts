import { readTemplates, type StackTemplate } from '../../ops/assembly';
import { costOf } from '../../ops/cost/model';
import { render } from '../../ops/cost/render';
import { runsPerMonth } from '../../ops/cost/schedule';
import { assemblyOf } from './assemblies';

const stacks = {} as Record<'dev' | 'prod' | 'local', StackTemplate[]>;
beforeAll(() => {
  for (const env of ['dev', 'prod', 'local'] as const) stacks[env] = readTemplates(assemblyOf(env));
});

/** The stacks with one resource more, or with one changed. */
const withResource = (
  base: StackTemplate[],
  id: string,
  Type: string,
  Properties: Record<string, unknown>,
): StackTemplate[] => {
  const copy = structuredClone(base);
  copy[0]!.template.Resources[id] = { Type, Properties };
  return copy;
};

test('dev costs at most 15 USD a month idle, and the figure with one load a day stands beside it', () => {
  const report = costOf(stacks.dev);
  expect(report.idle).toBeLessThanOrEqual(15);
  expect(report.idle).toBeGreaterThan(10);
  expect(report.oneLoadADay).toBeGreaterThan(report.idle);
});

test('standing charges are those of the template: shard, key in its third year, managed secrets, alarms', () => {
  const of = (type: string): number[] =>
    costOf(stacks.dev)
      .lines.filter((l) => l.type === type)
      .map((l) => l.idle);
  expect(of('AWS::Kinesis::Stream')).toEqual([expect.closeTo(10.95, 6)]);
  expect(of('AWS::KMS::Key')).toEqual([2]);
  expect(of('AWS::SecretsManager::Secret')).toEqual([0.4, 0.4]);
  // Ten cents for each metric that an alarm reads.
  expect(of('AWS::CloudWatch::Alarm').reduce((a, b) => a + b)).toBeCloseTo(1.2, 6);
});

test('retention beyond a day, yearly rotation, interface endpoints and metric math cost more', () => {
  const base = costOf(stacks.dev).idle;
  const more = (type: string, props: Record<string, unknown>): number =>
    Math.round((costOf(withResource(stacks.dev, 'More', type, props)).idle - base) * 100) / 100;
  expect(more('AWS::Kinesis::Stream', { ShardCount: 2, RetentionPeriodHours: 168 })).toBe(51.1);
  expect(more('AWS::KMS::Key', { EnableKeyRotation: true })).toBe(3);
  expect(more('AWS::KMS::Key', {})).toBe(1);
  expect(more('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface', SubnetIds: ['a', 'b'] })).toBe(14.6);
  expect(more('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' })).toBe(0);
  expect(
    more('AWS::CloudWatch::Alarm', { Metrics: [{ MetricStat: {} }, { MetricStat: {} }, { Expression: 'a+b' }] }),
  ).toBe(0.2);
});

test('a resource type without a price is refused by name', () => {
  expect(() => costOf(withResource(stacks.dev, 'New', 'AWS::DocDB::DBCluster', {}))).toThrow(
    'no price for AWS::DocDB::DBCluster',
  );
});

test('wakes follow the cadence that the template states', () => {
  expect(costOf(stacks.dev).configured).toMatchObject({
    cadence: 'cron(0 5 * * ? *)',
    wakesPerMonth: expect.closeTo(30.44, 1),
  });
  expect(costOf(stacks.prod).configured).toMatchObject({
    cadence: 'rate(15 minutes)',
    wakesPerMonth: expect.closeTo(2922, 0),
  });
  expect(costOf(stacks.local).configured.cadence).toContain('on arrival');
  const quarterly = costOf(stacks.dev).cadences.find((c) => c.cadence === 'every 15 min')!;
  // A wake of 4 RPU is billed for a minute at least: 2.5 cents.
  expect(quarterly.usd / quarterly.wakesPerMonth).toBeCloseTo(0.025, 2);
});

test.each([
  ['rate(1 minute)', 43_830],
  ['rate(6 hours)', 121.75],
  ['cron(0 5 * * ? *)', 30.4375],
  ['cron(0/15 8-17 ? * MON-FRI *)', 869.64],
  ['cron(0 0 1,15 * ? *)', 2],
])('%s fires %d times a month', (expression, runs) => {
  expect(runsPerMonth(expression)).toBeCloseTo(runs, 1);
});

test.each(['every day', 'cron(0 5 * *)', 'cron(x 5 * * ? *)', 'cron(0 99 * * ? *)'])(
  '%s cannot be counted',
  (expression) => {
    expect(() => runsPerMonth(expression)).toThrow('cannot count the runs');
  },
);

test('a million events cost cents, and the parts add up', () => {
  const { usd, parts } = costOf(stacks.dev).perMillionEvents;
  expect(usd).toBeLessThan(0.1);
  expect(Object.values(parts).reduce((a, b) => a + b)).toBeCloseTo(usd, 9);
});

test('the report names the price date, the resources and both figures', () => {
  const report = costOf(stacks.dev);
  const text = render('dev', report);
  for (const part of [
    report.priceDate,
    'AWS::Kinesis::Stream',
    'idle ',
    'one load a day',
    'every 15 min',
    'usage limit 40 RPU-hours',
  ]) {
    expect(text).toContain(part);
  }
});

test('looking for work follows the hours looked through: prod lists for about a dollar a month at full traffic', () => {
  // 12 windows an hour of four shards bring 48 objects of an entity: 72 hours are 4 pages, 216 hours 11, a year 421.
  const runs = { open: (24 * 4 * 365.25) / 12, sweep: 365.25 / 12, full: 1 };
  const calls = { open: 2 * 4 * 4, sweep: 2 * 4 * 11 + 13, full: 2 * 4 * 421 + 13 };
  const wanted = 2 * (runs.open * calls.open + runs.sweep * calls.sweep + runs.full * calls.full);
  const { listing } = costOf(stacks.prod);
  expect(listing.callsPerMonth).toBeCloseTo(wanted, 6);
  expect(listing.usd).toBeCloseTo(1.0, 1);
  expect(costOf(stacks.dev).listing.usd).toBeLessThan(0.1);
});

test('raw data is priced by the class it moves to, and what reading it again costs', () => {
  expect(costOf(stacks.prod).storage).toEqual([
    { storageClass: 'STANDARD', afterDays: 0, usdPer100GbMonth: 2.3, usdToRead100Gb: 0 },
    { storageClass: 'STANDARD_IA', afterDays: 90, usdPer100GbMonth: 1.25, usdToRead100Gb: 1 },
  ]);
  const archived = structuredClone(stacks.prod);
  const landing = archived
    .flatMap((s) => Object.entries(s.template.Resources))
    .find(([id, r]) => r.Type === 'AWS::S3::Bucket' && id.startsWith('Landing'))![1];
  const rules = landing.Properties!['LifecycleConfiguration'] as { Rules: { Transitions: unknown[] }[] };
  const move = (StorageClass: string): void => {
    rules.Rules[0]!.Transitions = [{ StorageClass, TransitionInDays: 365 }];
  };
  for (const [name, month, read] of [
    ['GLACIER_IR', 0.4, 3],
    ['GLACIER', 0.36, 1],
    ['DEEP_ARCHIVE', 0.099, 2],
  ] as const) {
    move(name);
    const [, line] = costOf(archived).storage;
    expect(line).toMatchObject({ storageClass: name, afterDays: 365 });
    expect([line!.usdPer100GbMonth, line!.usdToRead100Gb]).toEqual([expect.closeTo(month, 9), expect.closeTo(read, 9)]);
  }
  move('ONEZONE_IA');
  expect(() => costOf(archived)).toThrow('no price for storage class ONEZONE_IA');
});
