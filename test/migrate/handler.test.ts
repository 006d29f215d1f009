import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';
import { readViews } from '../../core/warehouse/sql-files';
import { viewTransactions } from '../../core/warehouse/view-plan';
import { handler } from '../../lambdas/migrate';
import { FakeData, type Outcome, type Submitted } from '../load/fake-data';
import { ServiceError } from '../load/fake-s3';
import { SQL_DIR } from '../load/setup';

interface Answer {
  Status: string;
  Reason?: string;
  PhysicalResourceId: string;
  RequestId: string;
}

/** The book of migrations behind the statements, as far as the runner reads and writes it. */
class Book {
  exists = false;
  readonly rows: string[][] = [];
  failures: ((s: Pick<Submitted, 'sqls' | 'name'>) => Outcome | undefined)[] = [];
  decide = (s: Pick<Submitted, 'sqls' | 'parameters' | 'name'>): Outcome => {
    for (const fail of this.failures) {
      const outcome = fail(s);
      if (outcome) return outcome;
    }
    if (s.name === 'migrate-known') return { status: 'FINISHED', rows: [[this.exists ? '1' : '0']] };
    if (s.name === 'migrate-applied') return { status: 'FINISHED', rows: this.rows };
    if (s.parameters['sha256']) {
      this.exists = true;
      this.rows.push([s.parameters['name'], s.parameters['sha256']]);
    }
    return { status: 'FINISHED' };
  };
}

let server: Server;
let url: string;
let answers: Answer[];
let data: FakeData;
let book: Book;
let printed: string[];
let statusOfAnswers: number[];

beforeAll(async () => {
  server = createServer((request: IncomingMessage, reply) => {
    const parts: Buffer[] = [];
    request.on('data', (p: Buffer) => parts.push(p));
    request.on('end', () => {
      const status = statusOfAnswers.shift() ?? 200;
      if (status === 200) answers.push(JSON.parse(Buffer.concat(parts).toString('utf8')) as Answer);
      reply.writeHead(request.method === 'PUT' && !request.headers['content-type'] ? status : 403).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer?signature=s3cr3t`;
  Object.assign(process.env, {
    SQL_DIR,
    REDSHIFT_WORKGROUP: 'workgroup',
    REDSHIFT_DATABASE: 'carelake',
    ADMIN_SECRET_ARN: 'arn:admin',
  });
});
afterAll(() => new Promise((done) => server.close(done)));
beforeEach(() => {
  answers = [];
  printed = [];
  statusOfAnswers = [];
  book = new Book();
  data = new FakeData(book.decide);
  data.slowness = 0;
  jest.spyOn(RedshiftDataClient.prototype, 'send').mockImplementation((c: unknown) => data.send(c) as never);
  for (const stream of ['log', 'info', 'warn', 'error', 'debug'] as const)
    jest.spyOn(console, stream).mockImplementation((...line: unknown[]) => void printed.push(line.join(' ')));
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((line: unknown) => printed.push(String(line)) > 0);
});
afterEach(() => jest.restoreAllMocks());

let requests = 0;
const context = (remaining = 900_000) =>
  ({
    awsRequestId: `invocation-${requests++}`,
    functionName: 'migrate',
    memoryLimitInMB: '512',
    getRemainingTimeInMillis: () => remaining,
  }) as unknown as Context;
const event = (type: 'Create' | 'Update' | 'Delete', hash = 'hash-1'): CloudFormationCustomResourceEvent =>
  ({
    RequestType: type,
    RequestId: `request-${requests++}`,
    ResponseURL: url,
    StackId: 'stack',
    LogicalResourceId: 'Migrations',
    ResourceProperties: { SqlHash: hash },
    ...(type === 'Create' ? {} : { PhysicalResourceId: 'carelake-migrations' }),
  }) as unknown as CloudFormationCustomResourceEvent;
const ran = () => data.submitted.map((s) => s.name);

describe('migrate', () => {
  it('creates: every migration with its note in one transaction, then roles, views and grants, then the release', async () => {
    await handler(event('Create'), context());
    expect(answers).toEqual([
      expect.objectContaining({ Status: 'SUCCESS', PhysicalResourceId: 'carelake-migrations' }),
    ]);
    expect(ran().slice(0, 3)).toEqual(['migrate-known', 'migrate-001-schemas', 'migrate-002-tables']);
    const views = ran().findIndex((name) => name.startsWith('migrate-views-'));
    expect(views).toBeGreaterThan(ran().indexOf('migrate-004-identity'));
    // A view's grants are given with it, so that the roles have to be there.
    expect(views).toBeGreaterThan(ran().indexOf('migrate-role-1'));
    expect(ran().indexOf('migrate-grants-1')).toBeGreaterThan(views);
    expect(ran().at(-1)).toBe('migrate-release-000001');
    const [, first, second] = data.submitted;
    // The table that is locked does not exist before the first migration has made it.
    expect(first.sqls[0]).not.toContain('LOCK');
    expect(second.sqls[0]).toBe('LOCK TABLE ops.load_lock');
    expect(second.sqls.at(-1)).toContain('INSERT INTO ops.migration');
    expect(data.submitted.every((s) => s.secretArn === 'arn:admin' && s.sqls.length <= 40)).toBe(true);
  });

  it('updates: only what is new, and nothing for the release before', async () => {
    await handler(event('Create', 'hash-1'), context());
    data.submitted.length = 0;
    await handler(event('Update', 'hash-2'), context());
    expect(ran().filter((n) => /^migrate-00\d-/.test(n))).toEqual([]);
    expect(ran().at(-1)).toBe('migrate-release-000002');
    data.submitted.length = 0;
    await handler(event('Update', 'hash-1'), context());
    expect(ran()).toEqual(['migrate-known', 'migrate-applied']);
    expect(answers.map((a) => a.Status)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
  });

  it('deletes: leaves the warehouse as it is', async () => {
    await handler(event('Delete'), context());
    expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'carelake-migrations' });
    expect(data.submitted).toEqual([]);
  });

  it('fails with file, place and kind, and never with SQL or an engine text; repeating takes up where it stopped', async () => {
    let broken = true;
    book.failures = [
      (s) =>
        broken && s.name === 'migrate-003-calendar'
          ? { status: 'FAILED', at: 2, error: 'syntax error near "SECRET VALUE" in INSERT INTO core.dim_date' }
          : undefined,
    ];
    await handler(event('Create'), context());
    expect(answers[0]).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'carelake-migrations' });
    expect(answers[0].Reason).toMatch(
      /^MIGRATION-FAILED: 003-calendar, statement 3 of \d+: UNKNOWN \(Data API statement statement-\d+\)$/,
    );
    const told = printed.join('\n') + JSON.stringify(answers);
    expect(told).toContain('migration step failed');
    for (const secret of ['SECRET VALUE', 'syntax error', 'INSERT INTO', 's3cr3t']) expect(told).not.toContain(secret);
    expect(book.rows.map(([name]) => name)).toEqual(['001-schemas', '002-tables']);
    broken = false;
    data.submitted.length = 0;
    await handler(event('Create'), context());
    expect(ran().filter((n) => /^migrate-0/.test(n))[0]).toBe('migrate-003-calendar');
    expect(answers[1].Status).toBe('SUCCESS');
  });

  it('waits for its turn: conflicts and throttling are retried from the start of the transaction', async () => {
    let conflicts = 2;
    book.failures = [
      (s) =>
        s.name === 'migrate-002-tables' && conflicts-- > 0
          ? { status: 'FAILED', at: 0, error: 'could not complete because of conflict with concurrent transaction' }
          : undefined,
    ];
    data.faults.push({ call: 'submit', error: new ServiceError('ThrottlingException', 400) });
    await handler(event('Create'), context());
    expect(answers[0].Status).toBe('SUCCESS');
    expect(ran().filter((n) => n === 'migrate-002-tables')).toHaveLength(3);
  }, 30_000);

  it('a call that is repeated takes up what the first one left running', async () => {
    const create = event('Create');
    await handler(create, context());
    const first = ran().filter((n) => n.startsWith('migrate-00'));
    book.exists = false;
    data.submitted.splice(0, 1);
    await handler(create, context());
    expect(ran().filter((n) => n.startsWith('migrate-00'))).toEqual(first);
  });

  it('a role that is there already is left; any other failure of its statement is one', async () => {
    const refuse = (error: string) => [
      (s: Pick<Submitted, 'sqls' | 'name'>): Outcome | undefined =>
        /^CREATE ROLE/.test(s.sqls[0]) ? { status: 'FAILED', error } : undefined,
    ];
    book.failures = refuse('ERROR: role "loader" already exists');
    await handler(event('Create'), context());
    expect(answers[0].Status).toBe('SUCCESS');
    book.failures = refuse('ERROR: permission denied');
    await handler(event('Update', 'hash-2'), context());
    expect(answers[1]).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('DENIED') });
  });

  it('answers before its own time ends, so that CloudFormation does not wait for an hour', async () => {
    await handler(event('Create'), context(5_000));
    expect(answers[0]).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('MIGRATION-SLOW') });
  });

  it('says what is missing in the event, and answers again when the first answer is lost', async () => {
    statusOfAnswers = [503];
    await handler(event('Create', ''), context());
    expect(answers).toEqual([
      expect.objectContaining({ Status: 'FAILED', Reason: expect.stringContaining('SqlHash') }),
    ]);
  });

  it('can be called by hand, and then throws instead of answering', async () => {
    const all = { views: readViews(SQL_DIR), installed: [], grantsOn: () => [], lock: 'LOCK TABLE ops.load_lock' };
    const views = viewTransactions(all).length;
    expect(views).toBeGreaterThan(0);
    await expect(handler({ op: 'migrate' }, context())).resolves.toMatchObject({ older: false, views });
    expect(ran()).not.toContain('migrate-release-000001');
    expect(answers).toEqual([]);
    book.failures = [() => ({ status: 'ABORTED', error: 'x' })];
    await expect(handler({ op: 'migrate' }, context())).rejects.toThrow('MIGRATION-FAILED');
  });
});
