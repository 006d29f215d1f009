import { join } from 'node:path';
import { notRun } from '@carelake/laptop/resources/catalog';
import { identifyIn, sharedNames } from '@carelake/laptop/resources/identities';
import { functionsOf, machinesOf, mappingsOf, rulesOf, schedulesOf } from '@carelake/laptop/resources/specs';
import { givenKeySecret, secretValue } from '@carelake/laptop/resources/secrets';
import { readAssembly } from '@carelake/laptop/template/assembly';
import { Resolver, type Resource } from '@carelake/laptop/template/intrinsics';
import { assemblyOf, ENVIRONMENTS } from '../infra/assemblies';
import { writeAssembly, type StackFixture } from './assemblies';
import { scratch } from './fixtures';

const PLACE = { account: '000000000000', region: 'us-east-1' };
const { dir, clean } = scratch();
afterAll(clean);
let count = 0;

function resolver(stacks: StackFixture[]): Resolver {
  const assembly = readAssembly(writeAssembly(join(dir, `a${count++}`), stacks));
  return new Resolver(assembly, PLACE, identifyIn(PLACE, sharedNames(assembly.stacks)));
}

/** Resolves one value as a property of a resource. */
function resolve(value: unknown, template: object = {}): unknown {
  const Resources = {
    Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'own' } },
    Probe: { Type: 'AWS::CloudWatch::Alarm', Properties: { Value: value } },
  };
  return resolver([{ id: 'One', template: { ...template, Resources } }])
    .resources()
    .find((r) => r.logicalId === 'Probe')!.properties.Value;
}

describe('intrinsics', () => {
  const template = {
    Parameters: {
      Given: { Type: 'String', Default: 'text' },
      Boot: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/hnb659fds/version' },
    },
    Mappings: { ByRegion: { 'us-east-1': { ami: 'here' } } },
    Conditions: {
      Here: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] },
      There: { 'Fn::Not': [{ Condition: 'Here' }] },
      Both: { 'Fn::And': [{ Condition: 'Here' }, { 'Fn::Or': [{ Condition: 'There' }, { Condition: 'Here' }] }] },
    },
  };
  test.each([
    [{ Ref: 'Given' }, 'text'],
    [{ Ref: 'Bucket' }, 'own'],
    [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, 'arn:aws:s3:::own'],
    [{ 'Fn::GetAtt': 'Bucket.Arn' }, 'arn:aws:s3:::own'],
    [{ Ref: 'AWS::AccountId' }, '000000000000'],
    [{ Ref: 'AWS::StackName' }, 'carelake-test-one'],
    [{ Ref: 'Boot' }, '30'],
    [{ 'Fn::Join': ['-', ['a', { Ref: 'Bucket' }, 1]] }, 'a-own-1'],
    [{ 'Fn::Sub': '${AWS::Partition}:${Bucket.Arn}:${Given}:${!Kept}' }, 'aws:arn:aws:s3:::own:text:${Kept}'],
    [{ 'Fn::Sub': ['${Mine}/${Bucket}', { Mine: { Ref: 'AWS::Region' } }] }, 'us-east-1/own'],
    [{ 'Fn::Select': ['1', { 'Fn::Split': [':', 'a:b:c'] }] }, 'b'],
    [{ 'Fn::Select': [1, { 'Fn::GetAZs': '' }] }, 'us-east-1b'],
    [{ 'Fn::FindInMap': ['ByRegion', { Ref: 'AWS::Region' }, 'ami'] }, 'here'],
    [{ 'Fn::If': ['Both', 'yes', { Ref: 'NotLookedAt' }] }, 'yes'],
    [{ 'Fn::If': ['There', 'yes', [{ Ref: 'AWS::NoValue' }, 'no']] }, ['no']],
    [{ kept: 1, dropped: { Ref: 'AWS::NoValue' } }, { kept: 1 }],
    [{ Condition: { StringEquals: { k: 'v' } } }, { Condition: { StringEquals: { k: 'v' } } }],
  ])('%j', (value, expected) => {
    expect(resolve(value, template)).toEqual(expected);
  });

  test.each([
    [{ 'Fn::Transform': {} }, /stack One, Probe: uses the intrinsic Fn::Transform/],
    [{ Ref: 'Nobody' }, /stack One, Probe: refers to Nobody/],
    [{ 'Fn::GetAtt': ['Bucket', 'Colour'] }, /asks Bucket \(AWS::S3::Bucket\) for Colour/],
    [{ 'Fn::ImportValue': 'nothing' }, /imports nothing, which no stack exports/],
    [{ Ref: 'AWS::Weather' }, /pseudo parameter AWS::Weather/],
    [{ 'Fn::If': ['Unknown', 1, 2] }, /names the condition Unknown/],
    [{ 'Fn::Select': [9, ['a']] }, /Fn::Select 9 of 1/],
    [{ Ref: 'Probe' }, /refers to itself/],
  ])('%j is refused by name', (value, message) => {
    expect(() => resolve(value, template)).toThrow(message);
  });
});

describe('stacks', () => {
  const key = { Type: 'AWS::KMS::Key', Properties: {} };
  const producer: StackFixture = {
    id: 'Keys',
    template: {
      Resources: { Key12345678: key },
      Outputs: {
        KeyArn: {
          Value: { 'Fn::GetAtt': ['Key12345678', 'Arn'] },
          Export: { Name: { 'Fn::Sub': '${AWS::StackName}:key' } },
        },
      },
    },
  };

  test('are read in the order of their dependencies, and refer to each other by exports and outputs', () => {
    const consumer: StackFixture = {
      id: 'A-Lake',
      dependsOn: ['Keys'],
      template: {
        Resources: {
          Strong: {
            Type: 'AWS::CloudWatch::Alarm',
            Properties: { V: { 'Fn::ImportValue': 'carelake-test-keys:key' } },
          },
          Weak: {
            Type: 'AWS::CloudWatch::Alarm',
            Properties: { V: { 'Fn::GetStackOutput': { StackName: 'carelake-test-keys', OutputName: 'KeyArn' } } },
          },
        },
      },
    };
    const resources = resolver([consumer, producer]).resources();
    expect(resources.map((r) => r.logicalId)).toEqual(['Key12345678', 'Strong', 'Weak']);
    const arn = resources[0]!.attributes.Arn;
    expect(arn).toMatch(/^arn:aws:kms:us-east-1:000000000000:key\/[0-9a-f-]{36}$/);
    expect(resources.slice(1).map((r) => r.properties.V)).toEqual([arn, arn]);
  });

  test('a resource whose condition does not hold is not there', () => {
    const template = {
      Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
      Resources: { Off: { ...key, Condition: 'Never' }, On: key },
      Outputs: { Gone: { Condition: 'Never', Value: { Ref: 'Nobody' } }, Here: { Value: 'x' } },
    };
    const r = resolver([{ id: 'One', template }]);
    expect(r.resources().map((x) => x.logicalId)).toEqual(['On']);
    expect(r.outputs()).toEqual({ One: { Here: 'x' } });
  });

  test('names depend on stack and logical id alone, and stay apart where the readable part is shared', () => {
    const bucket = { Type: 'AWS::S3::Bucket', Properties: {} };
    const names = (): string[] =>
      resolver([
        {
          id: 'Lake',
          template: { Resources: { LandingF95672E9: bucket, LogsAAAAAAAA: bucket, LogsBBBBBBBB: bucket } },
        },
      ])
        .resources()
        .map((r) => r.ref);
    expect(names()).toEqual([
      'carelake-test-lake-landing',
      'carelake-test-lake-logsaaaaaaaa',
      'carelake-test-lake-logsbbbbbbbb',
    ]);
    expect(names()).toEqual(names());
  });

  test('a type that is neither run nor declared as not run is an error', () => {
    expect(() =>
      resolver([{ id: 'One', template: { Resources: { Q: { Type: 'AWS::DynamoDB::Table' } } } }]).resources(),
    ).toThrow(/Q: the laptop does not know the resource type AWS::DynamoDB::Table/);
    const resource = { type: 'Custom::Other', logicalId: 'C', stack: 'One' } as Resource;
    expect(() => notRun([resource])).toThrow(/Custom::Other has neither a handler/);
  });

  test('a folder that is no assembly is told so', () => {
    expect(() => readAssembly(dir)).toThrow(/not a synthesized cloud assembly/);
  });
});

describe.each(ENVIRONMENTS)('the platform of environment %s', (env) => {
  let resources: Resource[];
  let assembly: ReturnType<typeof readAssembly>;

  beforeAll(() => {
    assembly = readAssembly(assemblyOf(env));
    resources = new Resolver(assembly, PLACE, identifyIn(PLACE, sharedNames(assembly.stacks))).resources();
  });

  test('every resource has a name, and either runs or is declared as not run', () => {
    expect(notRun(resources).length).toBeGreaterThan(5);
    expect(resources.filter((r) => JSON.stringify(r.properties).includes('"Fn::'))).toEqual([]);
  });

  test('its wiring can be taken over: functions, mapping, state machines, rules, schedules', () => {
    const functions = functionsOf(resources, assembly, dir);
    expect(functions.map((f) => f.environment.POWERTOOLS_SERVICE_NAME)).toEqual(
      expect.arrayContaining(['ingest-stream', 'ingest-file', 'select-load', 'load', 'migrate']),
    );
    const [mapping] = mappingsOf(resources, functions, PLACE.region);
    expect(mapping).toMatchObject({
      reportItemFailures: true,
      bisect: true,
      startingPosition: 'TRIM_HORIZON',
      onFailureBucket: `carelake-${env}-lake-failed`,
    });
    const machines = machinesOf(resources, functions);
    expect(machines.map((m) => m.name.replace(/^.*-/, '')).sort()).toEqual([
      'IngestFileMachine',
      'LandingSweepMachine',
      'LoadMachine',
      'RebuildMachine',
      'ReplayFailedMachine',
    ]);
    const arns = machines.map((m) => m.arn);
    expect(rulesOf(resources, (arn) => arns.includes(arn)).rules.length).toBeGreaterThan(0);
    const targets = [...arns, ...functions.map((f) => f.arn)];
    expect(schedulesOf(resources).every((s) => targets.includes(s.target.arn))).toBe(true);
  });
});

describe('settings the laptop does not run', () => {
  const refuse = (Properties: object) => {
    const [resource] = resolver([
      { id: 'One', template: { Resources: { M: { Type: 'AWS::Lambda::EventSourceMapping', Properties } } } },
    ]).resources();
    const functions = [{ name: 'fn', arn: 'arn:fn' }] as ReturnType<typeof functionsOf>;
    return () => mappingsOf([resource!], functions, PLACE.region);
  };
  const good = { FunctionName: 'fn', EventSourceArn: 'arn', StartingPosition: 'TRIM_HORIZON' };
  test.each([
    [{ ...good, TumblingWindowInSeconds: 30 }, /TumblingWindowInSeconds/],
    [{ ...good, FilterCriteria: {} }, /FilterCriteria/],
    [{ ...good, StartingPosition: 'AT_TIMESTAMP' }, /AT_TIMESTAMP/],
    [{ ...good, BatchSize: 20_000 }, /BatchSize is 20000/],
    [{ ...good, MaximumRecordAgeInSeconds: 30 }, /MaximumRecordAgeInSeconds is 30/],
    [{ ...good, DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:1:q' } } }, /only in buckets/],
    [{ ...good, FunctionName: 'other' }, /no function other/],
  ])('%j', (properties, message) => {
    expect(refuse(properties)).toThrow(message);
  });
});

describe('secrets', () => {
  const secret = (GenerateSecretString: object) => ({ properties: { GenerateSecretString } }) as unknown as Resource;
  test('are generated as the template says', () => {
    const value = JSON.parse(
      secretValue(
        secret({
          SecretStringTemplate: '{"key_version":1}',
          GenerateStringKey: 'secret',
          PasswordLength: 64,
          ExcludePunctuation: true,
        }),
      ),
    );
    expect(value).toEqual({
      key_version: 1,
      secret: expect.stringMatching(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9]{64}$/),
    });
    expect(secretValue(secret({}))).toHaveLength(32);
    const only = secret({
      ExcludeLowercase: true,
      ExcludeUppercase: true,
      ExcludePunctuation: true,
      ExcludeCharacters: '0123456',
      PasswordLength: 10,
    });
    expect(secretValue(only)).toMatch(/^[789]{10}$/);
    expect(secretValue(only)).not.toBe(secretValue(secret({})));
  });

  test('the key secret may be given whole or bare, and a bad one is not quoted', () => {
    const keys = secret({ SecretStringTemplate: '{"key_version":1}', GenerateStringKey: 'secret' });
    expect(givenKeySecret(keys, 'f', '{"key_version":2,"secret":"abc"}\n')).toBe('{"key_version":2,"secret":"abc"}');
    expect(givenKeySecret(keys, 'f', ' 0123456789abcdef \n')).toBe('{"key_version":1,"secret":"0123456789abcdef"}');
    for (const bad of ['short', '{"secret":"hush"', '{"key":"hush"}'])
      expect(() => givenKeySecret(keys, 'f', bad)).toThrow(/^f: a key secret is/);
    expect(() => givenKeySecret(keys, 'f', '{"secret":"hush"')).not.toThrow(/hush/);
  });
});
