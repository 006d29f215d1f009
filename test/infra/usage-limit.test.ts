import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';

interface Call {
  action: string;
  body: Record<string, unknown>;
}

const calls: Call[] = [];
const answers: Record<string, unknown>[] = [];
/** What the service replies by action; a status above 299 is an error of that name. */
let service: (call: Call) => { status?: number; body: Record<string, unknown> };
let server: Server;
let url: string;
let handler: (event: CloudFormationCustomResourceEvent) => Promise<void>;
const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (c: Buffer) => chunks.push(c));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
      if (request.method === 'PUT') {
        answers.push(body);
        return response.end();
      }
      const call = { action: String(request.headers['x-amz-target']).split('.')[1]!, body };
      calls.push(call);
      const reply = service(call);
      response.writeHead(reply.status ?? 200, { 'content-type': 'application/x-amz-json-1.1' });
      return response.end(JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'y',
    AWS_MAX_ATTEMPTS: '1',
  });
  ({ handler } = await import('../../lambdas/usage-limit'));
});
afterAll(async () => {
  log.mockRestore();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});
beforeEach(() => {
  calls.length = answers.length = 0;
});

const event = (
  RequestType: 'Create' | 'Update' | 'Delete',
  PhysicalResourceId?: string,
): CloudFormationCustomResourceEvent =>
  ({
    RequestType,
    ResponseURL: `${url}/answer`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'MonthlyUsageLimit',
    PhysicalResourceId,
    ResourceProperties: { ResourceArn: 'arn:workgroup', RpuHoursPerMonth: '40', BreachAction: 'deactivate' },
  }) as unknown as CloudFormationCustomResourceEvent;

test('a first call makes the limit and answers with its id', async () => {
  service = ({ action }) => ({
    body: action === 'ListUsageLimits' ? { usageLimits: [] } : { usageLimit: { usageLimitId: 'u-1' } },
  });
  await handler(event('Create'));
  expect(calls.map((c) => c.action)).toEqual(['ListUsageLimits', 'CreateUsageLimit']);
  expect(calls[1]!.body).toEqual({
    resourceArn: 'arn:workgroup',
    usageType: 'serverless-compute',
    period: 'monthly',
    amount: 40,
    breachAction: 'deactivate',
  });
  expect(answers).toEqual([
    {
      Status: 'SUCCESS',
      PhysicalResourceId: 'u-1',
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'MonthlyUsageLimit',
    },
  ]);
});

test('a repeated call and a changed amount adjust the limit that is there', async () => {
  service = ({ action }) => ({
    body:
      action === 'ListUsageLimits'
        ? {
            usageLimits: [
              { usageLimitId: 'd', period: 'daily' },
              { usageLimitId: 'u-1', period: 'monthly' },
            ],
          }
        : { usageLimit: { usageLimitId: 'u-1' } },
  });
  await handler(event('Update', 'u-1'));
  expect(calls[1]).toEqual({
    action: 'UpdateUsageLimit',
    body: { usageLimitId: 'u-1', amount: 40, breachAction: 'deactivate' },
  });
  expect(answers[0]).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'u-1' });
});

test('deleting forgives a limit that is gone, and a creation that failed has nothing to delete', async () => {
  service = () => ({ status: 400, body: { __type: 'ResourceNotFoundException', message: 'gone' } });
  await handler(event('Delete', 'u-1'));
  expect(calls.map((c) => c.action)).toEqual(['DeleteUsageLimit']);
  await handler(event('Delete', 'carelake-no-usage-limit'));
  expect(calls).toHaveLength(1);
  expect(answers.map((a) => a['Status'])).toEqual(['SUCCESS', 'SUCCESS']);
});

test('a refusal is answered as a failure, with its name and an id that deleting understands', async () => {
  service = () => ({ status: 400, body: { __type: 'AccessDeniedException', message: 'no' } });
  await handler(event('Create'));
  expect(answers[0]).toMatchObject({
    Status: 'FAILED',
    PhysicalResourceId: 'carelake-no-usage-limit',
    Reason: 'AccessDeniedException while applying the usage limit (Create)',
  });
});
