import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeAssembly } from './assemblies';
import { bundle } from './fixtures';

/** Writes what it is given to silver, one object for each batch; names records that say `poison` as failed, and dies of `deadly` ones. */
const INGEST = `
const metric = (Name: string, value: number): void =>
  console.log(JSON.stringify({ _aws: { Timestamp: 0, CloudWatchMetrics: [{ Namespace: 'Carelake', Dimensions: [['service']], Metrics: [{ Name }] }] }, service: 'ingest', [Name]: value }));
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
const s3 = new S3Client({});
const text = (r: any): string => Buffer.from(r.kinesis.data, 'base64').toString();
export const handler = async (event: any) => {
  if (event.Records.some((r: any) => text(r) === 'deadly')) process.exit(1);
  const bad = event.Records.findIndex((r: any) => text(r) === 'poison');
  metric('Poisoned', bad < 0 ? 0 : 1);
  const good = bad < 0 ? event.Records : event.Records.slice(0, bad);
  if (good.length) {
    const shard = good[0].eventID.split(':')[0];
    const key = ['batch', shard, good[0].kinesis.sequenceNumber, good.at(-1).kinesis.sequenceNumber].join('/');
    await s3.send(new PutObjectCommand({ Bucket: process.env.SILVER_BUCKET, Key: key, Body: good.map(text).join('\\n') }));
  }
  return { batchItemFailures: bad < 0 ? [] : [{ itemIdentifier: event.Records[bad].kinesis.sequenceNumber }] };
};`;

/** Counts the lines of the object it is told of, in a second step, after having been refused once. */
const COUNT = `
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
const s3 = new S3Client({});
export const handler = async ({ key, op, lines }: any) => {
  if (op === 'keep') {
    await s3.send(new PutObjectCommand({ Bucket: process.env.CONTROL_BUCKET, Key: 'counts/' + key, Body: String(lines) }));
    return { kept: true };
  }
  const object = await s3.send(new GetObjectCommand({ Bucket: process.env.SILVER_BUCKET, Key: key }));
  return { lines: (await object.Body!.transformToString()).split('\\n').length };
};`;

/** Answers as a custom resource, once it has read its secret. */
const MIGRATE = `
import { request } from 'node:http';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
export const handler = async (event: any) => {
  const secret = await new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId: process.env.SECRET_ARN }));
  const ok = JSON.parse(secret.SecretString!).key_version === 1 && event.ResourceProperties.SqlHash !== 'broken';
  const body = JSON.stringify({ Status: ok ? 'SUCCESS' : 'FAILED', Reason: 'migration 002 failed', PhysicalResourceId: 'carelake-migrations' });
  await new Promise((done, fail) => request(event.ResponseURL, { method: 'PUT' }, done).on('error', fail).end(body));
};`;

export interface SmallOptions {
  readonly sqlHash?: string;
  /** Statement that the ingest role lacks. */
  readonly without?: 'silver' | 'stream';
  readonly mapping?: object;
  readonly machineStates?: object;
  /** Further resources of the stack that moves data. */
  readonly resources?: object;
}

let code: Record<string, string> | undefined;

/** Two stacks that stand to each other as the platform's do: one keeps data, the other moves it. @returns the assembly's folder. */
export function smallPlatform(dir: string, options: SmallOptions = {}): string {
  mkdirSync(dir, { recursive: true });
  code ??= {
    ingest: bundle(join(dir, 'code', 'ingest'), INGEST),
    count: bundle(join(dir, 'code', 'count'), COUNT),
    migrate: bundle(join(dir, 'code', 'migrate'), MIGRATE),
  };
  return writeAssembly(join(dir, 'cdk.out'), [
    { id: 'Store', template: store() },
    {
      id: 'Flow',
      dependsOn: ['Store'],
      template: flow(options),
      assets: Object.fromEntries(
        Object.entries(code).map(([name, path]) => [name, join('..', ...path.split('/').slice(-2))]),
      ),
    },
  ]);
}

const on = { NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } } };
const out = (name: string, value: object) => ({
  [name]: { Value: value, Export: { Name: `carelake-test-store:${name}` } },
});
const from = (name: string) => ({ 'Fn::ImportValue': `carelake-test-store:${name}` });
const att = (id: string, name = 'Arn') => ({ 'Fn::GetAtt': [id, name] });
const join2 = (...parts: unknown[]) => ({ 'Fn::Join': ['', parts] });

function store(): object {
  const Secret = {
    Type: 'AWS::SecretsManager::Secret',
    Properties: {
      GenerateSecretString: {
        SecretStringTemplate: '{"key_version":1}',
        GenerateStringKey: 'secret',
        PasswordLength: 40,
      },
    },
  };
  return {
    Resources: {
      Silver: { Type: 'AWS::S3::Bucket', Properties: on },
      Control: { Type: 'AWS::S3::Bucket', Properties: {} },
      Quarantine: { Type: 'AWS::S3::Bucket', Properties: on },
      Events: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 2 } },
      Secret,
      Alarms: { Type: 'AWS::SNS::Topic', Properties: {} },
    },
    Outputs: {
      ...out('Silver', { Ref: 'Silver' }),
      ...out('SilverArn', att('Silver')),
      ...out('Control', { Ref: 'Control' }),
      ...out('ControlArn', att('Control')),
      ...out('QuarantineArn', att('Quarantine')),
      ...out('Quarantine', { Ref: 'Quarantine' }),
      ...out('StreamArn', att('Events')),
      ...out('Stream', { Ref: 'Events' }),
      ...out('SecretArn', { Ref: 'Secret' }),
      ...out('TopicArn', { Ref: 'Alarms' }),
    },
  };
}

const fn = (name: string, Variables: object) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Bucket: 'assets', S3Key: `${name}.zip` },
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    MemorySize: 256,
    Timeout: 30,
    Role: att(`${name}Role`),
    Environment: { Variables },
  },
});

const role = (Statement: object[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: { Policies: [{ PolicyName: 'p', PolicyDocument: { Statement } }] },
});
const allow = (Action: string | string[], Resource: unknown) => ({ Effect: 'Allow', Action, Resource });
const LOGS = allow(['logs:CreateLogStream', 'logs:PutLogEvents'], '*');

function flow({ sqlHash = 'one', without, mapping = {}, machineStates, resources = {} }: SmallOptions): object {
  const retry = [{ ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 1, MaxAttempts: 2 }];
  const states = machineStates ?? {
    Debounce: { Type: 'Wait', Seconds: 0, Next: 'Count' },
    Count: {
      Type: 'Task',
      Resource: 'FN',
      Parameters: { 'key.$': '$.key' },
      ResultPath: '$.count',
      Retry: retry,
      Next: 'Any?',
    },
    'Any?': {
      Type: 'Choice',
      Choices: [{ Variable: '$.count.lines', NumericGreaterThan: 0, Next: 'Keep' }],
      Default: 'Nothing',
    },
    Keep: {
      Type: 'Task',
      Resource: 'FN',
      Parameters: { op: 'keep', 'key.$': '$.key', 'lines.$': '$.count.lines' },
      Retry: retry,
      End: true,
    },
    Nothing: { Type: 'Succeed' },
  };
  const text = JSON.stringify({ StartAt: Object.keys(states)[0], States: states });
  const ingest = [
    LOGS,
    allow('s3:ListBucket', from('QuarantineArn')),
    allow('s3:PutObject', join2(from('QuarantineArn'), '/*')),
    ...(without === 'silver' ? [] : [allow('s3:PutObject', join2(from('SilverArn'), '/*'))]),
    ...(without === 'stream'
      ? []
      : [
          allow(
            [
              'kinesis:DescribeStream',
              'kinesis:DescribeStreamSummary',
              'kinesis:GetRecords',
              'kinesis:GetShardIterator',
              'kinesis:ListShards',
            ],
            from('StreamArn'),
          ),
        ]),
  ];
  const onObject = (bucket: object, targets: object[], object?: object) => ({
    Type: 'AWS::Events::Rule',
    Properties: {
      State: 'ENABLED',
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: { bucket: { name: [bucket] }, ...(object ? { object } : {}) },
      },
      Targets: targets,
    },
  });
  return {
    Resources: {
      ingestRole: role(ingest),
      ingest: fn('ingest', { SILVER_BUCKET: from('Silver') }),
      countRole: role([
        LOGS,
        allow('s3:GetObject', join2(from('SilverArn'), '/batch/*')),
        allow('s3:PutObject', join2(from('ControlArn'), '/counts/*')),
      ]),
      count: fn('count', { SILVER_BUCKET: from('Silver'), CONTROL_BUCKET: from('Control') }),
      migrateRole: role([LOGS, allow('secretsmanager:GetSecretValue', from('SecretArn'))]),
      migrate: fn('migrate', { SECRET_ARN: from('SecretArn') }),
      Migrations: {
        Type: 'Custom::CarelakeMigrations',
        Properties: { ServiceToken: att('migrate'), ServiceTimeout: '60', SqlHash: sqlHash },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          FunctionName: { Ref: 'ingest' },
          EventSourceArn: from('StreamArn'),
          BatchSize: 50,
          StartingPosition: 'TRIM_HORIZON',
          BisectBatchOnFunctionError: true,
          MaximumRetryAttempts: 1,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          DestinationConfig: { OnFailure: { Destination: from('QuarantineArn') } },
          ...mapping,
        },
      },
      MachineRole: role([allow('lambda:InvokeFunction', att('count'))]),
      Machine: {
        Type: 'AWS::StepFunctions::StateMachine',
        Properties: {
          RoleArn: att('MachineRole'),
          DefinitionString: join2(
            ...text.split('"FN"').flatMap((part, i) => (i ? ['"', att('count'), '"', part] : [part])),
          ),
        },
      },
      StartRole: role([allow('states:StartExecution', { Ref: 'Machine' })]),
      SilverArrived: onObject(from('Silver'), [
        {
          Id: 'T',
          Arn: { Ref: 'Machine' },
          RoleArn: att('StartRole'),
          InputTransformer: { InputPathsMap: { k: '$.detail.object.key' }, InputTemplate: '{"key":<k>}' },
        },
      ]),
      GivenUp: onObject(from('Quarantine'), [{ Id: 'T', Arn: from('TopicArn') }], { key: [{ prefix: 'aws/lambda/' }] }),
      ...resources,
    },
    Outputs: { StreamName: { Value: from('Stream') } },
  };
}
