import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { RealClock, VirtualClock } from '@carelake/laptop/clock';
import { kinesisEndpoint, OPERATIONS as KINESIS } from '@carelake/laptop/endpoints/kinesis';
import { openKinesisStore } from '@carelake/laptop/endpoints/kinesis-store';
import { kmsEndpoint, openKeyStore, OPERATIONS as KMS } from '@carelake/laptop/endpoints/kms';
import { OPERATIONS as REDSHIFT, redshiftDataEndpoint } from '@carelake/laptop/endpoints/redshift-data';
import { ON_BUCKET, ON_OBJECT, s3Endpoint } from '@carelake/laptop/endpoints/s3';
import { openS3Store } from '@carelake/laptop/endpoints/s3-store';
import { openSecretStore } from '@carelake/laptop/endpoints/secret-store';
import { OPERATIONS as SECRETS, secretsEndpoint } from '@carelake/laptop/endpoints/secrets';
import { OPERATIONS as STATES, statesEndpoint } from '@carelake/laptop/endpoints/states';
import type { EndpointCall, EndpointReply } from '@carelake/laptop/endpoints/types';
import { Alarms } from '@carelake/laptop/engines/alarms';
import { parseDefinition } from '@carelake/laptop/engines/asl';
import { Bus } from '@carelake/laptop/engines/bus';
import { applyCustomResource } from '@carelake/laptop/engines/custom-resource';
import { EventSourceMapping } from '@carelake/laptop/engines/event-source-mapping';
import { Metrics } from '@carelake/laptop/engines/metrics';
import { Redelivery } from '@carelake/laptop/engines/redelivery';
import { runSchedule } from '@carelake/laptop/engines/schedule';
import { StateMachines } from '@carelake/laptop/engines/state-machine';
import { openWarehouse } from '@carelake/laptop/engines/warehouse';
import { FunctionPool } from '@carelake/laptop/engines/worker';
import { functionSpec, MemoryShard, scratch, settle } from './fixtures';

/**
 * Makes everything fail that a request or an engine leans on, one after the other, in a process of its own: a failure that nobody hears ends
 * it. Prints what it tried.
 */
const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
/** What is being tried, for whoever looks for what ended this process. */
let at = 'the beginning';
process.on('exit', (code) => void (code && process.stderr.write(`while trying ${at}\n`)));

const broken = (): never => {
  throw Object.assign(new Error('no room for PATIENT-CANARY'), { code: 'ENOSPC' });
};

/** The thing, whose functions fail at once or, where they answer later, later: as long as the fault is there. */
const failing = <T extends object>(thing: T, fault: () => Fault): T =>
  new Proxy(thing, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function' || fault() === 'nothing') return value;
      if (fault() === 'stores at once') return broken;
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, args);
        return answer instanceof Promise && fault() === 'stores later' ? answer.then(broken) : answer;
      };
    },
  });

/** Members that the operations of all services ask for. */
const INPUT = {
  ...{ StreamName: 's', PartitionKey: 'k', Data: 'eA==', Records: [{ PartitionKey: 'k', Data: 'eA==' }] },
  ...{
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON',
    ShardIterator: 'x',
    SecretId: 'secret',
    KeyId: 'arn:key',
  },
  ...{ stateMachineArn: 'arn:m', executionArn: 'arn:e', name: 'n', input: '{}' },
  ...{ WorkgroupName: 'w', Database: 'carelake', Table: 't', Id: '00000000-0000-4000-8000-000000000000' },
};
const inputOf = (operation: string, made: object): object => ({
  ...{ ...INPUT, ...made },
  ...(operation === 'ExecuteStatement' ? { Sql: 'SELECT 1', WaitTimeSeconds: 10 } : { Sqls: ['SELECT 1', 'SELECT 2'] }),
});

type Fault = 'nothing' | 'stores at once' | 'stores later' | 'folder gone' | 'body breaks off';
const FAULTS: readonly Fault[] = ['nothing', 'stores at once', 'stores later', 'folder gone', 'body breaks off'];

function call(method: string, path: string, body: string, fault: Fault, headers = {}): EndpointCall {
  const bytes = function* (): Generator<Buffer> {
    yield Buffer.from(body.slice(0, 5));
    if (fault === 'body breaks off') broken();
    yield Buffer.from(body.slice(5));
  };
  return {
    ...{ method, path, headers: { host: '127.0.0.1', 'content-length': String(body.length), ...headers } },
    query: new URLSearchParams(path.split('?')[1] ?? ''),
    body: Readable.from(bytes()),
    caller: { kind: 'user', arn: 'arn:aws:iam::000000000000:user/carelake', accessKeyId: 'carelake' },
    requestId: 'r',
    allow: () => undefined,
    continueBody: () => undefined,
  };
}

/** What came of a call: its status, or the kind of its error. */
async function outcome(work: () => Promise<EndpointReply>): Promise<string> {
  try {
    const { status, body } = await work();
    if (body instanceof Readable) for await (const part of body) void part;
    return String(status);
  } catch (error) {
    return (error as Error).name;
  }
}

async function endpoints(injected: Fault, told: Record<string, string>): Promise<void> {
  let fault: Fault = 'nothing';
  const { dir, clean } = scratch();
  const clock = new RealClock();
  const place = { clock, region: REGION, account: ACCOUNT };
  const s3 = await openS3Store(dir, clock);
  s3.createBucket('b-1');
  await s3.put('b-1', 'k', 'content of it');
  const kinesis = openKinesisStore(join(dir, 'kinesis'), place);
  kinesis.createStream('s', 1, 24);
  const secrets = openSecretStore(join(dir, 'secrets'), clock);
  secrets.ensure('arn:secret', 'secret', () => 'value');
  const keys = openKeyStore(join(dir, 'kms'));
  keys.ensure('arn:key');
  const warehouse = await openWarehouse({ dataDir: dir, memory: '256MB', threads: 1 });
  const info = { executionArn: 'arn:e', machineArn: 'arn:m', status: 'RUNNING', startedAt: 0 } as const;
  const executions = {
    machines: () => [{ arn: 'arn:m', name: 'm' }],
    start: () => ({ known: false, info }),
    describe: () => info,
  };
  const as = <T extends object>(thing: T): T => failing(thing, () => fault);
  const data = redshiftDataEndpoint({ warehouse: as(warehouse), dataDir: dir, roleOf: () => undefined, ...place });
  const json = {
    kinesis: [KINESIS, kinesisEndpoint(as(kinesis), clock, REGION, ACCOUNT)],
    redshift: [REDSHIFT, data.endpoint],
    kms: [KMS, kmsEndpoint(as(keys), clock)],
    secrets: [SECRETS, secretsEndpoint(as(secrets))],
    states: [STATES, statesEndpoint(() => as(executions))],
  } as const;
  const objects = s3Endpoint(as(s3), dir, clock, REGION, ACCOUNT);
  // What later operations ask about is made while all is well.
  const answer = async (reply: Promise<EndpointReply>): Promise<string> => String((await reply).body);
  const ask = (endpoint: typeof data.endpoint, name: string): Promise<string> =>
    answer(endpoint(call('POST', '/', JSON.stringify(inputOf(name, {})), fault), name));
  const made = {
    ...(JSON.parse(await ask(json.kinesis[1], 'GetShardIterator')) as object),
    ...(JSON.parse(await ask(json.redshift[1], 'ExecuteStatement')) as object),
  };
  const upload = /<UploadId>([^<]+)/.exec(await answer(objects(call('POST', '/b-1/k?uploads', '', fault))))?.[1];
  await settle();
  fault = injected;
  if (fault === 'folder gone') rmSync(dir, { recursive: true });

  for (const [service, [operations, endpoint]] of Object.entries(json))
    for (const operation of Object.keys(operations)) {
      const body = JSON.stringify(inputOf(operation, made));
      at = `${fault}: ${service} ${operation}`;
      told[`${service} ${operation}`] = await outcome(() => endpoint(call('POST', '/', body, fault), operation));
      await settle();
    }
  for (const [table, path] of [
    [ON_BUCKET, '/b-1'],
    [ON_OBJECT, '/b-1/k'],
  ] as const)
    for (const operation of Object.keys(table)) {
      const [method = '', sub = ''] = operation.split(' ');
      const query = sub.replace('+upload', '') + (sub.includes('+upload') ? `&uploadId=${upload}&partNumber=1` : '');
      const body = '<Delete><Object><Key>other</Key></Object></Delete>';
      const target = method === 'DELETE' || method === 'PUT' ? path.replace(/b-1$/, 'b-2') : path;
      at = `${fault}: s3 ${operation} ${path}`;
      told[`s3 ${operation} ${path}`] = await outcome(() => objects(call(method, `${target}?${query}`, body, fault)));
      await settle();
    }
  // What was begun has an end, whatever became of it.
  await data.close();
  await warehouse.close().catch(() => undefined);
  clean();
}

/** Runs an engine with the ports that `spoil` gives it, until it has come to rest. */
type Course = (spoil: <P extends object>(ports: P) => P) => Promise<void>;

const ENGINES: Readonly<Record<string, Course>> = {
  async bus(spoil) {
    const { dir, clean } = scratch();
    const s3 = await openS3Store(dir, new RealClock());
    s3.createBucket('b-1');
    const rule = { name: 'r', pattern: { source: ['aws.s3'] }, targets: [{ id: 't', arn: 'a' }] };
    const ports = { s3, account: ACCOUNT, region: REGION, dir: join(dir, 'events'), buckets: ['b-1'] };
    for (const [at, send] of [() => undefined, broken].entries()) {
      const log = (): void => undefined;
      const starts = { clock: new VirtualClock(), file: join(dir, `refused-${at}.json`), send, log };
      const redelivery = new Redelivery(spoil({ ...starts, undelivered: () => undefined, permanent: () => at === 1 }));
      const bus = new Bus([rule], spoil({ ...ports, redelivery, log }));
      bus.start();
      await s3.put('b-1', `k${at}`, 'x');
      await settle();
      bus.stop();
      redelivery.stop();
    }
    clean();
  },
  async machines(spoil) {
    const { dir, clean } = scratch();
    const arn = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:m`;
    const task = {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Parameters: { FunctionName: 'f' },
      End: true,
    };
    const definition = parseDefinition('m', JSON.stringify({ StartAt: 'T', States: { T: task } }), () => true);
    for (const result of [() => Promise.resolve('{}'), () => Promise.reject(new Error('cannot'))]) {
      const ports = { clock: new RealClock(), dir, invoke: result, log: () => undefined, count: () => undefined };
      const machines = new StateMachines([{ name: 'm', arn, definition }], spoil(ports));
      try {
        await machines.start(arn, {}).ended;
      } catch (error) {
        // Not begun, and whoever asked for it knows.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
      await machines.stop();
    }
    clean();
  },
  async mapping(spoil) {
    const { dir, clean } = scratch();
    const clock = new VirtualClock();
    const shard = new MemoryShard();
    const spec = { id: 'i', name: 'm', functionArn: 'f', streamArn: 's', roleArn: 'r', region: REGION, batchSize: 10 };
    const rest = { windowSeconds: 0, parallelization: 1, reportItemFailures: true, bisect: true, maxRetries: 0 };
    const ports = {
      ...{ shards: [shard], clock, dir, giveUp: () => Promise.resolve(), log: () => undefined, count: () => undefined },
      invoke: (event: string) => (event.length > 700 ? Promise.reject(new Error('cannot')) : Promise.resolve('null')),
    };
    const mapping = new EventSourceMapping(
      { ...spec, ...rest, maxAgeSeconds: -1, startingPosition: 'TRIM_HORIZON' },
      spoil(ports),
    );
    mapping.start();
    shard.put(clock.now(), 'a', 'b', 'c'.repeat(900));
    for (let i = 0; i < 20; i++) await clock.advance(5000);
    await mapping.stop();
    clean();
  },
  async functions(spoil) {
    const { dir, clean } = scratch();
    const source = `export const handler = async () => { console.log('{"_aws":{"CloudWatchMetrics":[]}}'); return {}; };`;
    const { onMetrics } = spoil({ onMetrics: () => undefined });
    const pool = new FunctionPool(functionSpec(dir, source), onMetrics);
    await pool.invoke('{}');
    pool.stop();
    clean();
  },
  async alarms(spoil) {
    const { dir, clean } = scratch();
    const clock = new VirtualClock(30_000);
    const alarms = new Alarms(
      [
        {
          name: 'a',
          description: '',
          periods: 1,
          datapoints: 1,
          periodSeconds: 60,
          queries: [],
          missing: 'notBreaching',
        },
      ] as never,
      spoil({
        clock,
        metrics: new Metrics(),
        file: join(dir, 'alarms.json'),
        gauges: () => [],
        changed: () => undefined,
      }),
    );
    alarms.start();
    await clock.advance(150_000);
    rmSync(dir, { recursive: true });
    await clock.advance(150_000);
    clean();
  },
  async schedule(spoil) {
    const clock = new VirtualClock();
    const abort = new AbortController();
    const { fire } = spoil({ fire: () => undefined });
    const running = runSchedule((from) => from + 60_000, clock, abort.signal, fire);
    await clock.advance(200_000);
    abort.abort();
    await running.catch(() => undefined);
  },
  async 'custom resource'(spoil) {
    const { dir, clean } = scratch();
    const spec = {
      logicalId: 'R',
      type: 'Custom::R',
      stackName: 's',
      functionArn: 'f',
      properties: {},
      timeoutSeconds: 1,
    };
    const ports = { account: ACCOUNT, region: REGION, dir, invoke: () => Promise.reject(new Error('cannot')) };
    await applyCustomResource(spec as never, spoil(ports)).catch(() => undefined);
    clean();
  },
};

/** Every callback of every engine, found by what it is given, failing at once and later. */
async function engines(told: Record<string, string>): Promise<void> {
  for (const [engine, course] of Object.entries(ENGINES)) {
    const names = new Set<string>();
    await course((ports) => {
      for (const [name, value] of Object.entries(ports)) if (typeof value === 'function') names.add(name);
      return ports;
    });
    for (const name of names)
      for (const how of ['at once', 'later'] as const) {
        const fail = how === 'at once' ? broken : (): Promise<never> => Promise.resolve().then(broken);
        // A callback that answers nothing cannot fail later.
        if (how === 'later' && !['invoke', 'giveUp'].includes(name)) continue;
        at = `${engine}.${name} ${how}`;
        await course((ports) => (name in ports ? { ...ports, [name]: fail } : ports));
        told[`${engine}.${name} ${how}`] = 'went on';
      }
  }
}

async function main(): Promise<void> {
  const told: Record<string, Record<string, string>> = {};
  for (const fault of FAULTS) await endpoints(fault, (told[fault] = {}));
  await engines((told.engines = {}));
  await settle();
  process.stdout.write(JSON.stringify(told));
}

main().catch((error: Error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
