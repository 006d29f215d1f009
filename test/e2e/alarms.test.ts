import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { loadConfig } from '../../config';
import { bundledCode } from '../../lib/app';
import { generate } from '../../synthetic';
import { cleanUp as removeAssemblies, synthesized } from '../infra/apps';
import { newFolder } from './laptop';
import { VirtualPlatform } from './virtual';

jest.setTimeout(300_000);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const records = [...generate({ patients: 60, events: 900, seed: 11 })].map(({ partitionKey, data }) => ({
  partitionKey,
  data: Buffer.from(data),
}));

let assembly: string;
beforeAll(() => {
  const local = loadConfig('local');
  // Given up after seven hours: after the alarm on the stream's age, which comes with a quarter of its retention.
  assembly = synthesized({ ...local, ingest: { ...local.ingest, maxRecordAgeSeconds: 7 * 3600 } }, bundledCode());
});
afterAll(async () => {
  jest.restoreAllMocks();
  await VirtualPlatform.stopAll();
  removeAssemblies();
});

let sent = 0;
/** The next records of the network into the stream. */
const push = ({ platform, names }: VirtualPlatform, count = 20): void => {
  platform.endpoints.kinesis.putRecords(names.stream, records.slice(sent, sent + count));
  sent = (sent + count) % 800;
};
const land = ({ platform, names }: VirtualPlatform, key: string, text: string): Promise<unknown> =>
  platform.endpoints.s3.put(names.buckets.landing!, key, Buffer.from(text), {});
const silver = ({ platform, names }: VirtualPlatform, key: string, body: Uint8Array): Promise<unknown> =>
  platform.endpoints.s3.put(names.buckets.silver!, key, body, {});
const arrivalHour = (): string => new Date(Date.now() - HOUR).toISOString().slice(0, 13);
/** Refuses an action of roles on resources whose ARN holds a text. */
const refusing = (p: VirtualPlatform, action: string, of = ''): void =>
  p.refusing((request) => request.action === action && request.resource.includes(of));
const healed = (p: VirtualPlatform): void => {
  p.refusing(() => false);
  for (const fn of ['IngestStream', 'Load']) p.platform.reserve(fn, undefined);
};

/** A copy of the assembly, its pipeline changed as a hand in the console would. */
function changed(
  change: (resources: Record<string, { Type: string; Properties: Record<string, unknown> }>) => void,
): string {
  const copy = mkdtempSync(join(tmpdir(), 'carelake-changed-'));
  cpSync(assembly, copy, { recursive: true });
  const file = join(copy, 'Pipeline.template.json');
  const template = JSON.parse(readFileSync(file, 'utf8')) as { Resources: Parameters<typeof change>[0] };
  change(template.Resources);
  writeFileSync(file, JSON.stringify(template));
  return copy;
}

/** What raises an alarm, and the virtual time that it may take. Those of one platform run in this order, each on what is left of the last. */
interface Fault {
  readonly minutes: number;
  readonly stepMs?: number;
  inject(p: VirtualPlatform): unknown;
}

const RUNNING: Record<string, Fault> = {
  // Before anything has read the secret: a process keeps it.
  IngestErrors: {
    minutes: 5,
    inject: (p) => {
      refusing(p, 'secretsmanager:GetSecretValue');
      push(p);
    },
  },
  FileRefused: { minutes: 3, inject: (p) => land(p, 'nobody/file.csv', 'a,b\n1,2\n') },
  ObjectRefused: {
    minutes: 10,
    inject: (p) => {
      // Parquet of one column, where the table has all of a clinic's.
      const body = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'x', data: [1], type: 'INT32' }] }));
      return silver(p, `clinic/v1/arrival=${arrivalHour()}/shardId-000000000000-1-2.parquet`, body);
    },
  },
  // Outside of what a selection lists; the daily sweep looks there.
  ObjectUnreadable: {
    minutes: 10,
    inject: async (p) => {
      await silver(p, 'clinic/v1/by-hand.parquet', Buffer.from('no Parquet'));
      void p.platform.execute('LoadMachine', { window: 'full' });
    },
  },
  QuarantineShare: {
    minutes: 5,
    inject: (p) => {
      const bad = Array.from({ length: 60 }, (_, i) => ({ partitionKey: `${i}`, data: Buffer.from('{"half":') }));
      p.platform.endpoints.kinesis.putRecords(p.names.stream, bad);
    },
  },
  StreamThrottled: {
    minutes: 3,
    inject: async (p) => {
      const kinesis = new KinesisClient({
        endpoint: p.platform.url,
        region: 'us-east-1',
        credentials: p.platform.endpoints.callers.user,
        maxAttempts: 1,
      });
      // Virtual time stands still, so that all of them fall into one second of one shard.
      const Records = Array.from({ length: 500 }, () => ({ PartitionKey: 'hot', Data: Buffer.from('{}') }));
      const failed: (number | undefined)[] = [];
      for (let i = 0; i < 3; i++)
        failed.push(
          (await kinesis.send(new PutRecordsCommand({ StreamName: p.names.stream, Records }))).FailedRecordCount,
        );
      kinesis.destroy();
      expect(failed).toEqual([0, 0, 500]);
    },
  },
  LoadFailed: {
    minutes: 30,
    stepMs: 5000,
    inject: (p) => {
      refusing(p, 'redshift-data:BatchExecuteStatement');
      push(p);
    },
  },
  FunctionsThrottled: {
    minutes: 10,
    inject: (p) => {
      p.platform.reserve('Load', 0);
      p.platform.reserve('IngestStream', 0);
      push(p);
    },
  },
  LoadTimedOut: {
    minutes: 130,
    stepMs: 10_000,
    inject: (p) => {
      p.platform.reserve('Load', 0);
      push(p);
    },
  },
  LoadOverdue: {
    minutes: 150,
    stepMs: 20_000,
    inject: (p) => {
      p.platform.reserve('Load', 0);
      push(p);
    },
  },
  BatchesNotWritten: {
    minutes: 10,
    inject: (p) => {
      refusing(p, 's3:PutObject', p.names.buckets.bronze!);
      push(p);
    },
  },
  StreamAge: {
    minutes: 50,
    inject: (p) => {
      refusing(p, 's3:PutObject', p.names.buckets.bronze!);
      push(p);
    },
  },
  GivenUpUndelivered: {
    minutes: 9 * 60,
    stepMs: 30_000,
    inject: (p) => {
      refusing(p, 's3:PutObject', p.names.buckets.bronze!);
      const { s3 } = p.platform.endpoints;
      const put = s3.put.bind(s3);
      jest
        .spyOn(s3, 'put')
        .mockImplementation((bucket, ...rest) =>
          bucket === p.names.buckets.failed ? Promise.reject(new Error('refused')) : put(bucket, ...rest),
        );
      push(p);
    },
  },
  KeysEndangered: {
    minutes: 25 * 60,
    stepMs: 5 * MINUTE,
    inject: (p) => {
      jest.restoreAllMocks();
      const key = p.platform.resources.find((r) => r.type === 'AWS::KMS::Key')!;
      p.platform.endpoints.keys.schedule(String(key.attributes.Arn), p.clock.now() + 7 * 24 * HOUR);
    },
  },
};

/** Those that take hours or days: on a platform of their own, since every minute of it costs as much as what the others left behind. */
const LASTING: Record<string, Fault> = {
  // Tried again for hours before it fails.
  FileFailed: {
    minutes: 36 * 60,
    stepMs: MINUTE,
    inject: (p) => {
      // Of the version that the event names.
      refusing(p, 's3:GetObjectVersion', p.names.buckets.landing!);
      return land(p, 'example-clinic-csv/file.csv', 'a,b\n1,2\n');
    },
  },
  // Read past, as from a checkpoint that is ahead of its stream.
  RecordsMissing: {
    minutes: 7 * 60,
    stepMs: MINUTE,
    inject: async (p) => {
      jest.restoreAllMocks();
      const { kinesis } = p.platform.endpoints;
      const past = jest
        .spyOn(kinesis, 'read')
        .mockImplementation((name, shard) => ({ records: [], next: kinesis.end(name, shard), millisBehindLatest: 0 }));
      push(p, 60);
      await p.pass(5 * MINUTE);
      past.mockRestore();
      expect(p.behind()).toBe(0);
    },
  },
  CheckFailed: {
    minutes: 25 * 60,
    stepMs: 5 * MINUTE,
    inject: async (p) => {
      push(p, 400);
      await p.settled();
      const { warehouse } = p.platform.endpoints;
      const facts = async () => Number((await warehouse.query('SELECT count(*) FROM core.appointment')).rows[0]![0]);
      const before = await facts();
      const first = '(SELECT min(appointment_key) FROM core.appointment)';
      await warehouse.query(`DELETE FROM core.appointment WHERE appointment_key = ${first}`);
      expect([await facts(), before > 1]).toEqual([before - 1, true]);
    },
  },
};

/** Faults of a deployment: a mapping that somebody disabled, and rules whose role lost its right. */
const DEPLOYED: Record<string, Fault> = {
  StreamStandsStill: { minutes: 40, stepMs: 10_000, inject: (p) => push(p) },
  StartUndelivered: { minutes: 3, inject: (p) => land(p, 'example-clinic-csv/file.csv', 'a,b\n1,2\n') },
  // The daily sweep finds what the rule could not start.
  LandedUnread: {
    minutes: 26 * 60,
    stepMs: 5 * MINUTE,
    inject: (p) => land(p, 'example-clinic-csv/lost.csv', 'a,b\n1,2\n'),
  },
};

async function raises(p: VirtualPlatform, name: string, { minutes, stepMs = 1000, inject }: Fault): Promise<void> {
  const healthy = (): boolean => !p.raisedNow().includes(name);
  await p.until(`${name} over`, healthy, 26 * HOUR, 5 * MINUTE);
  await inject(p);
  await p.until(`${name} raised`, () => !healthy(), minutes * MINUTE, stepMs);
  healed(p);
}

describe('every alarm is raised by a fault of its own', () => {
  let running: VirtualPlatform;
  let deployed: VirtualPlatform;
  let lasting: VirtualPlatform;
  beforeAll(async () => {
    running = await VirtualPlatform.boot(assembly, newFolder('alarms'), { shardLimits: true });
    lasting = await VirtualPlatform.boot(assembly, newFolder('alarms'), { shardLimits: true });
    const without = changed((resources) => {
      for (const [id, { Type, Properties }] of Object.entries(resources)) {
        if (Type === 'AWS::Lambda::EventSourceMapping') Properties['Enabled'] = false;
        if (Type === 'AWS::IAM::ManagedPolicy' && id.startsWith('TriggersFileLanded'))
          Properties['PolicyDocument'] = {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: 'states:ListStateMachines', Resource: '*' }],
          };
      }
    });
    deployed = await VirtualPlatform.boot(without, newFolder('alarms'));
  });

  test('no alarm of the template is without one', () => {
    const alarms = running.platform.alarms().map(({ name }) => name.replace(/^Alarms/, ''));
    expect([RUNNING, LASTING, DEPLOYED].flatMap(Object.keys).sort()).toEqual(alarms.sort());
  });

  test.each(Object.entries(DEPLOYED))('%s', (name, fault) => raises(deployed, name, fault));
  test.each(Object.entries(LASTING))('%s', (name, fault) => raises(lasting, name, fault));
  test.each(Object.entries(RUNNING))('%s', (name, fault) => raises(running, name, fault));
});

test.each(['Faults', 'ExecutionFailed'] as const)('under the scheme of dev: %s', async (name) => {
  const local = loadConfig('local');
  const dev = synthesized({ ...local, alarms: { ...local.alarms, scheme: 'folded' } }, bundledCode());
  const p = await VirtualPlatform.boot(dev, newFolder('alarms'));
  expect(p.platform.alarms().map((alarm) => alarm.name.replace(/^Alarms/, ''))).toContain(name);
  const fault = { Faults: RUNNING['FileRefused']!, ExecutionFailed: RUNNING['LoadFailed']! }[name];
  await raises(p, name, fault);
  expect(p.everRaised).toEqual([name]);
  await p.stop();
});

test('thirty quiet minutes of steady traffic raise none', async () => {
  const raised: string[] = [];
  const p = await VirtualPlatform.boot(assembly, newFolder('quiet'), {
    onAlarm: ({ name, state }) => state === 'ALARM' && raised.push(name),
  });
  for (let minute = 0; minute < 30; minute++) {
    push(p);
    await p.pass(MINUTE, 2000);
  }
  expect(raised).toEqual([]);
  expect(p.behind()).toBe(0);
  expect((await p.counts()).accepted).toBeGreaterThan(400);
  expect(new Set(p.platform.alarms().map(({ state }) => state))).toEqual(new Set(['OK']));
  await p.stop();
});
