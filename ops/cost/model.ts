import type { StackTemplate, TemplateResource } from '../assembly';
import { listing, storage, type StorageLine } from './lake';
import { ASSUMPTIONS as A, PRICES as P } from './prices';
import { runsPerMonth } from './schedule';

/** One charge of one resource. */
export interface CostLine {
  readonly stack: string;
  readonly resource: string;
  readonly type: string;
  /** USD a month with nothing flowing. */
  readonly idle: number;
  readonly note: string;
}

/** A cadence of loads with what it costs to wake the warehouse for each. */
export interface CadenceLine {
  readonly cadence: string;
  readonly wakesPerMonth: number;
  readonly usd: number;
}

/** What an environment costs, in USD a month where nothing else is said. */
export interface CostReport {
  readonly priceDate: string;
  readonly region: string;
  readonly idle: number;
  readonly oneLoadADay: number;
  readonly configured: { readonly cadence: string; readonly wakesPerMonth: number; readonly usd: number };
  readonly lines: CostLine[];
  readonly cadences: CadenceLine[];
  readonly perMillionEvents: { readonly usd: number; readonly parts: Record<string, number> };
  /** LIST calls with which loads look for work, growing with the objects of the last days and not with history. */
  readonly listing: { readonly callsPerMonth: number; readonly usd: number };
  /** What raw data costs by the class it moves to: per 100 GB and month, and to read 100 GB of it again. */
  readonly storage: readonly StorageLine[];
  readonly usageLimit?: { readonly rpuHours: number; readonly breachAction: string; readonly usd: number };
  readonly assumptions: typeof A;
}

type Props = Record<string, unknown>;
type Pricer = (p: Props) => { idle: number; note: string };

const free =
  (note: string): Pricer =>
  () => ({ idle: 0, note });
const NO_CHARGE = free('no charge');
const num = (value: unknown, otherwise = 0): number => (typeof value === 'number' ? value : otherwise);
const dig = (value: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>(
    (v, key) => (v && typeof v === 'object' ? (v as Record<string | number, unknown>)[key] : undefined),
    value,
  );

/**
 * The standing charge of each resource type that the stacks use. A type that is not here is refused: a new resource has to bring its price.
 */
const PRICERS: Record<string, Pricer> = {
  'AWS::Kinesis::Stream': stream,
  'AWS::KMS::Key': key,
  'AWS::SecretsManager::Secret': () => ({ idle: P.secretsManager.secretMonth, note: 'one secret' }),
  'AWS::CloudWatch::Alarm': (p) => {
    const metrics = Array.isArray(p['Metrics']) ? p['Metrics'].filter((m) => dig(m, 'MetricStat')).length : 1;
    return { idle: metrics * P.cloudWatch.alarmMetricMonth, note: `${metrics} metric` };
  },
  'AWS::CloudWatch::CompositeAlarm': () => ({ idle: P.cloudWatch.compositeAlarmMonth, note: 'composite alarm' }),
  'AWS::EC2::NatGateway': () => ({ idle: P.network.natGatewayHour * P.hoursPerMonth, note: 'per hour, traffic apart' }),
  'AWS::EC2::VPCEndpoint': (p) => {
    if (p['VpcEndpointType'] !== 'Interface') return { idle: 0, note: 'gateway endpoint, no charge' };
    const zones = Math.max(1, (p['SubnetIds'] as unknown[] | undefined)?.length ?? 1);
    return { idle: zones * P.network.interfaceEndpointAzHour * P.hoursPerMonth, note: `interface in ${zones} zones` };
  },
  'AWS::RedshiftServerless::Workgroup': free('asleep; woken compute is shown apart'),
  'AWS::RedshiftServerless::Namespace': free(`storage ${P.redshift.gbMonth} USD per GB and month`),
  'AWS::S3::Bucket': free(`storage ${P.s3.gbMonth} USD per GB and month`),
  'AWS::Lambda::Function': free('per invocation'),
  'AWS::StepFunctions::StateMachine': free('per transition'),
  'AWS::Scheduler::Schedule': (p) => ({
    idle: clockCost(String(p['ScheduleExpression'])),
    note: 'looks for work, wakes nothing',
  }),
  'AWS::Logs::LogGroup': free(`${P.cloudWatch.logsGbIn} USD per GB written`),
  'AWS::EC2::FlowLog': free(`${P.cloudWatch.logsGbIn} USD per GB written`),
  'AWS::SQS::Queue': free('per message'),
  'AWS::SNS::Topic': free('per message'),
  'AWS::SNS::Subscription': NO_CHARGE,
  'AWS::Events::Rule': free('per event'),
  'AWS::Lambda::EventSourceMapping': NO_CHARGE,
  'AWS::Lambda::Permission': NO_CHARGE,
  'AWS::Budgets::Budget': NO_CHARGE,
  'AWS::CDK::Metadata': NO_CHARGE,
  'AWS::IAM::ManagedPolicy': NO_CHARGE,
  'AWS::IAM::Role': NO_CHARGE,
  'AWS::S3::BucketPolicy': NO_CHARGE,
  'AWS::SNS::TopicPolicy': NO_CHARGE,
  'AWS::SQS::QueuePolicy': NO_CHARGE,
  'AWS::EC2::VPC': NO_CHARGE,
  'AWS::EC2::Subnet': NO_CHARGE,
  'AWS::EC2::RouteTable': NO_CHARGE,
  'AWS::EC2::SubnetRouteTableAssociation': NO_CHARGE,
  'AWS::EC2::SecurityGroup': NO_CHARGE,
};

/** Shards or the stream itself, and what it keeps beyond the first day. */
function stream(p: Props): { idle: number; note: string } {
  const hours = num(p['RetentionPeriodHours'], 24);
  if (dig(p, 'StreamModeDetails', 'StreamMode') === 'ON_DEMAND') {
    return {
      idle: P.kinesis.onDemandStreamHour * P.hoursPerMonth,
      note: `on demand, keeps ${hours} h (kept data is billed by the GB)`,
    };
  }
  const shards = num(p['ShardCount'], 1);
  const extended = hours > 24 ? P.kinesis.extendedShardHour : 0;
  return {
    idle: shards * (P.kinesis.shardHour + extended) * P.hoursPerMonth,
    note: `${shards} shard${shards > 1 ? 's' : ''}, keeps ${hours} h`,
  };
}

/** A key in its third year, when the rotations up to then are billed too. */
function key(p: Props): { idle: number; note: string } {
  const period = p['EnableKeyRotation'] === true ? num(p['RotationPeriodInDays'], 365) : Infinity;
  const rotations = Math.min(P.kms.billedRotations, Math.floor((3 * 365 - 1) / period));
  return {
    idle: P.kms.keyMonth + rotations * P.kms.rotationMonth,
    note: `third year, ${rotations} billed rotation${rotations === 1 ? '' : 's'}`,
  };
}

/** Executions that find nothing: transitions and one short invocation each. */
function clockCost(expression: string): number {
  const transitions = (A.transitionsIdle * P.stepFunctions.transitionsThousand) / 1000;
  const invocation = P.lambda.requestsMillion / 1e6 + P.lambda.armGbSecond;
  return runsPerMonth(expression) * (transitions + invocation);
}

/**
 * Prices the synthesized templates of one environment.
 * @throws Error naming every resource type that has no price.
 */
export function costOf(stacks: StackTemplate[]): CostReport {
  const resources = stacks.flatMap(({ stack, template }) =>
    Object.entries(template.Resources).map(([id, r]) => ({ stack, id, ...r, props: r.Properties ?? {} })),
  );
  const unknown = [...new Set(resources.map((r) => r.Type))].filter((t) => !PRICERS[t] && !t.startsWith('Custom::'));
  if (unknown.length) throw new Error(`no price for ${unknown.join(', ')}: add it to ops/cost/model.ts`);
  const lines = resources.map(({ stack, id, Type, props }): CostLine => {
    const { idle, note } = (PRICERS[Type] ?? free('runs when a stack changes'))(props);
    return { stack, resource: id, type: Type, idle, note };
  });
  const idle = sum(lines.map((l) => l.idle));
  const rpu = num(one(resources, 'AWS::RedshiftServerless::Workgroup')?.props['BaseCapacity'], 128);
  const daily = cadence('one load a day', 365.25 / 12, rpu);
  const configured = configuredCadence(resources, rpu);
  return {
    priceDate: P.date,
    region: P.region,
    idle,
    oneLoadADay: idle + daily.usd,
    configured,
    lines,
    cadences: [
      alwaysAwake('on arrival, never asleep', rpu),
      ...[1, 5, 15, 60].map((m) =>
        cadence(m === 60 ? 'every hour' : `every ${m} min`, runsPerMonth(`rate(${m} minutes)`), rpu),
      ),
      daily,
    ],
    perMillionEvents: perMillion(resources),
    listing: listing(resources),
    storage: storage(resources),
    usageLimit: usageLimit(resources),
    assumptions: A,
  };
}

interface Found extends TemplateResource {
  stack: string;
  id: string;
  props: Props;
}

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const one = (resources: Found[], type: string): Found | undefined => resources.find((r) => r.Type === type);

/** A metric is billed for the hours in which it is written. */
const metrics = (wakesPerMonth: number): number =>
  A.customMetrics * P.cloudWatch.metricMonth * Math.min(1, wakesPerMonth / P.hoursPerMonth);

/** Compute of the warehouse, transitions and metrics of so many loads. */
const cadence = (name: string, wakesPerMonth: number, rpu: number): CadenceLine => ({
  cadence: name,
  wakesPerMonth,
  usd:
    wakesPerMonth *
      ((rpu * P.redshift.rpuHour * A.secondsPerLoad) / 3600 +
        (A.transitionsPerLoad * P.stepFunctions.transitionsThousand) / 1000) +
    // The daily check wakes the warehouse once more on a day on which something was loaded.
    (Math.min(wakesPerMonth, runsPerMonth('rate(1 day)')) * rpu * P.redshift.rpuHour * P.redshift.minimumSeconds) /
      3600 +
    metrics(wakesPerMonth),
});

const alwaysAwake = (name: string, rpu: number): CadenceLine => ({
  cadence: name,
  wakesPerMonth: 1,
  usd: rpu * P.redshift.rpuHour * P.hoursPerMonth + metrics(Infinity),
});

/** The cadence that the template states: a rule on new objects, or the schedules of the load machine, each finding work every time. */
function configuredCadence(resources: Found[], rpu: number): CadenceLine {
  const machine = resources.find(
    (r) => r.Type === 'AWS::StepFunctions::StateMachine' && r.id.startsWith('LoadMachine'),
  )?.id;
  const rules = resources.filter((r) => r.Type === 'AWS::Events::Rule');
  const onArrival = rules.some((r) =>
    ((r.props['Targets'] as unknown[]) ?? []).some((t) => dig(t, 'Arn', 'Ref') === machine),
  );
  if (machine && onArrival) return alwaysAwake('on arrival, never asleep', rpu);
  const open = resources.filter(
    (r) =>
      r.Type === 'AWS::Scheduler::Schedule' &&
      dig(r.props, 'Target', 'Arn', 'Ref') === machine &&
      String(dig(r.props, 'Target', 'Input')).includes('"open"'),
  );
  const expressions = open.map((r) => String(r.props['ScheduleExpression']));
  return cadence(expressions.join(' + ') || 'none', sum(expressions.map(runsPerMonth)), rpu);
}

/** Marginal cost of a million events in full batches; standing charges and the warehouse apart. */
function perMillion(resources: Found[]): { usd: number; parts: Record<string, number> } {
  const events = 1e6;
  const source = one(resources, 'AWS::Kinesis::Stream')?.props ?? {};
  const mapping = one(resources, 'AWS::Lambda::EventSourceMapping');
  const functionId = dig(mapping?.props, 'FunctionName', 'Ref');
  const memory = num(resources.find((r) => r.id === functionId)?.props['MemorySize'], 128);
  const perBatch = Math.min(num(mapping?.props['BatchSize'], 100), Math.floor(A.batchBytes / A.recordBytes));
  const batches = events / perBatch;
  const gb = (events * A.recordBytes) / 1e9;
  // CPU comes with memory, so the work costs the same GB-seconds below one core as at it.
  const gbSeconds = (events * A.msPerRecord * (Math.max(memory, A.measuredAtMb) / 1024)) / 1000;
  const parts: Record<string, number> = {
    'Kinesis in':
      dig(source, 'StreamModeDetails', 'StreamMode') === 'ON_DEMAND'
        ? ((events * Math.max(1024, A.recordBytes)) / 1e9) * P.kinesis.onDemandGbIn + gb * P.kinesis.onDemandGbOut
        : P.kinesis.putUnitsMillion * Math.ceil(A.recordBytes / 25_000),
    'Lambda ingest': gbSeconds * P.lambda.armGbSecond + (batches / 1e6) * P.lambda.requestsMillion,
    'S3 requests': (batches * A.objectsPerBatch * P.s3.putThousand) / 1000,
    'S3 and warehouse storage, first month': ((events * A.storedBytesPerEvent) / 1e9) * P.s3.gbMonth,
    'object events': ((batches * A.announcedPerBatch) / 1e6) * P.eventBridge.eventsMillion,
    logs: ((batches * A.logBytesPerInvocation) / 1e9) * P.cloudWatch.logsGbIn,
  };
  return { usd: sum(Object.values(parts)), parts };
}

function usageLimit(resources: Found[]): CostReport['usageLimit'] {
  const limit = one(resources, 'Custom::CarelakeUsageLimit')?.props;
  if (!limit) return undefined;
  const rpuHours = Number(limit['RpuHoursPerMonth']);
  return { rpuHours, breachAction: String(limit['BreachAction']), usd: rpuHours * P.redshift.rpuHour };
}
