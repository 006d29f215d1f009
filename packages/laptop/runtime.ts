import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RealClock, type Clock } from './clock';
import { ownFolder } from './data-folder';
import { foundFull, disk, refuseFull, watchDisk, type DiskPolicy } from './disk';
import { createEndpoints } from './endpoints/server';
import type { Endpoints, PageContent } from './endpoints/types';
import type { AlarmState, AlarmStatus } from './engines/alarms';
import { writeWhole } from './engines/checkpoints';
import { applyCustomResource } from './engines/custom-resource';
import { folderTime } from './engines/folder-time';
import { Metrics, type Count } from './engines/metrics';
import { refuseLostWarehouse } from './engines/lost-warehouse';
import type { Ending } from './engines/state-machine';
import { lockFolder, startOf } from './lock';
import { notRun, type NotRun } from './resources/catalog';
import { Functions } from './resources/functions';
import { identifyIn, sharedNames } from './resources/identities';
import { customResourcesOf, functionsOf, machinesOf, mappingsOf, warehouseOf } from './resources/specs';
import { readAssembly } from './template/assembly';
import { databaseRoles } from './template/database-roles';
import { Resolver, type Resource } from './template/intrinsics';
import { createAuthorizer, type RoleAuthorizer } from './template/policies';
import {
  makeStores,
  openDeadLetters,
  PLACE,
  startAlarms,
  startBus,
  startMachines,
  startMappings,
  startRedelivery,
  startSchedules,
  type Wiring,
} from './wiring';

export { PLACE } from './wiring';
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
  /** The machine's time, instead of its own clock. For tests. */
  readonly wall?: () => number;
  /** File with the secret of the durable keys, instead of a random one. */
  readonly keySecretFile?: string;
  readonly onProgress?: (detail: string) => void;
  /** Syncs everything before it is acknowledged, so that a power failure loses nothing either. */
  readonly durable?: boolean;
  /** Called before each operation on the disk; what it throws is the operation's failure. For tests. */
  readonly beforeDisk?: DiskPolicy['before'];
  /** Told what the user should know: what was lost, a full disk. */
  readonly onNotice?: (line: string) => void;
  /** Memory of the warehouse's engine, e.g. `4GB`. */
  readonly warehouseMemory?: string;
  /** Shards refuse what those of an account would; absent: they take what the disk takes. */
  readonly shardLimits?: boolean;
  /** Sections that the page for browsers shows before those of what runs. */
  readonly page?: () => PageContent;
  /** Told of every change of an alarm's state. */
  readonly onAlarm?: (status: AlarmStatus, was: AlarmState) => void;
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
  /** Starts that their target refused, and that are delivered again. */
  readonly refused: number;
  readonly warehouseBusy: boolean;
}

/** A booted platform. */
export interface Platform {
  readonly url: string;
  /** Address of the page for browsers, with the token that lets one in. */
  readonly page: string;
  readonly port: number;
  readonly endpoints: Endpoints;
  /** The template, resolved. */
  readonly resources: readonly Resource[];
  /** Stack outputs by stack id and output name. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** What of the template stays off, and why. */
  readonly notRun: readonly NotRun[];
  /** Role checks, granted and used pairs. */
  readonly roles: RoleAuthorizer;
  status(): Status;
  /** Invocations of functions since the boot: while there are none, lake and warehouse are what they were. */
  invoked(): number;
  /** The alarms of the template as they stand, in its order. */
  alarms(): readonly AlarmStatus[];
  /** Resolves when nothing has been under way for `quietMs`: streams drained, no execution, event, invocation or statement. */
  idle(options: { quietMs: number; signal?: AbortSignal }): Promise<void>;
  /** Invokes a function by logical id, name or ARN. @returns its reply. @throws FunctionError */
  invoke(fn: string, event: unknown): Promise<unknown>;
  /** Reserves concurrency of a function, as PutFunctionConcurrency does: 0 throttles every invocation; undefined takes it back. */
  reserve(fn: string, concurrency: number | undefined): void;
  /** Starts a state machine by logical id, name or ARN. @returns how it ends. */
  execute(machine: string, input: unknown): Promise<Ending>;
  stop(): Promise<void>;
}

/**
 * Boots what an assembly describes on a data folder: a fresh one, or one that an earlier process left in any way.
 * @throws FolderInUse; Error naming stack and resource for what the laptop cannot run; the endpoints' error when the port is taken.
 */
export async function bootPlatform(options: BootOptions): Promise<Platform> {
  const { assemblyDir, dataDir, keySecretFile } = options;
  const assembly = readAssembly(assemblyDir);
  const resolver = new Resolver(assembly, PLACE, identifyIn(PLACE, sharedNames(assembly.stacks)));
  const resources = resolver.resources();
  const functions = functionsOf(resources, assembly, dataDir);
  const wiring: Wiring = {
    dataDir,
    keySecretFile,
    resources,
    functions,
    roles: createAuthorizer(resources),
    machines: machinesOf(resources, functions),
    mappings: mappingsOf(resources, functions, PLACE.region),
    off: notRun(resources),
    closers: [],
  };
  ownFolder(dataDir);
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  wiring.closers.push(lockFolder(dataDir));
  const { durable, beforeDisk: before, onNotice } = options;
  wiring.closers.push(
    watchDisk(dataDir, {
      durable,
      before,
      onFull: ({ message }) => onNotice?.(message),
    }),
  );
  const stop = async (): Promise<void> => {
    for (let close = wiring.closers.pop(); close; close = wiring.closers.pop()) await close();
  };
  try {
    return await run(wiring, options, resolver.outputs(), stop);
  } catch (error) {
    // A function, or the warehouse, that fails on a full disk tells its own failure; the disk is what somebody can mend.
    const full = foundFull(join(options.dataDir, 'any'));
    await stop();
    throw full ?? error;
  }
}

async function run(
  w: Wiring,
  options: BootOptions,
  outputs: Platform['outputs'],
  stop: () => Promise<void>,
): Promise<Platform> {
  const { onProgress: tell = () => undefined, onAlarm = () => undefined } = options;
  const { dataDir, resources, roles, closers } = w;
  const time = options.clock ? undefined : folderTime(dataDir, options.wall);
  const clock = options.clock ?? time!.clock;
  closers.push(() => time?.stop());
  time?.start();
  const log = (line: string): void => {
    try {
      disk.append(join(dataDir, 'logs', 'platform.log'), `${new Date(clock.now()).toISOString()} ${line}\n`, false);
    } catch {
      // What is done does not fail for its line in a log; a full disk is told by itself.
    }
  };
  const notice = (line: string): void => {
    log(line);
    options.onNotice?.(line);
  };

  const metrics = new Metrics();
  const count: Count = (sample) => metrics.add(sample, clock.now());
  // Before anything happens that an alarm counts.
  const deadLetters = openDeadLetters(w, clock);
  const alarms = startAlarms(w, { clock, metrics, deadLetters, log }, onAlarm);

  tell('opening the stores');
  refuseLostWarehouse(dataDir);
  const endpoints = await createEndpoints({
    dataDir,
    clock,
    ...PLACE,
    ...warehouseOf(resources),
    authorize: roles.authorize,
    warehouseMemory: options.warehouseMemory,
    shardLimits: options.shardLimits,
    count,
  });
  closers.push(() => endpoints.close());
  endpoints.setDatabaseRoles(databaseRoles(resources));
  makeStores(w, endpoints, notice);

  const { port, url, page } = await endpoints.listen(options.port);
  const start = startOf(process.pid);
  writeWhole(join(dataDir, 'endpoint.json'), JSON.stringify({ port, pid: process.pid, start, url, page }));
  closers.push(() => rmSync(join(dataDir, 'endpoint.json'), { force: true }));

  const functions = new Functions(w.functions, { endpoints, url, region: PLACE.region, roles, count, log });
  closers.push(() => functions.stop());
  for (const spec of customResourcesOf(resources)) {
    tell(`applying ${spec.logicalId}`);
    await applyCustomResource(spec, {
      ...PLACE,
      dir: join(dataDir, 'custom-resources'),
      invoke: (fn, event) => functions.invoke(fn, event),
    });
  }

  const machines = startMachines(w, { clock, functions, count, log, lastSeen: time?.lastSeen });
  endpoints.setExecutions({
    machines: () => machines.list(),
    start: (arn, input, name) => machines.begin(arn, input as never, name),
    describe: (arn) => machines.describe(arn),
  });
  const redelivery = startRedelivery(w, { clock, machines, functions, deadLetters, log });
  const bus = startBus(w, { endpoints, redelivery, log });
  startSchedules(w, { clock, redelivery });
  const mappings = startMappings(w, { endpoints, clock, functions, count, log });
  // Before the functions: an execution whose function is killed by the stop has not failed.
  closers.push(() => machines.stop());
  tell('ready');

  const status = (): Status => ({
    behind: Object.fromEntries(mappings.map((m) => [m.spec.name, m.behind()])),
    executions: machines.executions(),
    invocations: functions.busy,
    events: bus.pending,
    refused: redelivery.waiting,
    warehouseBusy: endpoints.warehouse.busy,
  });
  const machineOf = (id: string): string => {
    const found =
      w.machines.find((m) => m.logicalId === id || m.name === id || m.arn === id) ??
      w.machines.find((m) => m.logicalId.startsWith(id));
    if (!found) throw new Error(`no state machine ${id}`);
    return found.arn;
  };
  const stackNames = new Map(resources.map(({ stack, stackName }) => [stack, stackName]));
  endpoints.setStacks(Object.entries(outputs).map(([id, of]) => ({ name: stackNames.get(id) ?? id, outputs: of })));
  endpoints.setPageContent(() => ({ ...options.page?.(), ...pageOf(url, outputs, status()) }));
  return {
    url,
    page,
    port,
    endpoints,
    resources,
    outputs,
    notRun: w.off,
    roles,
    status,
    invoked: () => functions.invoked,
    alarms: () => alarms.status(),
    reserve: (fn, concurrency) => functions.reserve(fn, concurrency),
    idle: ({ quietMs, signal }) => untilQuiet(dataDir, status, quietMs, signal),
    invoke: async (fn, event) => JSON.parse(await functions.invoke(fn, JSON.stringify(event))) as unknown,
    execute: (machine, input) => machines.start(machineOf(machine), input as never).ended,
    stop,
  };
}

/** What a browser is shown: where things are and whether anything is under way. Names and counts alone. */
function pageOf(url: string, outputs: Platform['outputs'], status: Status): PageContent {
  const { behind, executions, invocations, events, warehouseBusy } = status;
  const texts = (values: object): Record<string, string> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  return {
    Endpoints: { 'every AWS protocol': url },
    'Under way': {
      ...Object.fromEntries(Object.entries(behind).map(([name, n]) => [`records behind, ${name}`, String(n)])),
      ...texts({ executions: executions.length, invocations, events, statements: warehouseBusy ? 'yes' : 'none' }),
    },
    ...Object.fromEntries(Object.entries(outputs).map(([stack, values]) => [`Outputs of ${stack}`, texts(values)])),
  };
}

/** @throws DiskFull, since what is under way then does not end */
async function untilQuiet(dataDir: string, status: () => Status, quietMs: number, signal?: AbortSignal): Promise<void> {
  const wait = new RealClock();
  // Time alone proves nothing: a process that was held up finds that much time gone since it last saw something under way.
  for (let quiet = 0, since = 0; ;) {
    refuseFull(join(dataDir, 'x'));
    const { behind, executions, invocations, events, refused, warehouseBusy } = status();
    const busy =
      executions.length + invocations + events + refused > 0 ||
      warehouseBusy ||
      Object.values(behind).some((n) => n > 0);
    if (busy) quiet = 0;
    else if (quiet++ === 0) since = performance.now();
    if (quiet * POLL_MS > quietMs && performance.now() - since >= quietMs) return;
    await wait.sleep(Math.min(POLL_MS, Math.max(1, quietMs)), signal);
  }
}
