import { GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
} from '@aws-sdk/client-secrets-manager';
import { CloudFormationClient, DescribeStacksCommand, ListStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeStreamSummaryCommand, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { DescribeStatementCommand, ExecuteStatementCommand } from '@aws-sdk/client-redshift-data';
import { DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { RealClock } from '@carelake/laptop/clock';
import { type AuthorizationRequest, createEndpoints } from '@carelake/laptop/endpoints/server';
import { errorOf, openEndpoints, type Opened } from './open';
import { send, sendSigned, signedHeaders } from './sign';

let opened: Opened;
beforeAll(async () => {
  opened = await openEndpoints();
  opened.endpoints.s3.createBucket('lake-bucket');
  opened.endpoints.kinesis.createStream('events', 1, 24);
});
afterAll(() => opened.close());

const post = (service: string, headers: Record<string, string>, body = '{}', path = '/', method = 'POST') =>
  sendSigned(opened.endpoints.callers.user, { method, url: opened.url + path, service, headers, body });
const KEY_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:keys-abcdef';

describe('a service that is not served', () => {
  test('is told so in the form that its client reads: XML to those of the query protocol and of REST, else JSON', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const refusal = (code: string) =>
      new RegExp(`<Code>${code}</Code><Message>the laptop&apos;s \\w+ endpoint does not implement`);
    for (const service of ['cloudformation', 'redshift', 'iam']) {
      const { status, text } = await post(service, form, 'Action=ListStacks&Version=2010-05-15');
      expect([service, status, text]).toEqual([
        service,
        400,
        expect.stringMatching(refusal('InvalidAction')) as unknown,
      ]);
    }
    const zones = await post('route53', {}, '', '/2013-04-01/hostedzone', 'GET');
    expect(zones.text).toMatch(refusal('InvalidAction'));
    const tables = await post('glue', {
      'x-amz-target': 'AWSGlue.GetTables',
      'content-type': 'application/x-amz-json-1.1',
    });
    expect(JSON.parse(tables.text)).toMatchObject({ __type: 'UnknownOperationException' });
    const client = new CloudFormationClient({
      endpoint: opened.url,
      region: 'us-east-1',
      credentials: opened.endpoints.callers.user,
    });
    await expect(client.send(new ListStacksCommand({}))).rejects.toMatchObject({
      name: 'InvalidAction',
      message: expect.stringContaining('does not implement') as unknown,
    });
    client.destroy();
  });
});

test('CloudFormation tells of the stacks that were booted, and of none other', async () => {
  const client = new CloudFormationClient({ endpoint: opened.url, region: 'us-east-1', credentials: opened.endpoints.callers.user }); // prettier-ignore
  const ask = async (StackName?: string) => {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return Stacks.map((s) => [s.StackName, s.StackStatus, s.Outputs?.map((o) => `${o.OutputKey}=${o.OutputValue}`)]);
  };
  expect(await ask()).toEqual([]);
  opened.endpoints.setStacks([
    { name: 'carelake-local-lake', outputs: { A: 'one & two', B: 3 } },
    { name: 'carelake-local-stream', outputs: {} },
  ]);
  const lake = ['carelake-local-lake', 'CREATE_COMPLETE', ['A=one & two', 'B=3']];
  expect(await ask()).toEqual([lake, ['carelake-local-stream', 'CREATE_COMPLETE', []]]);
  expect(await ask('carelake-local-lake')).toEqual([lake]);
  await expect(ask('carelake-local-other')).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'Stack with id carelake-local-other does not exist',
  });
  opened.endpoints.setStacks([]);
  client.destroy();
});

describe('one port', () => {
  test('listens on loopback only', async () => {
    const { port } = new URL(opened.url);
    expect(new URL(opened.url).hostname).toBe('127.0.0.1');
    const other = await new Promise<string>((resolve) => {
      const socket = connectSocket({ port: Number(port), host: '127.0.0.2' }, () => resolve('open'));
      socket.on('error', (e: NodeJS.ErrnoException) => resolve(e.code ?? 'error'));
    });
    expect(other).toBe('ECONNREFUSED');
  });

  test('in use: the message says what, where and what to do', async () => {
    const { port } = new URL(opened.url);
    const second = await createEndpoints({
      dataDir: join(opened.dataDir, 'second'),
      clock: new RealClock(),
      region: 'us-east-1',
      account: '000000000000',
    });
    const error = await errorOf(second.listen(Number(port)));
    expect(error.message).toContain(`port ${port} on 127.0.0.1 is in use`);
    expect(error.message).toContain('--port');
    await second.close();
  });

  test('HTTP/2 and HTTP/1.1 are distinguished even when the first bytes come one by one', async () => {
    const { port, hostname } = new URL(opened.url);
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connectSocket({ port: Number(port), host: hostname });
      let got = '';
      socket.on('data', (c) => {
        got += c.toString();
        socket.end();
      });
      socket.on('close', () => resolve(got));
      socket.on('error', reject);
      const bytes = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n';
      [...bytes].forEach((b, i) => setTimeout(() => socket.write(b), i));
    });
    expect(text).toContain('HTTP/1.1 403');
    const signed = await signedHeaders(opened.endpoints.callers.user, {
      method: 'POST',
      url: opened.url,
      service: 'kinesis',
      headers: { 'x-amz-target': 'Kinesis_20131202.ListStreams' },
      body: '{}',
    });
    const headers = Object.entries(signed).filter(([name]) => name !== 'host');
    const status = await new Promise<number>((resolve, reject) => {
      const session = connect(opened.url);
      session.on('error', reject);
      const stream = session.request({ ':method': 'POST', ':path': '/', ...Object.fromEntries(headers) });
      stream.on('response', (h) => {
        resolve(h[':status'] ?? 0);
        session.destroy();
      });
      stream.end('{}');
    });
    expect(status).toBe(200);
  });

  test('what finds no endpoint gets an error of its protocol', async () => {
    expect(await post('dynamodb', { 'x-amz-target': 'DynamoDB_20120810.ListTables' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('"__type":"UnknownOperationException"'),
    });
    expect(await post('kinesis', { 'x-amz-target': 'Kinesis_20131202.constructor' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('UnknownOperationException'),
    });
    expect(await post('lambda', {}, '', '/2015-03-31/functions/', 'GET')).toMatchObject({
      status: 400,
      text: expect.stringContaining('lambda'),
    });
    expect(
      await post('kinesis', { 'x-amz-target': 'Kinesis_20131202.ListStreams' }, 'no json PATIENT-CANARY'),
    ).toMatchObject({ status: 400, text: expect.stringMatching(/^(?!.*CANARY).*SerializationException/) });
  });

  test('web pages cannot reach it: foreign names, other origins, local ones too, and unsigned calls are refused', async () => {
    const target = { 'x-amz-target': 'Kinesis_20131202.ListStreams' };
    const own = new URL(opened.url).origin;
    for (const [headers, status] of [
      [{ host: 'evil.example' }, 403],
      [{ origin: 'https://evil.example' }, 403],
      [{ origin: 'null' }, 403],
      [{ origin: 'http://localhost:3000' }, 403],
      [{ origin: own.replace('127.0.0.1', 'localhost') }, 403],
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [{ 'sec-fetch-site': 'same-origin', origin: own }, 200],
      [{ 'sec-fetch-site': 'none' }, 200],
      [{ host: 'localhost:1' }, 200],
    ] as const)
      expect([headers, (await post('kinesis', { ...target, ...headers })).status]).toEqual([headers, status]);
    expect(await send(opened.url, { method: 'POST', headers: target, body: '{}' })).toMatchObject({
      status: 403,
      text: expect.stringContaining('carelake env'),
    });
  });
});

describe('callers', () => {
  const role = 'arn:aws:iam::000000000000:role/ingest';

  test('STS says who an access key is; a role key that nobody registered is refused', async () => {
    expect(await opened.clients.sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Arn: 'arn:aws:iam::000000000000:user/carelake',
      Account: '000000000000',
    });
    const credentials = opened.endpoints.callers.registerRole(role);
    expect(credentials.accessKeyId).toMatch(/^LKIA[0-9A-F]{16}$/);
    expect(opened.endpoints.callers.registerRole(role)).toEqual(credentials);
    expect((await opened.as(credentials).sts.send(new GetCallerIdentityCommand({}))).Arn).toBe(role);
    const tokenless = { ...credentials, sessionToken: undefined };
    expect((await errorOf(opened.as(tokenless).sts.send(new GetCallerIdentityCommand({})))).name).toBe(
      'InvalidClientTokenId',
    );
    const stranger = opened.as({ accessKeyId: 'LKIA0000000000000000' });
    expect((await errorOf(stranger.sts.send(new GetCallerIdentityCommand({})))).message).toContain('security token');
    expect(
      (await errorOf(stranger.kinesis.send(new DescribeStreamSummaryCommand({ StreamName: 'events' })))).name,
    ).toBe('UnrecognizedClientException');
    expect((await errorOf(opened.clients.sts.send(new GetSessionTokenCommand({})))).name).toBe('InvalidAction');
  });

  test('each call asks the authorizer by caller, IAM action, arn and context; a refusal is the service’s own', async () => {
    const own = await openEndpoints();
    own.endpoints.s3.createBucket('lake-bucket');
    own.endpoints.kinesis.createStream('events', 1, 24);
    own.endpoints.secrets.ensure(KEY_ARN, 'keys', () => 'x');
    const asked: AuthorizationRequest[] = [];
    own.endpoints.setAuthorizer((r) => {
      asked.push(r);
      return r.caller.kind === 'role' && r.resource.endsWith('secret') ? 'the role may not' : undefined;
    });
    const c = own.as(own.endpoints.callers.registerRole(role));
    await c.s3.send(new PutObjectCommand({ Bucket: 'lake-bucket', Key: 'a/b', Body: 'x' }));
    await c.s3.send(new GetObjectCommand({ Bucket: 'lake-bucket', Key: 'a/b' }));
    await c.s3.send(new ListObjectsV2Command({ Bucket: 'lake-bucket', Prefix: 'a/' }));
    await c.kinesis.send(new PutRecordCommand({ StreamName: 'events', PartitionKey: 'k', Data: Buffer.from('x') }));
    await c.secrets.send(new GetSecretValueCommand({ SecretId: 'keys' }));
    const { Id } = await c.redshift.send(
      new ExecuteStatementCommand({ WorkgroupName: 'carelake', Database: 'carelake', Sql: 'SELECT 1' }),
    );
    await c.redshift.send(new DescribeStatementCommand({ Id }));
    expect(asked.map((r) => [r.action, r.resource])).toEqual([
      ['s3:PutObject', 'arn:aws:s3:::lake-bucket/a/b'],
      ['s3:GetObject', 'arn:aws:s3:::lake-bucket/a/b'],
      ['s3:ListBucket', 'arn:aws:s3:::lake-bucket'],
      ['kinesis:PutRecord', 'arn:aws:kinesis:us-east-1:000000000000:stream/events'],
      ['secretsmanager:GetSecretValue', KEY_ARN],
      ['redshift-data:ExecuteStatement', 'arn:aws:redshift-serverless:us-east-1:000000000000:workgroup/carelake'],
      ['redshift-serverless:GetCredentials', 'arn:aws:redshift-serverless:us-east-1:000000000000:workgroup/carelake'],
      ['redshift-data:DescribeStatement', 'arn:aws:redshift-serverless:us-east-1:000000000000:workgroup/carelake'],
    ]);
    expect(asked.every((r) => r.caller.arn === role)).toBe(true);
    expect(asked[2]?.context).toEqual({ 's3:prefix': 'a/' });
    const refused = await errorOf(
      c.s3.send(new PutObjectCommand({ Bucket: 'lake-bucket', Key: 'a/secret', Body: 'x' })),
    );
    expect(refused).toMatchObject({
      name: 'AccessDenied',
      status: 403,
      message: expect.stringContaining('the role may not'),
    });
    expect(own.endpoints.s3.head('lake-bucket', 'a/secret')).toBeUndefined();
    const several = await c.s3.send(
      new DeleteObjectsCommand({ Bucket: 'lake-bucket', Delete: { Objects: [{ Key: 'a/b' }, { Key: 'a/secret' }] } }),
    );
    expect([several.Deleted?.map((d) => d.Key), several.Errors?.map((e) => [e.Key, e.Code])]).toEqual([
      ['a/b'],
      [['a/secret', 'AccessDenied']],
    ]);
    expect((await errorOf(c.kinesis.send(new DescribeStreamSummaryCommand({ StreamName: 'secret' })))).name).toBe(
      'AccessDeniedException',
    );
    await own.close();
  });
});

describe('secrets', () => {
  test('a value is made once, kept in a file of the user alone, and read by name or arn', async () => {
    const own = await openEndpoints();
    let made = 0;
    const generate = () => `value ${++made}`;
    own.endpoints.secrets.ensure(KEY_ARN, 'keys', generate, 'the keys');
    const again = await own.reopen();
    again.endpoints.secrets.ensure(KEY_ARN, 'keys', generate);
    expect(made).toBe(1);
    const { secrets } = again.clients;
    for (const SecretId of ['keys', KEY_ARN, KEY_ARN.slice(0, -7)]) {
      const got = await secrets.send(new GetSecretValueCommand({ SecretId }));
      expect(got).toMatchObject({ SecretString: 'value 1', ARN: KEY_ARN, Name: 'keys', VersionStages: ['AWSCURRENT'] });
    }
    expect(await secrets.send(new DescribeSecretCommand({ SecretId: 'keys' }))).toMatchObject({
      ARN: KEY_ARN,
      Description: 'the keys',
    });
    expect((await secrets.send(new ListSecretsCommand({}))).SecretList?.map((s) => s.Name)).toEqual(['keys']);
    expect((await errorOf(secrets.send(new GetSecretValueCommand({ SecretId: 'absent' })))).name).toBe(
      'ResourceNotFoundException',
    );
    expect(
      (await errorOf(secrets.send(new GetSecretValueCommand({ SecretId: 'keys', VersionStage: 'AWSPREVIOUS' })))).name,
    ).toBe('ResourceNotFoundException');
    expect((await errorOf(secrets.send(new CreateSecretCommand({ Name: 'x', SecretString: 'y' })))).name).toBe(
      'UnknownOperationException',
    );
    const folder = join(again.dataDir, 'secrets');
    expect(readdirSync(folder).map((f) => statSync(join(folder, f)).mode & 0o777)).toEqual([0o600]);
    expect(statSync(again.dataDir).mode & 0o777).toBe(0o700);
    await again.close();
  });
});
