import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, parseConfig } from '../../config';
import { ENVIRONMENTS } from '../../config/environments';
import { cleanUp, synthesized } from './apps';
import {
  allResources as all,
  assemblyOf,
  ENVIRONMENTS as ENVS,
  ofType,
  readTemplates,
  type Resource,
  type Templates,
} from './assemblies';

const apps = {} as Record<(typeof ENVS)[number], Templates>;
beforeAll(() => {
  for (const env of ENVS) apps[env] = readTemplates(assemblyOf(env));
});
afterAll(cleanUp);

const props = (r: Resource | undefined): Record<string, never> => r?.Properties as Record<string, never>;
const policies = (
  templates: Templates,
): [string, { Action: string | string[]; Resource: unknown; Condition?: unknown }[]][] =>
  ofType(templates, 'AWS::IAM::ManagedPolicy').map(([id, r]) => [
    id,
    (r.Properties['PolicyDocument'] as never)['Statement'],
  ]);

/** All source text of one function's folder. */
const sourceOf = (folder: string): string =>
  readdirSync(folder)
    .filter((f) => f.endsWith('.ts'))
    .map((f) => readFileSync(join(folder, f), 'utf8'))
    .join('\n');

/** State machine by the part of its logical id, with references replaced by their logical id. */
function machine(
  templates: Templates,
  part: string,
): { StartAt: string; States: Record<string, Record<string, never>> } {
  const [, resource] = ofType(templates, 'AWS::StepFunctions::StateMachine').find(([id]) => id.includes(part))!;
  const [, pieces] = (props(resource)['DefinitionString'] as { 'Fn::Join': [string, unknown[]] })['Fn::Join'];
  return JSON.parse(
    pieces.map((p) => (typeof p === 'string' ? p : (p as { 'Fn::GetAtt': string[] })['Fn::GetAtt'][0])).join(''),
  );
}

describe('every environment', () => {
  test.each(ENVS)('%s: stacks stay far below the limit of resources, and only the pipeline is stateless', (env) => {
    expect(Object.keys(apps[env]).sort()).toEqual(['Keys', 'Lake', 'Network', 'Pipeline', 'Stream', 'Warehouse']);
    for (const [stack, t] of Object.entries(apps[env]))
      expect([stack, Object.keys(t.Resources).length <= 400]).toEqual([stack, true]);
  });

  test.each(ENVS)('%s: no role has a wildcard of actions, nor an inline policy', (env) => {
    const found = policies(apps[env]).flatMap(([id, s]) =>
      s.flatMap((x) => [x.Action].flat().map((a) => `${id} ${a}`)),
    );
    expect(found.length).toBeGreaterThan(20);
    expect(found.filter((f) => f.includes('*'))).toEqual([]);
    expect(ofType(apps[env], 'AWS::IAM::Policy')).toEqual([]);
    expect(ofType(apps[env], 'AWS::IAM::Role').filter(([, r]) => 'Policies' in r.Properties)).toEqual([]);
  });

  test.each(ENVS)('%s: keys are used through a service, or in the context of a state machine, only', (env) => {
    const keyed = policies(apps[env]).flatMap(([id, s]) =>
      s
        // Describing a key gives nothing of what lies under it.
        .filter((x) => [x.Action].flat().some((a) => a.startsWith('kms:') && a !== 'kms:DescribeKey'))
        .map((x) => ({ id, condition: x.Condition })),
    );
    expect(keyed.length).toBeGreaterThan(5);
    const held = /kms:ViaService|kms:EncryptionContext:(aws:states:stateMachineArn|SourceArn)/;
    expect(keyed.filter((k) => !held.test(JSON.stringify(k.condition)))).toEqual([]);
    const machines = keyed.filter((k) => !JSON.stringify(k.condition).includes('ViaService')).map((k) => k.id);
    expect(machines.filter((id) => !id.includes('Machine'))).toEqual([]);
  });

  test.each(ENVS)('%s: every log group is encrypted and forgets', (env) => {
    const groups = ofType(apps[env], 'AWS::Logs::LogGroup');
    const functions = ofType(apps[env], 'AWS::Lambda::Function');
    expect(groups.length).toBeGreaterThanOrEqual(functions.length + 5);
    for (const [, g] of groups) {
      expect(g.Properties['KmsKeyId']).toBeDefined();
      expect(g.Properties['RetentionInDays']).toBe(loadConfig(env).logs.retentionDays);
    }
    for (const [, f] of functions) expect(props(f)['LoggingConfig']).toMatchObject({ LogGroup: expect.anything() });
  });

  test.each(ENVS)(
    '%s: functions run on Node 24 and arm64, without reserved concurrency and without a network',
    (env) => {
      const functions = ofType(apps[env], 'AWS::Lambda::Function');
      expect(functions.length).toBeGreaterThanOrEqual(5);
      for (const [, f] of functions) {
        expect(f.Properties).toMatchObject({
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
          Handler: 'index.handler',
        });
        expect(f.Properties).not.toHaveProperty('ReservedConcurrentExecutions');
        expect(f.Properties).not.toHaveProperty('VpcConfig');
      }
    },
  );

  test('concurrency is reserved for the function of the stream alone, where the configuration says so', () => {
    const value = structuredClone(ENVIRONMENTS['dev']) as Record<string, Record<string, unknown>>;
    value['ingest']!['reservedConcurrency'] = 20;
    const templates = readTemplates(synthesized(parseConfig(value)));
    const reserving = Object.values(templates)
      .flatMap((t) => Object.entries(t.Resources))
      .filter(([, r]) => r.Properties?.['ReservedConcurrentExecutions'] !== undefined)
      .map(([id, r]) => [id.replace(/[0-9A-F]{8}$/, ''), r.Properties['ReservedConcurrentExecutions']]);
    expect(reserving).toEqual([['IngestStreamFunction', 20]]);
  });

  test.each(ENVS)('%s: every variable that a function asks for is in its environment', (env) => {
    const asked = readdirSync('lambdas')
      .filter((name) => name !== 'shared')
      .map((name) => ({ name, source: sourceOf(join('lambdas', name)) }));
    expect(asked.length).toBeGreaterThan(3);
    for (const { name, source } of asked) {
      const [, fn] = ofType(apps[env], 'AWS::Lambda::Function').find(
        ([, f]) => (props(f)['Environment'] as never)['Variables']['POWERTOOLS_SERVICE_NAME'] === name,
      ) ?? ['', undefined];
      if (!fn && name === 'usage-limit' && env === 'local') continue;
      const names = [...source.matchAll(/environment\(\s*'([A-Z_]+)'\s*\)/g)].map((m) => m[1]!);
      expect(Object.keys((props(fn)['Environment'] as never)['Variables'])).toEqual(expect.arrayContaining(names));
    }
  });

  test.each(ENVS)(
    '%s: database identities are given to the load and the daily check alone, the secrets to who needs them',
    (env) => {
      const tagged = ofType(apps[env], 'AWS::IAM::Role').filter(([, r]) =>
        JSON.stringify(r).includes('RedshiftDbRoles'),
      );
      expect(
        tagged.map(([id, r]) => [id, (props(r)['Tags'] as never[]).find((t) => t['Key'] === 'RedshiftDbRoles')]),
      ).toEqual([
        [expect.stringContaining('Pipeline/LoadRole'), { Key: 'RedshiftDbRoles', Value: 'loader' }],
        [expect.stringContaining('Pipeline/DailyCheckCheckTablesRole'), { Key: 'RedshiftDbRoles', Value: 'checker' }],
      ]);
      const readers = policies(apps[env]).flatMap(([id, s]) =>
        s
          .filter((x) => [x.Action].flat().includes('secretsmanager:GetSecretValue'))
          .map((x) => [id, JSON.stringify(x.Resource)]),
      );
      const admin = readers
        .filter(([, r]) => r!.includes('AdminSecret'))
        .map(([id]) => id!.replace(/[0-9A-F]{8}$/, ''));
      const durable = readers
        .filter(([, r]) => r!.includes('DurableKeySecret'))
        .map(([id]) => id!.replace(/[0-9A-F]{8}$/, ''));
      expect(admin).toEqual(['Pipeline/MigrateRolePolicy']);
      expect(durable.sort()).toEqual(
        ['IngestFile', 'IngestStream', 'LandingRebuildSilver', 'ReplayFailed'].map((f) => `Pipeline/${f}RolePolicy`),
      );
    },
  );

  test('landing and bronze go to an archive where the configuration says so, and only then may anybody fetch from there', () => {
    const value = structuredClone(ENVIRONMENTS['prod']) as Record<string, Record<string, unknown>>;
    value['lake']!['archive'] = { afterDays: 365, storageClass: 'DEEP_ARCHIVE' };
    const moves = (t: Templates): Record<string, unknown> =>
      Object.fromEntries(
        ofType(t, 'AWS::S3::Bucket').map(([id, b]) => [
          id.replace(/^Lake\/|[0-9A-F]{8}$/g, ''),
          ((props(b)['LifecycleConfiguration'] as never)?.['Rules'] as never[])?.[0]?.['Transitions'],
        ]),
      );
    const restorers = (t: Templates): string[] =>
      policies(t)
        .filter(([, s]) => JSON.stringify(s).includes('s3:RestoreObject'))
        .map(([id]) => id.replace(/[0-9A-F]{8}$/, ''));
    const archived = readTemplates(synthesized(parseConfig(value)));
    const cold = { StorageClass: 'STANDARD_IA', TransitionInDays: 90 };
    const deep = { StorageClass: 'DEEP_ARCHIVE', TransitionInDays: 365 };
    expect(moves(archived)).toMatchObject({ Landing: [cold, deep], Bronze: [cold, deep], Silver: undefined });
    expect(moves(apps.prod)).toMatchObject({ Landing: [cold], Bronze: [cold] });
    expect(moves(apps.dev)).toMatchObject({ Landing: undefined, Bronze: undefined });
    expect(restorers(archived).sort()).toEqual([
      'Pipeline/LandingRebuildSilverRolePolicy',
      'Pipeline/LandingSweepLandingRolePolicy',
    ]);
    expect(restorers(apps.prod)).toEqual([]);
  });

  test.each(ENVS)('%s: the network has no way out, and its zones are chosen by position', (env) => {
    expect(ofType(apps[env], 'AWS::EC2::NatGateway')).toEqual([]);
    expect(ofType(apps[env], 'AWS::EC2::InternetGateway')).toEqual([]);
    const subnets = ofType(apps[env], 'AWS::EC2::Subnet');
    expect(subnets).toHaveLength(loadConfig(env).network.azs);
    expect(props(subnets[2]?.[1] ?? subnets[1]![1])['AvailabilityZone']).toEqual({
      'Fn::Select': [subnets.length - 1, { 'Fn::GetAZs': '' }],
    });
    expect(ofType(apps[env], 'AWS::EC2::VPCEndpoint').map(([, e]) => props(e)['VpcEndpointType'])).toEqual(['Gateway']);
  });

  test.each(ENVS)('%s: custom resources are the platform’s own functions', (env) => {
    const own = all(apps[env]).filter(
      ([, r]) => r.Type.startsWith('Custom::') || r.Type === 'AWS::CloudFormation::CustomResource',
    );
    const expected =
      env === 'local' ? ['Custom::CarelakeMigrations'] : ['Custom::CarelakeMigrations', 'Custom::CarelakeUsageLimit'];
    expect(own.map(([, r]) => r.Type).sort()).toEqual(expected);
    expect(props(own[0]![1])['SqlHash'] ?? props(own[1]?.[1])['SqlHash']).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each(ENVS)('%s: people find the names they need among the outputs', (env) => {
    const outputs = Object.values(apps[env]).flatMap((t) =>
      Object.keys(t.Outputs ?? {}).filter((o) => !o.startsWith('Exports')),
    );
    expect(outputs.sort()).toEqual(
      [
        ...['Landing', 'Bronze', 'Silver', 'Gold', 'Quarantine', 'Control', 'Failed'].map((z) => `${z}BucketName`),
        'StreamName',
        'WorkgroupName',
        'DatabaseName',
        'LoadMachineArn',
        'IngestFileMachineArn',
        'RebuildMachineArn',
        'ReplayFailedMachineArn',
        'SweepMachineArn',
        'AlarmTopicArn',
      ].sort(),
    );
  });
});

test('where the account asks for a permissions boundary, every role has it', () => {
  const bounded = readTemplates(
    synthesized(parseConfig({ ...loadConfig('dev'), permissionsBoundary: 'carelake-boundary' })),
  );
  const roles = ofType(bounded, 'AWS::IAM::Role');
  expect(roles.length).toBeGreaterThan(8);
  for (const [, r] of roles)
    expect(JSON.stringify(r.Properties['PermissionsBoundary'])).toContain('policy/carelake-boundary');
  for (const [, r] of ofType(apps.dev, 'AWS::IAM::Role'))
    expect(r.Properties).not.toHaveProperty('PermissionsBoundary');
});

describe('stream', () => {
  test('the mapping holds by age alone, bisects, reports failures by record, and gives up into a bucket of its own', () => {
    for (const [env, age] of [
      ['dev', 72_000],
      ['prod', 518_400],
    ] as const) {
      const [[, mapping]] = ofType(apps[env], 'AWS::Lambda::EventSourceMapping') as [[string, Resource]];
      expect(mapping.Properties).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 10_000,
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        MaximumRecordAgeInSeconds: age,
        DestinationConfig: { OnFailure: { Destination: { 'Fn::ImportValue': expect.stringContaining('Failed') } } },
      });
      // Without it Lambda tries for as long as the record's age allows.
      expect(mapping.Properties).not.toHaveProperty('MaximumRetryAttempts');
    }
  });

  test('given-up batches lie under another key than the lake: of S3 in dev, of their own in prod', () => {
    const encryption = (env: 'dev' | 'prod'): unknown => {
      const failed = ofType(apps[env], 'AWS::S3::Bucket').find(([id]) => id.startsWith('Lake/Failed'))![1];
      const { ServerSideEncryptionConfiguration } = failed.Properties['BucketEncryption'] as Record<string, unknown[]>;
      return ServerSideEncryptionConfiguration![0];
    };
    expect(encryption('dev')).toEqual({ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } });
    expect(encryption('prod')).toEqual({
      BucketKeyEnabled: true,
      ServerSideEncryptionByDefault: {
        SSEAlgorithm: 'aws:kms',
        KMSMasterKeyID: { 'Fn::ImportValue': expect.stringContaining('FailedKey') },
      },
    });
  });

  test('dev has one provisioned shard for a day, prod scales by itself and keeps a week', () => {
    const stream = (t: Templates): Record<string, unknown> => ofType(t, 'AWS::Kinesis::Stream')[0]![1].Properties;
    expect(stream(apps.dev)).toMatchObject({ ShardCount: 1, RetentionPeriodHours: 24 });
    expect(stream(apps.prod)).toMatchObject({
      RetentionPeriodHours: 168,
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    });
    expect(stream(apps.prod)).not.toHaveProperty('ShardCount');
  });
});

describe('state machines', () => {
  test('a file is read until nothing is left, and waits where too many are being read', () => {
    const { StartAt, States } = machine(apps.dev, 'IngestFile');
    expect(StartAt).toBe('Ingest');
    expect(States['Ingest']).toMatchObject({ Type: 'Task', Next: 'Whole file read?' });
    expect(States['Ingest']).not.toHaveProperty('Parameters');
    expect(States['Whole file read?']).toMatchObject({
      Choices: [
        { Variable: '$.done', BooleanEquals: true, Next: 'File ingested' },
        { Variable: '$.wait_seconds', IsPresent: true, Next: 'Wait for a slot' },
      ],
      Default: 'Ingest',
    });
    expect(States['Wait for a slot']).toEqual({ Type: 'Wait', SecondsPath: '$.wait_seconds', Next: 'Ingest' });
  });

  test('a load selects, submits, waits and checks, and every state of the load has a way on', () => {
    const { StartAt, States } = machine(apps.prod, 'LoadMachine');
    expect(StartAt).toBe('Select');
    expect(States['Select']!['Parameters']).toEqual({ 'window.$': '$.window', 'execution.$': '$$.Execution.Name' });
    expect(States['Anything pending?']).toMatchObject({
      Choices: [{ Variable: '$.select.pending', BooleanEquals: true, Next: 'Begin' }],
      Default: 'Nothing pending',
    });
    expect(States['Start']!['Parameters']).toMatchObject({ op: 'start', 'load_id.$': '$.load.load_id' });
    expect(States['Check']!['Parameters']).toMatchObject({ op: 'check', 'statement_id.$': '$.load.statement_id' });
    expect(States['Finish']!['Next']).toBe('Select');
    const ways = (States['What follows?']!['Choices'] as { StringEquals: string; Next: string }[]).map((c) => [
      c.StringEquals,
      c.Next,
    ]);
    expect(Object.fromEntries(ways)).toEqual({
      RUNNING: 'Poll',
      NEXT: 'Start',
      RETRY: 'Wait before retry',
      BUSY: 'Warehouse busy',
      SELECT_AGAIN: 'Select',
      DONE: 'Finish',
    });
    expect(States['What follows?']!['Default']).toBe('Load failed');
  });

  test('on arrival it waits first, so that a burst of objects becomes one load', () => {
    const { StartAt, States } = machine(apps.local, 'LoadMachine');
    expect(StartAt).toBe('Debounce');
    expect(States['Debounce']).toMatchObject({ Type: 'Wait', Seconds: 1, Next: 'Select' });
  });

  test('states are of the simple kinds, tasks are functions and are retried', () => {
    for (const env of ENVS) {
      for (const part of ['IngestFile', 'ReplayFailed', 'LoadMachine']) {
        const { States } = machine(apps[env], part);
        for (const state of Object.values(States)) {
          expect(['Task', 'Choice', 'Wait', 'Pass', 'Succeed', 'Fail']).toContain(state['Type']);
          if (state['Type'] !== 'Task') continue;
          expect(state['Resource']).toMatch(/^(IngestFile|ReplayFailed|SelectLoad|Load)Function/);
          // What no later try can change is not tried again; the first retrier that fits decides.
          expect((state['Retry'] as object[])[0]).toEqual({ ErrorEquals: ['LastingError'], MaxAttempts: 0 });
          expect((state['Retry'] as { ErrorEquals: string[] }[]).flatMap((r) => r.ErrorEquals)).toEqual(
            expect.arrayContaining(['Lambda.ServiceException', 'Lambda.TooManyRequestsException', 'States.TaskFailed']),
          );
        }
      }
    }
  });
});

describe('cost and guardrails', () => {
  test('dev has one key, two secrets and at most ten alarms, prod a key for each class', () => {
    const count = (t: Templates, type: string): number => ofType(t, type).length;
    expect(count(apps.dev, 'AWS::KMS::Key')).toBe(1);
    expect(count(apps.prod, 'AWS::KMS::Key')).toBe(5);
    expect(count(apps.dev, 'AWS::SecretsManager::Secret')).toBe(2);
    expect(count(apps.dev, 'AWS::CloudWatch::Alarm')).toBeLessThanOrEqual(10);
  });

  test('the warehouse is limited: switched off in dev, reported in prod; a budget watches both', () => {
    const limit = (t: Templates): unknown => ofType(t, 'Custom::CarelakeUsageLimit')[0]?.[1].Properties;
    expect(limit(apps.dev)).toMatchObject({ RpuHoursPerMonth: 40, BreachAction: 'deactivate' });
    expect(limit(apps.prod)).toMatchObject({ BreachAction: 'emit-metric' });
    expect(ofType(apps.dev, 'AWS::Budgets::Budget')).toHaveLength(1);
    expect(ofType(apps.local, 'AWS::Budgets::Budget')).toEqual([]);
    // Budgets tests at its creation whether it may publish to the topic.
    const [[, budget]] = ofType(apps.dev, 'AWS::Budgets::Budget') as [[string, Resource]];
    const [[policy]] = ofType(apps.dev, 'AWS::SNS::TopicPolicy') as [[string, Resource]];
    expect(budget.DependsOn).toEqual([policy.split('/')[1]]);
  });

  test('every alarm tells somebody', () => {
    for (const [, a] of ofType(apps.prod, 'AWS::CloudWatch::Alarm')) expect(props(a)['AlarmActions']).toHaveLength(1);
  });
});

describe('data stores', () => {
  const STATEFUL = [
    'AWS::KMS::Key',
    'AWS::SecretsManager::Secret',
    'AWS::S3::Bucket',
    'AWS::Kinesis::Stream',
    'AWS::RedshiftServerless::Namespace',
    'AWS::RedshiftServerless::Workgroup',
  ];
  test.each(STATEFUL)('%s is kept in prod, and removable where the environment allows it', (type) => {
    for (const [, r] of ofType(apps.prod, type)) {
      expect([r.DeletionPolicy, r.UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain']);
    }
    for (const [, r] of ofType(apps.dev, type)) expect(r.DeletionPolicy).toBe('Delete');
    expect(ofType(apps.prod, type).length).toBeGreaterThan(0);
  });

  test('only the names that services demand are fixed', () => {
    const named = all(apps.prod).filter(([, r]) =>
      [
        'BucketName',
        'Name',
        'FunctionName',
        'RoleName',
        'QueueName',
        'TopicName',
        'AlarmName',
        'StateMachineName',
      ].some((n) => n in r.Properties && r.Type !== 'AWS::Lambda::EventSourceMapping'),
    );
    expect(named).toEqual([]);
    const groups = ofType(apps.prod, 'AWS::Logs::LogGroup')
      .map(([, g]) => g.Properties['LogGroupName'])
      .filter(Boolean);
    expect(groups).toEqual(
      ['connectionlog', 'userlog', 'useractivitylog'].map((l) => `/aws/redshift/carelake-prod/${l}`),
    );
  });
});
