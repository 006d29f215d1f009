import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RealClock, type Clock } from './clock';
import { createDoors } from './doors/server';
import type { Doors } from './doors/types';
import { Bus } from './engines/bus';
import { writeWhole } from './engines/checkpoints';
import { applyCustomResource } from './engines/custom-resource';
import { EventSourceMapping } from './engines/event-source-mapping';
import type { RuleTarget } from './engines/rules';
import { parseSchedule, runSchedule } from './engines/schedule';
import { shardsOf } from './engines/shards';
import { StateMachines, type Ending } from './engines/state-machine';
import { lockFolder } from './lock';
import { notRun, type NotRun } from './resources/catalog';
import { Functions } from './resources/functions';
import { identifyIn, sharedNames } from './resources/identities';
import { givenKeySecret, isKeySecret, secretValue } from './resources/secrets';
import {
  bucketsOf,
  customResourcesOf,
  functionsOf,
  machinesOf,
  mappingsOf,
  rulesOf,
  schedulesOf,
  streamsOf,
  warehouseOf,
  type MachineOfRole,
  type MappingOfTemplate,
} from './resources/specs';
import { readAssembly } from './template/assembly';
import { Resolver, type Resource } from './template/intrinsics';
import { createAuthorizer, type RoleAuthorizer } from './template/policies';

/** Account and region that the laptop's templates resolve to. */
export const PLACE = { account: '000000000000', region: 'us-east-1' } as const;
/** Time that running invocations get when the platform stops, in milliseconds. */
const GRACE_MS = 5000;
const POLL_MS = 50;

/** How a platform is booted. */
export interface BootOptions {
  /** Synthesized assembly (`cdk.out`). */
  readonly assemblyDir: string;
  /** Folder of the data; made with mode 0700. */
  readonly dataDir: string;
  /** Port on 127.0.0.1; 0 takes any free one. */
  readonly port: number;
  readonly clock?: Clock;
  /** File with the secret of the durable keys, instead of a random one. */
  readonly keySecretFile?: string;
  readonly onProgress?: (detail: string) => void;
  /** Memory of the warehouse's engine, e.g. `4GB`. */
  readonly warehouseMemory?: string;
}

/** What is under way. */
export interface Status {
  /** Records not settled yet, by mapping. */
  readonly behind: Readonly<Record<string, number>>;
  /** ARNs of running executions. */
  readonly executions: readonly string[];
  /** Invocations that run or wait. */
  readonly invocations: number;
  /** Events between a bucket and the targets of its rules. */
  readonly events: number;
  readonly warehouseBusy: boolean;
}

/** A booted platform. */
export interface Platform {
  readonly url: string;
  readonly port: number;
  readonly doors: Doors;
  /** The template, resolved. */
  readonly resources: readonly Resource[];
  /** Stack outputs by stack id and output name. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** What of the template stays off, and why. */
  readonly notRun: readonly NotRun[];
  /** Role checks, granted and used pairs. */
  readonly roles: RoleAuthorizer;
  status(): Status;
  /** Resolves when nothing has been under way for `quietMs`: streams drained, no execution, event, invocation or statement. */
  idle(options: { quietMs: number; signal?: AbortSignal }): Promise<void>;
  /** Invokes a function by logical id, name or ARN. @returns its reply. @throws FunctionError */
  invoke(fn: string, event: unknown): Promise<unknown>;
  /** Starts a state machine by logical id, name or ARN. @returns how it ends. */
  execute(machine: string, input: unknown): Promise<Ending>;
  stop(): Promise<void>;
}

/**
 * Boots what an assembly describes on a data folder: a fresh one, or one that an earlier process left in any way.
 * @throws FolderInUse; Error naming stack and resource for what the laptop cannot run; the doors' error when the port is taken.
 */
export async function bootPlatform(options: BootOptions): Promise<Platform> {
  const assembly = readAssembly(options.assemblyDir);
  const resolver = new Resolver(assembly, PLACE, identifyIn(PLACE, sharedNames(assembly.stacks)));
  const resources = resolver.resources();
  const off = notRun(resources);
  const roles = createAuthorizer(resources);
  const specs = functionsOf(resources, assembly, options.dataDir);
  const machines = machinesOf(resources, specs);
  const mappings = mappingsOf(resources, specs, PLACE.region);

  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const unlock = lockFolder(options.dataDir);
  const closers: (() => unknown)[] = [unlock];
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  };
  try {
    return await boot({
      options,
      resources,
      roles,
      specs,
      machines,
      mappings,
      off,
      outputs: resolver.outputs(),
      closers,
      stop,
    });
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Boot {
  readonly options: BootOptions;
  readonly resources: Resource[];
  readonly roles: RoleAuthorizer;
  readonly specs: ReturnType<typeof functionsOf>;
  readonly machines: MachineOfRole[];
  readonly mappings: MappingOfTemplate[];
  readonly off: NotRun[];
  readonly outputs: Platform['outputs'];
  /** Undone last to first. */
  readonly closers: (() => unknown)[];
  stop(): Promise<void>;
}

async function boot(b: Boot): Promise<Platform> {
  const { options, resources, roles, closers } = b;
  const { dataDir, clock = new RealClock(), onProgress: tell = () => undefined } = options;
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  const log = (line: string): void =>
    appendFileSync(join(dataDir, 'logs', 'platform.log'), `${new Date(clock.now()).toISOString()} ${line}\n`, {
      mode: 0o600,
    });

  tell('opening the stores');
  const doors = await createDoors({
    dataDir,
    clock,
    ...PLACE,
    ...warehouseOf(resources),
    authorize: roles.authorize,
    warehouseMemory: options.warehouseMemory,
  });
  closers.push(() => doors.close());
  makeStores(b, doors);

  const { port, url } = await doors.listen(options.port);
  writeWhole(join(dataDir, 'endpoint.json'), JSON.stringify({ port, pid: process.pid, url }));
  closers.push(() => rmSync(join(dataDir, 'endpoint.json'), { force: true }));

  const functions = new Functions(b.specs, { doors, url, region: PLACE.region, roles, log });
  closers.push(() => functions.stop());
  for (const spec of customResourcesOf(resources)) {
    tell(`applying ${spec.logicalId}`);
    await applyCustomResource(spec, {
      ...PLACE,
      dir: join(dataDir, 'custom-resources'),
      invoke: (fn, event) => functions.invoke(fn, event),
    });
  }

  const machines = startMachines(b, { clock, functions, log });
  const bus = startBus(b, { doors, machines, functions, log });
  startSchedules(b, { clock, machines, functions, log });
  const mappings = startMappings(b, { doors, clock, functions, log });
  tell('ready');

  const status = (): Status => ({
    behind: Object.fromEntries(mappings.map((m) => [m.spec.name, m.behind()])),
    executions: machines.executions(),
    invocations: functions.busy,
    events: bus.pending,
    warehouseBusy: doors.warehouse.busy,
  });
  const machineOf = (id: string): string => {
    const found =
      b.machines.find((m) => m.logicalId === id || m.name === id || m.arn === id) ??
      b.machines.find((m) => m.logicalId.startsWith(id));
    if (!found) throw new Error(`no state machine ${id}`);
    return found.arn;
  };
  return {
    url,
    port,
    doors,
    resources,
    outputs: b.outputs,
    notRun: b.off,
    roles,
    status,
    idle: ({ quietMs, signal }) => untilQuiet(status, quietMs, signal),
    invoke: async (fn, event) => JSON.parse(await functions.invoke(fn, JSON.stringify(event))) as unknown,
    execute: (machine, input) => machines.start(machineOf(machine), input as never).ended,
    stop: b.stop,
  };
}

function makeStores({ resources, options }: Boot, doors: Doors): void {
  for (const { name } of bucketsOf(resources)) doors.s3.createBucket(name);
  for (const { name, shards, retentionHours } of streamsOf(resources))
    doors.kinesis.createStream(name, shards, retentionHours);
  for (const resource of resources.filter((r) => r.type === 'AWS::SecretsManager::Secret')) {
    const file = isKeySecret(resource) ? options.keySecretFile : undefined;
    const given = file && givenKeySecret(resource, file, readFileSync(file, 'utf8'));
    // The arn ends in a hyphen and six characters that the name lacks.
    const name = resource.ref.split(':').at(-1)!.slice(0, -7);
    const { secretString } = doors.secrets.ensure(
      resource.ref,
      name,
      () => given ?? secretValue(resource),
      resource.properties.Description as string,
    );
    if (given && given !== secretString)
      throw new Error(
        `${options.dataDir} was made with another key secret than ${file}: its keys would not match; use another folder`,
      );
  }
}

interface Engines {
  readonly doors: Doors;
  readonly clock: Clock;
  readonly functions: Functions;
  readonly machines: StateMachines;
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

function startMachines(
  b: Boot,
  { clock, functions, log }: Pick<Engines, 'clock' | 'functions' | 'log'>,
): StateMachines {
  for (const { roleArn, logs } of b.machines)
    if (logs) for (const action of LOG_DELIVERY) b.roles.require(roleArn, `logs:${action}`, '*');
  const byArn = new Map(b.machines.map((m) => [m.arn, m]));
  const machines = new StateMachines(b.machines, {
    clock,
    dir: join(b.options.dataDir, 'executions'),
    log,
    invoke: (fn, payload, machineArn) => functions.invoke(fn, payload, byArn.get(machineArn)!.roleArn),
  });
  b.closers.push(() => machines.stop());
  const resumed = machines.resume();
  if (resumed) log(`${resumed} executions go on`);
  return machines;
}

/** Starts what a rule or a schedule names, by its role. */
function sender(b: Boot, { machines, functions, log }: Pick<Engines, 'machines' | 'functions' | 'log'>) {
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

function startBus(b: Boot, engines: Pick<Engines, 'doors' | 'machines' | 'functions' | 'log'>): Bus {
  const runs = (arn: string): boolean => b.machines.some((m) => m.arn === arn) || b.specs.some((f) => f.arn === arn);
  const { rules, off } = rulesOf(b.resources, runs);
  for (const { rule, target } of off)
    b.off.push({ type: 'AWS::Events::Rule', logicalId: rule, reason: `its target ${target} is not run` });
  const buckets = bucketsOf(b.resources).filter((bucket) => bucket.events);
  const bus = new Bus(rules, {
    s3: engines.doors.s3,
    ...PLACE,
    dir: join(b.options.dataDir, 'events'),
    buckets: buckets.map((bucket) => bucket.name),
    send: sender(b, engines),
    log: engines.log,
  });
  b.closers.push(() => bus.stop());
  const missed = bus.start();
  if (missed) engines.log(`${missed} events of an earlier process delivered`);
  return bus;
}

function startSchedules(b: Boot, engines: Pick<Engines, 'clock' | 'machines' | 'functions' | 'log'>): void {
  const abort = new AbortController();
  const send = sender(b, engines);
  for (const schedule of schedulesOf(b.resources)) {
    const fire = (): void => {
      const name = `${schedule.name}_${engines.clock.now()}`;
      try {
        send({ arn: schedule.targetArn, roleArn: schedule.roleArn }, JSON.parse(schedule.input), name);
      } catch (error) {
        engines.log(`schedule ${schedule.name}: ${(error as Error).message}`);
      }
    };
    void runSchedule(parseSchedule(schedule), engines.clock, abort.signal, fire);
  }
  b.closers.push(() => abort.abort());
}

/** Actions that Lambda needs to read a stream, checked when a mapping is made. */
const READ_STREAM = ['DescribeStream', 'DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards'];

function startMappings(b: Boot, { doors, clock, functions, log }: Omit<Engines, 'machines'>): EventSourceMapping[] {
  const mappings = b.mappings.map((spec) => {
    const stream = streamsOf(b.resources).find((s) => s.arn === spec.streamArn);
    if (!stream) throw new Error(`mapping ${spec.name}: no stream ${spec.streamArn}`);
    for (const action of READ_STREAM) b.roles.require(spec.roleArn, `kinesis:${action}`, stream.arn);
    const bucket = spec.onFailureBucket;
    return new EventSourceMapping(spec, {
      shards: shardsOf(doors.kinesis, stream.name),
      clock,
      dir: join(b.options.dataDir, 'esm', spec.name),
      invoke: (event) => functions.invoke(spec.functionArn, event),
      giveUp:
        bucket === undefined
          ? undefined
          : async ({ key, body }) => {
              b.roles.require(spec.roleArn, 's3:ListBucket', `arn:aws:s3:::${bucket}`);
              b.roles.require(spec.roleArn, 's3:PutObject', `arn:aws:s3:::${bucket}/${key}`);
              await doors.s3.put(bucket, key, body, { contentType: 'application/json' });
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

async function untilQuiet(status: () => Status, quietMs: number, signal?: AbortSignal): Promise<void> {
  const wait = new RealClock();
  for (let since = Date.now(); Date.now() - since < quietMs;) {
    const { behind, executions, invocations, events, warehouseBusy } = status();
    const busy =
      executions.length + invocations + events > 0 || warehouseBusy || Object.values(behind).some((n) => n > 0);
    if (busy) since = Date.now();
    await wait.sleep(Math.min(POLL_MS, Math.max(1, quietMs)), signal);
  }
}
