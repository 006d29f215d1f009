import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pathOfKey } from '@carelake/laptop/endpoints/s3-keys';
import { keyId } from '../../core/lake/names';
import { checkGivenUp, checkIngest, checkLoad, checkLoaded, checkReadable, difference } from '../../cli/conservation';
import { environmentOf, exportsText } from '../../cli/environment';
import { CliError } from '../../cli/errors';
import { asCliError } from '../../cli/failures';
import type { RunState } from '../../cli/folder';
import { alarmLine } from '../../cli/laptop';
import { table } from '../../cli/output';
import { linesOf, partitionKeyOf } from '../../cli/records';
import { reconcile, type Source } from '../../cli/source';
import { putRecords } from '../../cli/put-records';
import type { KinesisClient } from '@aws-sdk/client-kinesis';

const cliError = (run: () => unknown): CliError => {
  try {
    run();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('lines of an input', () => {
  const lines = async (...chunks: Buffer[]) => {
    const found: [number, string][] = [];
    for await (const { line, bytes } of linesOf(Readable.from(chunks))) found.push([line, bytes.toString('latin1')]);
    return found;
  };

  it('are bytes, whatever they hold, wherever the chunks end', async () => {
    const whole = Buffer.from('one\r\n\ntwo\xff\nthree', 'latin1');
    const expected = [
      [1, 'one'],
      [3, 'two\xff'],
      [4, 'three'],
    ];
    expect(await lines(whole)).toEqual(expected);
    expect(await lines(...[...whole].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  it('begin after a byte-order mark, and an empty input has none', async () => {
    expect(await lines(Buffer.from('\ufeff{}\n', 'utf8'))).toEqual([[1, '{}']]);
    expect(await lines()).toEqual([]);
    expect(await lines(Buffer.from('\n\r\n'))).toEqual([]);
  });

  it('get a partition key that repeats for the same bytes and tells nothing', () => {
    expect(partitionKeyOf(Buffer.from('a'))).toBe(partitionKeyOf(Buffer.from('a')));
    expect(partitionKeyOf(Buffer.from('Ada Lee'))).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('conservation', () => {
  it('is an error when records are missing or too many', () => {
    checkIngest({ received: 3, accepted: 2, quarantined: 1, unmapped: 0, held: 0 }, 'here');
    expect(
      cliError(() => checkIngest({ received: 3, accepted: 2, quarantined: 0, unmapped: 0, held: 0 }, 'here')).exitCode,
    ).toBe(1);
    expect(
      cliError(() => checkIngest({ received: 3, accepted: 4, quarantined: 0, unmapped: 0, held: 0 }, 'here')).render(),
    ).toContain('3 received');
    checkLoad({ read: 6, applied: 3, superseded: 2, duplicate: 1, withdrawn: 0 }, 'here');
    expect(
      cliError(() => checkLoad({ read: 6, applied: 3, superseded: 2, duplicate: 0, withdrawn: 0 }, 'here')).exitCode,
    ).toBe(1);
    expect(
      cliError(() => checkLoad({ read: 1, applied: 2, superseded: 0, duplicate: -1, withdrawn: 0 }, 'here')).exitCode,
    ).toBe(1);
  });

  it('an object in silver that no load can read is a loss, shown by its id', () => {
    const silver = mkdtempSync(join(tmpdir(), 'carelake-silver-'));
    const file = join(silver, pathOfKey('lab_result/v1/arrival=2026-01-02T09/Wilhelmina.parquet'));
    const good = join(silver, pathOfKey('patient/v1/arrival=2026-01-02T09/shardId-000000000000-1-2.parquet'));
    for (const path of [file, good]) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'x');
    }
    const shown = cliError(() => checkReadable(silver)).render();
    expect(shown).toContain('1 objects in silver have names that no load can read');
    expect(shown).toContain(keyId('lab_result/v1/arrival=2026-01-02T09/Wilhelmina.parquet'));
    expect(shown).not.toContain('Wilhelmina');
    rmSync(file);
    checkReadable(silver);
    rmSync(silver, { recursive: true });
  });

  it('is an error when a load left something in silver', () => {
    checkLoaded(3, { read: 3, applied: 3, superseded: 0, duplicate: 0, withdrawn: 0 }, '/data');
    const error = cliError(() =>
      checkLoaded(4, { read: 3, applied: 3, superseded: 0, duplicate: 0, withdrawn: 0 }, '/data'),
    );
    expect(error.exitCode).toBe(1);
    expect(error.render()).toContain('/data/executions');
  });

  it('of one run is what came in addition', () => {
    expect(
      difference(
        { received: 5, accepted: 4, quarantined: 1, unmapped: 0, held: 0 },
        { received: 2, accepted: 2, quarantined: 0, unmapped: 0, held: 0 },
      ),
    ).toEqual({ received: 3, accepted: 2, quarantined: 1, unmapped: 0, held: 0 });
  });
});

describe('a folder that was started before', () => {
  const network = { kind: 'synthetic' as const, patients: 10, events: 500, seed: 1 };
  const one = { profile: 'p', digest: 'd', input: 'a.csv', size: 1, sha256: 'x' };
  const files = (...all: (typeof one)[]) => ({ kind: 'files' as const, files: all });
  const source = (state: Source['state'], explicit = true): Source => ({
    dataDir: '/data',
    state,
    files: [],
    ignored: [],
    explicit,
  });
  const run = (state: Source['state'], more: Partial<RunState> = {}): RunState => ({
    source: state,
    env: 'local',
    sent: 7,
    status: 'streaming',
    ...more,
  });

  it('goes on from its mark when the same is asked, or nothing in particular', () => {
    expect(reconcile(run(network), source(network), 'local').sent).toBe(7);
    expect(reconcile(run(network), source({ ...network, patients: 20_000 }, false), 'local').sent).toBe(7);
    expect(reconcile(run(files(one)), source(files(one)), 'local').sent).toBe(7);
    expect(reconcile(undefined, source(network), 'local')).toEqual({
      source: network,
      env: 'local',
      sent: 0,
      status: 'streaming',
    });
  });

  it('takes further files of any profile, and refuses what must not be mixed', () => {
    for (const other of [
      { ...one, input: 'b.csv', sha256: 'y' },
      { ...one, profile: 'q' },
    ])
      expect(reconcile(run(files(one), { status: 'complete' }), source(files(one, other)), 'local')).toMatchObject({
        sent: 0,
        status: 'streaming',
        source: { files: [one, other] },
      });
    for (const [old, wanted, env] of [
      [network, { ...network, seed: 2 }, 'local'],
      [network, files(one), 'local'],
      [files(one), network, 'local'],
      [network, network, 'dev'],
    ] as const) {
      const error = cliError(() => reconcile(run(old), source(wanted), env));
      expect(error.exitCode).toBe(2);
      expect(error.render()).toContain('/data');
      expect(error.render()).toContain('carelake -- wipe --data /data');
    }
  });
});

describe('sending records', () => {
  const records = Array.from({ length: 1203 }, (_, i) => ({ partitionKey: `${i}`, data: Buffer.from(`${i}`) }));

  /** A stream that refuses every third record the first time it sees it. */
  function stream(): { client: KinesisClient; taken: string[]; calls: number[] } {
    const taken: string[] = [];
    const calls: number[] = [];
    const refusedOnce = new Set<string>();
    const send = async (command: { input: { Records: { Data: Buffer }[] } }) => {
      calls.push(command.input.Records.length);
      return {
        Records: command.input.Records.map(({ Data }) => {
          const text = Data.toString();
          if (Number(text) % 3 === 0 && !refusedOnce.has(text)) {
            refusedOnce.add(text);
            return { ErrorCode: 'ProvisionedThroughputExceededException' };
          }
          taken.push(text);
          return { SequenceNumber: '1' };
        }),
      };
    };
    return { client: { send } as unknown as KinesisClient, taken, calls };
  }

  it('sends again exactly what was refused, and at most 500 at once', async () => {
    const { client, taken, calls } = stream();
    const marks: number[] = [];
    expect(await putRecords(client, 's', records, { onSent: (n) => marks.push(n) })).toBe(records.length);
    expect(taken.map(Number).sort((a, b) => a - b)).toEqual(records.map((_, i) => i));
    expect(Math.max(...calls)).toBe(500);
    expect(marks.at(-1)).toBe(records.length);
  });

  it('keeps a call under five MiB', async () => {
    const { client, calls } = stream();
    const big = Array.from({ length: 12 }, () => ({ partitionKey: 'k', data: Buffer.alloc(1_000_000, '1') }));
    await putRecords(client, 's', big);
    expect(Math.max(...calls)).toBe(5);
  });
});

describe('what the console shows', () => {
  it('aligns numbers to the right and wide letters by their width', () => {
    expect(
      table(
        ['name', 'n'],
        [
          ['São Paulo', 7],
          ['東京', 12],
        ],
      ),
    ).toBe('name        n\n---------  --\nSão Paulo   7\n東京       12');
  });

  it('shows as many rows as it is given', () => {
    const rows = Array.from({ length: 300_000 }, (_, i) => [i]);
    expect(table(['n'], rows).split('\n')).toHaveLength(300_002);
  });

  it('prints exports that a shell can read', () => {
    const names = {
      stream: 's',
      buckets: { landing: 'l' },
      workgroup: 'w',
      loadMachine: 'arn:m',
      database: 'd',
      region: 'us-east-1',
      account: '0',
    };
    const served = {
      url: 'http://127.0.0.1:4600',
      page: 'http://127.0.0.1:4600/?token=t',
      credentials: { accessKeyId: 'k', secretAccessKey: 's' },
    };
    const text = exportsText({ ...environmentOf(served, names), ODD: "it's" });
    expect(text).toContain('export AWS_ENDPOINT_URL=http://127.0.0.1:4600\n');
    // Neither a profile of an earlier session nor a proxy comes between.
    expect(text).toMatch(/^unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_SECURITY_TOKEN\n/);
    expect(text).toMatch(/\nexport NO_PROXY='?([^'\n]*,)?127\.0\.0\.1,localhost'?\nexport no_proxy=/);
    expect(text).toContain('export CARELAKE_LANDING_BUCKET=l\n');
    expect(text).toContain(`export ODD='it'\\''s'`);
  });
});

describe('what gave up', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'carelake-given-up-'));
  const failed = join(dataDir, 's3', 'failed');

  it('since the run began is an error that names it; what lies there from before is none', () => {
    checkGivenUp(dataDir, failed, 0, true);
    mkdirSync(join(failed, 'aws', 'lambda', 'id', 'shard'), { recursive: true });
    writeFileSync(join(failed, 'aws', 'lambda', 'id', 'shard', 'batch'), '{}');
    const error = cliError(() => checkGivenUp(dataDir, failed, 0, false));
    expect(error.exitCode).toBe(1);
    expect(error.render()).toContain('1 batches of the stream and 0 files');
    checkGivenUp(dataDir, failed, Date.now() + 60_000, true);
  });

  it('also is a file whose reading ended badly', () => {
    mkdirSync(join(dataDir, 'executions'));
    const line = { machine: 'x-IngestFileMachine', name: 'n', status: 'FAILED', error: 'SafeError', endedAt: 50 };
    writeFileSync(
      join(dataDir, 'executions', 'ended.ndjson'),
      `${JSON.stringify(line)}\n${JSON.stringify({ ...line, status: 'SUCCEEDED' })}\n{"cut`,
    );
    expect(cliError(() => checkGivenUp(dataDir, join(dataDir, 'none'), 40, true)).render()).toContain('SafeError');
    checkGivenUp(dataDir, join(dataDir, 'none'), 60, true);
    // Read since, by another execution.
    checkGivenUp(dataDir, join(dataDir, 'none'), 40, false);
  });

  it('a file that was removed before it was read stays an error: no other execution can read it', () => {
    const line = { machine: 'x-IngestFileMachine', name: 'n', status: 'FAILED', error: 'LastingError', endedAt: 70 };
    writeFileSync(join(dataDir, 'executions', 'ended.ndjson'), JSON.stringify(line));
    const told = cliError(() => checkGivenUp(dataDir, join(dataDir, 'none'), 60, false)).render();
    expect(told).toMatch(/LastingError[^]*LANDING-CHANGED\) must be landed again/);
  });
});

describe('alarms', () => {
  const status = { name: 'LoadFailed', description: 'A load into the warehouse failed', since: 0 };
  it.each([
    ['ALARM', 'OK', 'ALARM LoadFailed: A load into the warehouse failed'],
    ['ALARM', undefined, 'ALARM LoadFailed: A load into the warehouse failed'],
    ['OK', 'ALARM', 'cleared: alarm LoadFailed'],
    ['INSUFFICIENT_DATA', 'ALARM', 'cleared: alarm LoadFailed'],
    ['OK', 'INSUFFICIENT_DATA', undefined],
    ['OK', undefined, undefined],
  ] as const)('that is %s after %s is told in one line, or is no news', (state, was, line) => {
    expect(alarmLine({ ...status, state }, was)).toBe(line);
  });
});

describe('what an endpoint refuses', () => {
  const refused = (message: string) =>
    asCliError(Object.assign(new Error(message), { name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } }));

  it('for want of room is told as a full disk, with its path', () => {
    const told = refused('disk full: /d/kinesis/s. Nothing more is ingested; free some space');
    expect([told.exitCode, told.details.where]).toEqual([1, '/d/kinesis/s']);
    expect(told.details.next).toMatch(/^free some space on that disk, then: npm start;/);
  });

  it('for another reason names what refused, and the log', () => {
    expect(refused('slow down').render()).toMatch(/slow down\n {2}where: .*503\n {2}next: .*platform\.log/);
  });
});
