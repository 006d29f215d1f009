import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inBackground } from './background';
import type { Clock } from './clock';
import type { Endpoints } from './endpoints/types';
import { Alarms, type AlarmPorts } from './engines/alarms';
import { Bus } from './engines/bus';
import { highestCheckpoint } from './engines/checkpoints';
import { DeadLetters } from './engines/dead-letters';
import { EventSourceMapping } from './engines/event-source-mapping';
import type { Count, Metrics } from './engines/metrics';
import { Redelivery } from './engines/redelivery';
import type { RuleTarget } from './engines/rules';
import { parseSchedule, runSchedule } from './engines/schedule';
import { shardsOf } from './engines/shards';
import { InvalidStart, StateMachines } from './engines/state-machine';
import { alarmsOf } from './resources/alarms';
import type { NotRun } from './resources/catalog';
import type { Functions } from './resources/functions';
import { givenKeySecret, isKeySecret, secretValue } from './resources/secrets';
import {
  bucketsOf,
  queuesOf,
  rulesOf,
  schedulesOf,
  streamsOf,
  type FunctionOfRole,
  type MachineOfRole,
  type MappingOfTemplate,
} from './resources/specs';
import type { Resource } from './template/intrinsics';
import { NotAllowed, type RoleAuthorizer } from './template/policies';

/** Account and region that the laptop's templates resolve to. */
export const PLACE = { account: '000000000000', region: 'us-east-1' } as const;
/** Time that running invocations get when the platform stops, in milliseconds. */
const GRACE_MS = 5000;

/** What the template describes, read and checked, on its way to running. */
export interface Wiring {
  readonly dataDir: string;
  readonly keySecretFile?: string;
  readonly resources: readonly Resource[];
  readonly roles: RoleAuthorizer;
  readonly functions: readonly FunctionOfRole[];
  readonly machines: readonly MachineOfRole[];
  readonly mappings: readonly MappingOfTemplate[];
  /** Filled as targets are found that are not run. */
  readonly off: NotRun[];
  /** Undone last to first. */
  readonly closers: (() => unknown)[];
}

/**
 * Makes buckets, streams and secrets, or finds them.
 * @param tell what the user should know of what was found
 * @throws Error when another key secret is given than the folder has
 */
export function makeStores(w: Wiring, endpoints: Endpoints, tell: (line: string) => void): void {
  const { resources, dataDir, keySecretFile } = w;
  for (const { name, versioned } of bucketsOf(resources)) endpoints.s3.createBucket(name, { versioned });
  for (const { type, attributes } of resources)
    if (type === 'AWS::KMS::Key') endpoints.keys.ensure(String(attributes.Arn));
  for (const { name, arn, shards, retentionHours } of streamsOf(resources)) {
    endpoints.kinesis.createStream(name, shards, retentionHours);
    const readers = w.mappings.filter((m) => m.streamArn === arn).map((m) => mappingFolder(w, m));
    const lost = endpoints.kinesis.goOnAbove(name, (shardId) =>
      Math.max(0, ...readers.map((dir) => highestCheckpoint(dir, shardId))),
    );
    for (const { shardId, from, to } of lost)
      tell(
        `${shardId} of stream ${name} has lost its end: acknowledged records with numbers from ${from} to ${to} are no longer in its log. ` +
          'Those that had been read are in the lake; send the latest records again (docs/producers.md). New records get higher numbers',
      );
  }
  for (const resource of resources.filter((r) => r.type === 'AWS::SecretsManager::Secret')) {
    const file = isKeySecret(resource) ? keySecretFile : undefined;
    const given = file && givenKeySecret(resource, file, readFileSync(file, 'utf8'));
    // The arn ends in a hyphen and six characters that the name lacks.
    const name = resource.ref.split(':').at(-1)!.slice(0, -7);
    const { secretString } = endpoints.secrets.ensure(
      resource.ref,
      name,
      () => given ?? secretValue(resource),
      resource.properties.Description as string,
    );
    if (given && given !== secretString)
      throw new Error(
        `${dataDir} was made with another key secret than ${file}: its keys would not match; use another folder`,
      );
  }
}

const mappingFolder = (w: Wiring, { name }: { readonly name: string }): string => join(w.dataDir, 'esm', name);

interface Engines {
  readonly endpoints: Endpoints;
  readonly clock: Clock;
  readonly functions: Functions;
  readonly machines: StateMachines;
  readonly deadLetters: DeadLetters;
  readonly count: Count;
  log(line: string): void;
}

/** Actions that Step Functions needs to write an execution log, checked when a machine is made. */
const LOG_DELIVERY = [
  'CreateLogDelivery',
  'GetLogDelivery',
  'UpdateLogDelivery',
  'DeleteLogDelivery',
  'ListLogDeliveries',
  'PutResourcePolicy',
  'DescribeResourcePolicies',
  'DescribeLogGroups',
];

/** State machines, with the executions that a former process left. */
export function startMachines(
  b: Wiring,
  {
    clock,
    functions,
    count,
    log,
    lastSeen,
  }: Pick<Engines, 'clock' | 'functions' | 'count' | 'log'> & { lastSeen?: number },
): StateMachines {
  for (const { roleArn, logs } of b.machines)
    if (logs) for (const action of LOG_DELIVERY) b.roles.require(roleArn, `logs:${action}`, '*');
  const byArn = new Map(b.machines.map((m) => [m.arn, m]));
  const machines = new StateMachines(b.machines, {
    clock,
    dir: join(b.dataDir, 'executions'),
    count,
    log,
    invoke: (fn, payload, machineArn) => functions.invoke(fn, payload, byArn.get(machineArn)!.roleArn),
  });
  // At once: whatever fails after this must leave no execution behind that keeps the process alive.
  b.closers.push(() => machines.stop());
  const resumed = machines.resume(lastSeen);
  if (resumed) log(`${resumed} executions resumed`);
  return machines;
}

/** Starts what a rule or a schedule names, by its role. */
function sender(b: Wiring, { machines, functions, log }: Pick<Engines, 'machines' | 'functions' | 'log'>) {
  return (target: Pick<RuleTarget, 'arn' | 'roleArn'>, input: unknown, name: string): void => {
    if (b.machines.some((m) => m.arn === target.arn)) {
      b.roles.require(String(target.roleArn), 'states:StartExecution', target.arn);
      machines.start(target.arn, input as never, name);
      return;
    }
    // Asynchronous: the function's failure is its own log's matter.
    functions
      .invoke(target.arn, JSON.stringify(input), target.roleArn)
      .catch((error: Error) => log(`${target.arn}: ${error.name}`));
  };
}

/** The queues of the template, with what former processes put into them. */
export const openDeadLetters = (b: Wiring, clock: Clock): DeadLetters =>
  new DeadLetters(queuesOf(b.resources), { clock, dir: join(b.dataDir, 'queues') });

/** Puts a start that could not be delivered into the queue that its target names. */
function undelivered(deadLetters: DeadLetters) {
  return ({ deadLetterArn }: Pick<RuleTarget, 'deadLetterArn'>, input: unknown): void => {
    if (deadLetterArn !== undefined) deadLetters.send(deadLetterArn, input);
  };
}

/** The alarms of the template, evaluated every minute. @throws Error naming an alarm that the laptop cannot evaluate. */
export function startAlarms(
  b: Wiring,
  { clock, metrics, deadLetters, log }: Pick<Engines, 'clock' | 'deadLetters' | 'log'> & { metrics: Metrics },
  changed: AlarmPorts['changed'],
): Alarms {
  const alarms = new Alarms(alarmsOf(b.resources), {
    clock,
    metrics,
    file: join(b.dataDir, 'alarms.json'),
    gauges: () => deadLetters.gauges(),
    changed: (status, was) => {
      log(`alarm ${status.name}: ${was} → ${status.state}`);
      changed(status, was);
    },
  });
  b.closers.push(() => alarms.stop());
  alarms.start();
  return alarms;
}

/** Delivers the starts that rules and schedules owe, again until they are taken. */
export function startRedelivery(
  b: Wiring,
  engines: Pick<Engines, 'clock' | 'machines' | 'functions' | 'deadLetters' | 'log'>,
): Redelivery {
  const redelivery = new Redelivery({
    clock: engines.clock,
    file: join(b.dataDir, 'refused.json'),
    send: sender(b, engines),
    permanent: (error) => error instanceof NotAllowed || error instanceof InvalidStart,
    undelivered: undelivered(engines.deadLetters),
    log: engines.log,
  });
  b.closers.push(() => redelivery.stop());
  const left = redelivery.resume();
  if (left) engines.log(`${left} starts that an earlier process could not deliver are retried`);
  return redelivery;
}

/** Events of buckets to the targets of rules. */
export function startBus(b: Wiring, engines: Pick<Engines, 'endpoints' | 'log'> & { redelivery: Redelivery }): Bus {
  const runs = (arn: string): boolean =>
    b.machines.some((m) => m.arn === arn) || b.functions.some((f) => f.arn === arn);
  const { rules, off } = rulesOf(b.resources, runs);
  for (const { rule, target } of off)
    b.off.push({ type: 'AWS::Events::Rule', logicalId: rule, reason: `its target ${target} is not run` });
  const buckets = bucketsOf(b.resources).filter((bucket) => bucket.events);
  const bus = new Bus(rules, {
    s3: engines.endpoints.s3,
    ...PLACE,
    dir: join(b.dataDir, 'events'),
    buckets: buckets.map((bucket) => bucket.name),
    redelivery: engines.redelivery,
    log: engines.log,
  });
  b.closers.push(() => bus.stop());
  const missed = bus.start();
  if (missed) engines.log(`${missed} events of an earlier process delivered`);
  return bus;
}

/** Schedules, on the platform's clock. */
export function startSchedules(
  b: Wiring,
  { clock, redelivery }: Pick<Engines, 'clock'> & { redelivery: Redelivery },
): void {
  const abort = new AbortController();
  for (const schedule of schedulesOf(b.resources)) {
    const fire = (): void => {
      redelivery.deliver({
        owner: `schedule ${schedule.name}`,
        target: schedule.target,
        input: JSON.parse(schedule.input) as unknown,
        name: `${schedule.name}_${clock.now()}`,
      });
    };
    inBackground(`schedule ${schedule.name}`, runSchedule(parseSchedule(schedule), clock, abort.signal, fire));
  }
  b.closers.push(() => abort.abort());
}

/** Actions that Lambda needs to read a stream, checked when a mapping is made. */
const READ_STREAM = ['DescribeStream', 'DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards'];

/** Event-source mappings, each by the role of its function. */
export function startMappings(
  b: Wiring,
  { endpoints, clock, functions, count, log }: Omit<Engines, 'machines' | 'deadLetters'>,
): EventSourceMapping[] {
  const mappings = b.mappings.map((spec) => {
    const stream = streamsOf(b.resources).find((s) => s.arn === spec.streamArn);
    if (!stream) throw new Error(`mapping ${spec.name}: no stream ${spec.streamArn}`);
    for (const action of READ_STREAM) b.roles.require(spec.roleArn, `kinesis:${action}`, stream.arn);
    const bucket = spec.onFailureBucket;
    const FunctionName = b.functions.find((f) => f.arn === spec.functionArn)!.name;
    const publish = (name: string, value: number): void =>
      count({ namespace: 'AWS/Lambda', name, dimensions: { FunctionName }, value });
    return new EventSourceMapping(spec, {
      shards: shardsOf(endpoints.kinesis, stream.name),
      clock,
      dir: mappingFolder(b, spec),
      invoke: (event) => functions.invoke(spec.functionArn, event),
      age: (ms) => publish('IteratorAge', ms),
      giveUp:
        bucket === undefined
          ? undefined
          : async ({ key, body }) => {
              try {
                b.roles.require(spec.roleArn, 's3:ListBucket', `arn:aws:s3:::${bucket}`);
                b.roles.require(spec.roleArn, 's3:PutObject', `arn:aws:s3:::${bucket}/${key}`);
                await endpoints.s3.put(bucket, key, body, { contentType: 'application/json' });
              } catch (error) {
                publish('DestinationDeliveryFailures', 1);
                throw error;
              }
            },
      log,
    });
  });
  b.closers.push(async () => {
    const stopped = Promise.all(mappings.map((m) => m.stop()));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, GRACE_MS)));
    await Promise.race([stopped, late]);
    clearTimeout(timer);
    // A batch that would take longer comes again at the next start.
    functions.stop();
    await stopped;
  });
  for (const mapping of mappings) mapping.start();
  return mappings;
}
