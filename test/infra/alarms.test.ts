import { readFileSync } from 'node:fs';
import { alarmsOf } from '@carelake/laptop/resources/alarms';
import { identifyIn, sharedNames } from '@carelake/laptop/resources/identities';
import { PLACE } from '@carelake/laptop/runtime';
import { readAssembly } from '@carelake/laptop/template/assembly';
import { Resolver } from '@carelake/laptop/template/intrinsics';
import { assemblyOf } from './assemblies';

interface Alarm {
  readonly AlarmDescription: string;
  readonly Metrics?: readonly { readonly MetricStat?: object }[];
}

type Environment = 'local' | 'dev' | 'prod';

const ofType = (env: Environment, type: string) =>
  readAssembly(assemblyOf(env)).stacks.flatMap((stack) =>
    Object.entries(stack.template.Resources ?? {}).filter(([, r]) => r.Type === type),
  );

/** Alarms of an environment's template by the names of their constructs. */
function alarms(env: Environment): Record<string, Alarm> {
  const found = ofType(env, 'AWS::CloudWatch::Alarm');
  return Object.fromEntries(
    found.map(([id, r]) => [id.replace(/^Alarms|[0-9A-F]{8}$/g, ''), r.Properties as unknown as Alarm]),
  );
}

test('local has the alarms of prod, but for the use of a warehouse that is not billed', () => {
  expect([...Object.keys(alarms('local')), 'WarehouseCompute'].sort()).toEqual(Object.keys(alarms('prod')).sort());
});

test('dev has seven in place of all, of twelve metrics', () => {
  const dev = alarms('dev');
  expect(Object.keys(dev).sort()).toEqual([
    'ExecutionFailed',
    'Faults',
    'GivenUpUndelivered',
    'LoadOverdue',
    'StartUndelivered',
    'StreamAge',
    'StreamStandsStill',
  ]);
  const metrics = Object.values(dev).map(({ Metrics }) => Metrics?.filter((m) => m.MetricStat).length ?? 1);
  expect(metrics.reduce((a, b) => a + b)).toBe(12);
});

test.each(['local', 'dev'] as const)('the laptop evaluates every alarm of %s', (env) => {
  const assembly = readAssembly(assemblyOf(env));
  const resources = new Resolver(assembly, PLACE, identifyIn(PLACE, sharedNames(assembly.stacks))).resources();
  expect(alarmsOf(resources)).toHaveLength(Object.keys(alarms(env)).length);
});

test('the runbook has a line for every alarm, which says what its description says', () => {
  const rows = readFileSync('docs/runbooks/alarms.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name, means, remedy]) => ({ name: name!.replace(/ \*$/, ''), means, remedy }));
  const described = Object.entries({ ...alarms('dev'), ...alarms('prod') }).map(([name, a]) => [
    name,
    a.AlarmDescription,
  ]);
  expect(rows.map(({ name, means }) => [name, means]).sort()).toEqual(described.sort());
  for (const { remedy } of rows) expect(remedy!.length).toBeGreaterThan(20);
});

test('services that speak to people may do so under the conditions that they meet, and under no others', () => {
  const statements = (env: Environment, type: string, member: string) =>
    ofType(env, type)
      .flatMap(([, r]) => (r.Properties![member] as { Statement: Record<string, unknown>[] }).Statement)
      .flatMap((s) => {
        const service = (s['Principal'] as { Service?: string | string[] })?.Service;
        const events = [service].flat().filter((name) => /^(events|cloudwatch|budgets)\./.test(name ?? ''));
        return events.length ? [[events, s['Action'], s['Condition']]] : [];
      });
  const ofAccount = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
  const [cloudwatch, events, budgets] = ['cloudwatch', 'events', 'budgets'].map((s) => `${s}.amazonaws.com`);
  for (const env of ['local', 'dev', 'prod'] as const) {
    expect(statements(env, 'AWS::KMS::Key', 'KeyPolicy')).toEqual([
      [[cloudwatch, events], ['kms:Decrypt', 'kms:GenerateDataKey'], undefined],
      [[budgets], ['kms:Decrypt', 'kms:GenerateDataKey'], ofAccount],
    ]);
    expect(statements(env, 'AWS::SNS::TopicPolicy', 'PolicyDocument')).toEqual([
      [[budgets, cloudwatch], 'sns:Publish', ofAccount],
      [[events], 'sns:Publish', undefined],
    ]);
    // A queue is told the rule: there EventBridge says who sends.
    const queue = statements(env, 'AWS::SQS::QueuePolicy', 'PolicyDocument');
    expect(queue.length).toBeGreaterThanOrEqual(2);
    for (const [who, action, condition] of queue) {
      expect([who, action]).toEqual([[events], 'sqs:SendMessage']);
      expect(condition).toEqual({ ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [expect.any(String), 'Arn'] } } });
    }
  }
});
