import { Metrics as Powertools, MetricUnit } from '@aws-lambda-powertools/metrics';
import { VirtualClock } from '@carelake/laptop/clock';
import { Alarms, evaluate, minutesRead, seriesOf, type AlarmState } from '@carelake/laptop/engines/alarms';
import { DeadLetters } from '@carelake/laptop/engines/dead-letters';
import { parseExpression, type Series } from '@carelake/laptop/engines/metric-math';
import { Metrics, MINUTE, readEmbeddedMetrics, type MetricId } from '@carelake/laptop/engines/metrics';
import { alarmsOf } from '@carelake/laptop/resources/alarms';
import { bootPlatform } from '@carelake/laptop/runtime';
import type { Resource } from '@carelake/laptop/template/intrinsics';
import { pass, scratch } from './fixtures';
import { smallPlatform } from './small-platform';

const refuse = (what: string): never => {
  throw new Error(what);
};
const none = undefined;
const math = (text: string, series: Record<string, Series>, periods = 3): Series =>
  parseExpression(text, refuse).evaluate(series, periods);

/** An alarm of a template; without more, on one metric of one function. */
const alarm = (properties: object): Resource => ({
  stack: 'Pipeline',
  stackName: 'carelake-test-pipeline',
  dependsOn: [],
  logicalId: 'Faulty',
  type: 'AWS::CloudWatch::Alarm',
  ref: 'Faulty',
  attributes: {},
  properties: {
    MetricName: 'Errors',
    Namespace: 'AWS/Lambda',
    Dimensions: [{ Name: 'FunctionName', Value: 'fn' }],
    Period: 300,
    Statistic: 'Sum',
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
    ...properties,
  },
});
const one = (properties: object = {}) => alarmsOf([alarm(properties)])[0]!;
const ERRORS: MetricId = { namespace: 'AWS/Lambda', name: 'Errors', dimensions: { FunctionName: 'fn' } };

describe('metric math', () => {
  const m1 = [1, none, 3];
  const m2 = [2, 2, none];
  test.each<[string, Series]>([
    ['m1 + m2 * 2', [5, none, none]],
    ['(m1 + m2) * 2', [6, none, none]],
    ['FILL(m1, 0) - FILL(m2, 10)', [-1, -2, -7]],
    ['FILL(m1, REPEAT)', [1, 3, 3]],
    ['FILL(m2, REPEAT)', [2, 2, none]],
    ['m1 / FILL(m2, 0)', [0.5, none, none]],
    ['m1 > 1', [0, none, 1]],
    ['m2 == 2 AND FILL(m1, 0) == 0', [0, 1, none]],
    ['m2 == 2 || FILL(m1, 0) == 0', [1, 1, none]],
    ['IF(FILL(m1, 0) > 0, m2, 7)', [2, 7, none]],
    ['SUM([m1, m2])', [3, 2, 3]],
    ['RUNNING_SUM(m1)', [4, none, 3]],
    ['RUNNING_SUM(FILL(m2, 0)) - FILL(m2, 0)', [2, 0, 0]],
    ['MAX([FILL(m1, 5), m2])', [2, 5, 3]],
    ['MIN([m1, m2])', [1, 2, 3]],
    ['-1.5', [-1.5, -1.5, -1.5]],
  ])('%s', (text, expected) => expect(math(text, { m1, m2 })).toEqual(expected));

  test.each([
    ['ANOMALY_DETECTION_BAND(m1)', /does not evaluate ANOMALY_DETECTION_BAND/],
    ['SUM(METRICS())', /expects/],
    ['m1 +', /expects more/],
    ['FILL(m1, LINEAR)', /does not evaluate LINEAR/],
    ['m1 ? 1', /cannot read/],
    ['MAX(m1)', /takes a list/],
  ])('%s is refused', (text, message) => expect(() => math(text, { m1, m2 })).toThrow(message));
});

describe('the evaluation of an alarm', () => {
  const X = 1;
  const O = 0;
  // The examples of CloudWatch's guide on missing data, 3 and 2 of 3 points over a range of 5; the newest stands first here.
  const KEPT: AlarmState = 'INSUFFICIENT_DATA';
  const guide: [number, Series, AlarmState, AlarmState, AlarmState, AlarmState][] = [
    [3, [X, none, X, none, O], 'OK', 'OK', 'OK', 'OK'],
    [3, [none, none, none, none, O], 'OK', 'OK', 'OK', 'OK'],
    [3, [none, none, none, none, none], 'INSUFFICIENT_DATA', KEPT, 'ALARM', 'OK'],
    [3, [X, none, X, X, O], 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    [3, [none, none, X, none, none], 'ALARM', KEPT, 'ALARM', 'OK'],
    [3, [X, none, none, none, none], 'OK', KEPT, 'ALARM', 'OK'],
    [3, [none, X, none, none, none], 'OK', KEPT, 'ALARM', 'OK'],
    [2, [X, none, X, none, O], 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    [2, [X, O, X, O, O], 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    [2, [none, none, X, none, O], 'OK', 'OK', 'ALARM', 'OK'],
    [2, [O, none, none, none, none], 'OK', 'OK', 'ALARM', 'OK'],
    [2, [none, X, none, none, none], 'ALARM', KEPT, 'ALARM', 'OK'],
  ];
  test.each(guide)(
    '%i of 3 of %j: missing %s, ignore %s, breaching %s, notBreaching %s',
    (DatapointsToAlarm, series, ...expected) => {
      const treated = ['missing', 'ignore', 'breaching', 'notBreaching'] as const;
      const states = treated.map((TreatMissingData) =>
        evaluate(one({ EvaluationPeriods: 3, DatapointsToAlarm, TreatMissingData }), series, KEPT),
      );
      expect(states).toEqual(expected);
    },
  );

  test.each<[number, number, Series, AlarmState]>([
    [2, 3, [X, O, X, O, O], 'ALARM'],
    [2, 3, [X, O, O, X, X], 'OK'],
    [2, 2, [X, none, none, none], 'OK'],
  ])('%i of %i over %j: %s', (DatapointsToAlarm, EvaluationPeriods, series, expected) =>
    expect(evaluate(one({ EvaluationPeriods, DatapointsToAlarm }), series, 'OK')).toBe(expected),
  );

  test.each([
    ['GreaterThanOrEqualToThreshold', 'OK', 'ALARM', 'ALARM'],
    ['GreaterThanThreshold', 'OK', 'OK', 'ALARM'],
    ['LessThanThreshold', 'ALARM', 'OK', 'OK'],
    ['LessThanOrEqualToThreshold', 'ALARM', 'ALARM', 'OK'],
  ])('%s', (ComparisonOperator, ...expected) => {
    const spec = one({ ComparisonOperator, Threshold: 5 });
    expect([4, 5, 6].map((value) => evaluate(spec, [value, none, none], 'OK'))).toEqual(expected);
  });

  test.each([
    ['Sum', 12],
    ['Average', 4],
    ['Minimum', 1],
    ['Maximum', 9],
    ['SampleCount', 3],
  ])('the statistic %s of a period', (Statistic, expected) => {
    const metrics = new Metrics();
    const spec = one({ Statistic });
    metrics.want(ERRORS, minutesRead(spec));
    for (const [value, minute] of [
      [100, 4],
      [1, 5],
      [2, 7],
      [9, 9],
      [100, 10],
    ] as const)
      metrics.add({ ...ERRORS, value }, minute * MINUTE + 59_999);
    // The period that ends at minute 10 begins with minute 5; the one before has minute 4.
    expect(seriesOf(spec, metrics, 10 * MINUTE)).toEqual([expected, Statistic === 'SampleCount' ? 1 : 100, none]);
  });

  test('an expression reads others of its alarm, in whatever order they are written', () => {
    const stat = (MetricName: string) => ({
      Metric: { MetricName, Namespace: 'Carelake', Dimensions: [{ Name: 'service', Value: 's' }] },
      Period: 60,
      Stat: 'Sum',
    });
    const spec = one({
      MetricName: none,
      Metrics: [
        { Id: 'share', Expression: 'bad / seen' },
        { Id: 'bad', Expression: 'FILL(q, 0)', ReturnData: false },
        { Id: 'q', MetricStat: stat('Quarantined'), ReturnData: false },
        { Id: 'seen', MetricStat: stat('Received'), ReturnData: false },
      ],
    });
    const metrics = new Metrics();
    const id = (name: string): MetricId => ({ namespace: 'Carelake', name, dimensions: { service: 's' } });
    for (const name of ['Quarantined', 'Received']) metrics.want(id(name), minutesRead(spec));
    metrics.add({ ...id('Received'), value: 8 }, 0);
    metrics.add({ ...id('Received'), value: 4 }, MINUTE);
    metrics.add({ ...id('Quarantined'), value: 1 }, MINUTE);
    expect(seriesOf(spec, metrics, 2 * MINUTE)).toEqual([0.25, 0, none]);
  });

  test.each([
    [{ Namespace: 'AWS/EC2', MetricName: 'CPUUtilization' }, /alarm Faulty: the laptop does not count AWS\/EC2 CPU/],
    [{ Statistic: 'p99' }, /alarm Faulty: .*p99/],
    [{ ExtendedStatistic: 'p99' }, /Faulty.*ExtendedStatistic/],
    [{ Period: 10 }, /alarm Faulty: .*whole minutes/],
    [{ ComparisonOperator: 'LessThanLowerThreshold' }, /alarm Faulty: cannot compare by LessThanLowerThreshold/],
    [{ TreatMissingData: 'guess' }, /alarm Faulty: cannot treat missing data as guess/],
    [
      {
        Metrics: [
          { Id: 'e', Expression: 'RATE(m1)' },
          { Id: 'm1', MetricStat: { Metric: {}, Period: 60 }, ReturnData: false },
        ],
      },
      /alarm Faulty: .*RATE/,
    ],
  ])('%j is refused at boot, by name', (properties, message) => expect(() => one(properties)).toThrow(message));
});

describe('metrics', () => {
  test('what Powertools prints is read, for every set of dimensions', () => {
    const lines: string[] = [];
    const print = jest.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const powertools = new Powertools({ namespace: 'Carelake', serviceName: 'load' });
    powertools.addMetric('LoadedObjects', MetricUnit.Count, 3);
    powertools.addMetric('LoadedObjects', MetricUnit.Count, 4);
    powertools.addMetric('LoadedRows', MetricUnit.Count, 9);
    powertools.addMetadata('load', 'L1');
    powertools.publishStoredMetrics();
    print.mockRestore();
    const at = { namespace: 'Carelake', dimensions: { service: 'load' } };
    expect(lines.flatMap(readEmbeddedMetrics)).toEqual([
      { ...at, name: 'LoadedObjects', value: 3 },
      { ...at, name: 'LoadedObjects', value: 4 },
      { ...at, name: 'LoadedRows', value: 9 },
    ]);
    expect(readEmbeddedMetrics('{"level":"INFO"}')).toEqual([]);
    expect(readEmbeddedMetrics('plain text')).toEqual([]);
    const bare = {
      _aws: { CloudWatchMetrics: [{ Namespace: 'N', Dimensions: [[]], Metrics: [{ Name: 'F' }] }] },
      F: 2,
    };
    expect(readEmbeddedMetrics(JSON.stringify(bare))).toEqual([
      { namespace: 'N', name: 'F', dimensions: {}, value: 2 },
    ]);
  });

  test('are kept for their longest reader and no longer; what nobody reads is not kept at all', () => {
    const metrics = new Metrics();
    metrics.want(ERRORS, 15);
    metrics.want(ERRORS, 60);
    for (let minute = 0; minute < 10_000; minute++) {
      metrics.add({ ...ERRORS, value: 1 }, minute * MINUTE);
      metrics.add({ ...ERRORS, dimensions: { FunctionName: 'other' }, value: 1 }, minute * MINUTE);
    }
    // The current minute, which no evaluation reads yet, and the sixty before it.
    expect(metrics.size).toBe(61);
    expect(metrics.over(ERRORS, 9_940 * MINUTE, 10_000 * MINUTE, 'Sum')).toBe(60);
  });
});

describe('alarms on the clock', () => {
  const { dir, clean } = scratch();
  afterAll(clean);

  function run(file: string, clock: VirtualClock) {
    const metrics = new Metrics();
    const told: string[] = [];
    const alarms = new Alarms([one()], {
      clock,
      metrics,
      file,
      gauges: () => [],
      changed: ({ name, state, since }, was) => told.push(`${name} ${was} ${state} ${since / MINUTE}`),
    });
    alarms.start();
    return { metrics, told, alarms };
  }

  test('are evaluated at every full minute, tell each change once, and know their state and metrics after a restart', async () => {
    const file = `${dir}/alarms.json`;
    const clock = new VirtualClock(30_000);
    const first = run(file, clock);
    await clock.advance(30_000);
    expect(first.told).toEqual(['Faulty INSUFFICIENT_DATA OK 1']);
    first.metrics.add({ ...ERRORS, value: 1 }, clock.now());
    await clock.advance(MINUTE);
    await clock.advance(MINUTE);
    expect(first.told.slice(1)).toEqual(['Faulty OK ALARM 2']);
    first.alarms.stop();

    const second = run(file, clock);
    expect(second.alarms.status()).toEqual([{ name: 'Faulty', description: '', state: 'ALARM', since: 2 * MINUTE }]);
    await clock.advance(MINUTE);
    expect(second.told).toEqual([]);
    // One real value decides for as long as the range of three periods reaches it.
    await clock.advance(13 * MINUTE);
    expect(second.told).toEqual(['Faulty ALARM OK 17']);
    second.alarms.stop();
    await clock.advance(10 * MINUTE);
    expect(second.told).toHaveLength(1);
  });

  test('an undelivered start is counted until its queue forgets it, also after a restart', () => {
    const clock = new VirtualClock();
    const open = () => new DeadLetters([{ name: 'q', retentionMs: 60 * MINUTE }], { clock, dir: `${dir}/queues` });
    const lengths = (queues: DeadLetters) => queues.gauges().map((g) => g.value);
    const queues = open();
    expect(lengths(queues)).toEqual([0]);
    queues.send('arn:aws:sqs:us-east-1:000000000000:q', { key: 'a' });
    expect(lengths(open())).toEqual([1]);
    expect(() => queues.send('arn:aws:sqs:us-east-1:000000000000:other', {})).toThrow(/no queue/);
    return clock.advance(60 * MINUTE).then(() => expect(lengths(open())).toEqual([0]));
  });
});

describe('a booted platform', () => {
  const { dir, clean } = scratch();
  afterAll(clean);
  const STREAM = 'carelake-test-store-Events';
  const watch = (metric: object, Threshold = 1): object => ({
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      ...alarm({ Dimensions: none, Period: 60, Threshold, ...metric }).properties,
      AlarmActions: [{ 'Fn::ImportValue': 'carelake-test-store:TopicArn' }],
    },
  });
  const of = (Name: string, Value: unknown) => [{ Name, Value }];
  const lambda = (MetricName: string, Statistic = 'Sum') =>
    watch(
      { MetricName, Statistic, Dimensions: of('FunctionName', { Ref: 'ingest' }) },
      Statistic === 'Sum' ? 1 : 60_000,
    );
  const states = (MetricName: string) =>
    watch({ Namespace: 'AWS/States', MetricName, Dimensions: of('StateMachineArn', { Ref: 'Machine' }) });

  test('counts what its services would, and its alarms follow', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1, 0, 0, 30));
    const lines: string[] = [];
    const platform = await bootPlatform({
      assemblyDir: smallPlatform(dir, {
        resources: {
          Invoked: lambda('Invocations'),
          Failing: lambda('Errors'),
          Throttled: lambda('Throttles'),
          Late: lambda('IteratorAge', 'Maximum'),
          Undeliverable: lambda('DestinationDeliveryFailures'),
          Poisoned: watch({ Namespace: 'Carelake', MetricName: 'Poisoned', Dimensions: of('service', 'ingest') }),
          Arriving: watch(
            {
              Namespace: 'AWS/Kinesis',
              MetricName: 'IncomingRecords',
              Dimensions: of('StreamName', { 'Fn::ImportValue': 'carelake-test-store:Stream' }),
            },
            2,
          ),
          Counting: states('ExecutionsSucceeded'),
          CountFailed: states('ExecutionsFailed'),
        },
      }),
      dataDir: `${dir}/data`,
      port: 0,
      clock,
      onAlarm: ({ name, state }, was) => lines.push(`${name} ${was} ${state}`),
    });
    const raised = () => platform.alarms().flatMap(({ name, state }) => (state === 'ALARM' ? [name] : []));
    const put = (...values: string[]) =>
      platform.endpoints.kinesis.putRecords(
        STREAM,
        values.map((value) => ({ partitionKey: 'one', data: Buffer.from(value) })),
      );
    const minute = (steps = 1) => pass(platform, clock, steps * MINUTE);
    try {
      put('a', 'b');
      await minute();
      expect(raised()).toEqual(['Invoked', 'Arriving', 'Counting']);
      expect(lines).toHaveLength(9);
      await minute(4);
      expect(raised()).toEqual([]);

      put('poison');
      await minute();
      expect(raised()).toEqual(['Invoked', 'Poisoned']);
      await minute(4);

      // A process that dies is an error of its function, and the batch is tried again.
      put('deadly');
      await minute();
      expect(raised()).toEqual(['Invoked', 'Failing']);
      await minute(4);

      platform.reserve('ingest', 0);
      put('c');
      await minute(2);
      expect(raised()).toEqual(['Throttled', 'Late']);
      platform.reserve('ingest', undefined);
      await minute();
      expect(raised()).toEqual(expect.arrayContaining(['Invoked', 'Counting']));
    } finally {
      await platform.stop();
    }
  });
});
