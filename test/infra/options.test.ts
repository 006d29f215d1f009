import { loadConfig } from '../../config';
import { cleanUp, synthesized } from './apps';
import {
  allResources,
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

test('zones that the configuration names by id are those of the subnets; without it they go by position', () => {
  const subnets = (templates: Templates) => ofType(templates, 'AWS::EC2::Subnet').map(([, r]) => r.Properties);
  const prod = loadConfig('prod');
  const zones = ['use1-az1', 'use1-az2', 'use1-az4'];
  const named = subnets(readTemplates(synthesized({ ...prod, network: { ...prod.network, zones } })));
  expect(named.map((p) => [p['AvailabilityZoneId'], p['AvailabilityZone']])).toEqual(zones.map((z) => [z, undefined]));
  expect(subnets(apps.prod).map((p) => p['AvailabilityZone'])).toEqual(
    [0, 1, 2].map((i) => ({ 'Fn::Select': [i, { 'Fn::GetAZs': '' }] })),
  );
});

test.each(ENVS)('%s: the history of every state machine is encrypted with a key of the platform', (env) => {
  const machines = ofType(apps[env], 'AWS::StepFunctions::StateMachine').map(([, r]) => r.Properties);
  expect(machines.length).toBeGreaterThan(1);
  for (const machine of machines)
    expect(machine['EncryptionConfiguration']).toEqual({
      Type: 'CUSTOMER_MANAGED_KMS_KEY',
      KmsDataKeyReusePeriodSeconds: 900,
      KmsKeyId: { 'Fn::ImportValue': expect.stringMatching(/^carelake-\w+-keys:ExportsOutputFnGetAtt(Platform)?Key/) },
    });
});

test('production alone has a second secret for the backup of the key secret, empty, kept, and under another key', () => {
  const backups = (env: (typeof ENVS)[number]) =>
    ofType(apps[env], 'AWS::SecretsManager::Secret').filter(([id]) => id.includes('Backup'));
  expect([backups('dev'), backups('local')]).toEqual([[], []]);
  const [[, backup]] = backups('prod') as [[string, Resource]];
  expect(backup).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
  expect(Object.keys(backup.Properties).sort()).toEqual(['Description', 'KmsKeyId', 'Tags']);
  const keyOf = (id: string) =>
    ofType(apps.prod, 'AWS::SecretsManager::Secret').find(([i]) => i.includes(id))![1].Properties['KmsKeyId'];
  expect(keyOf('DurableKeySecret')).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^PlatformKey/), 'Arn'] });
  expect(keyOf('DurableKeyBackup')).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^LakeKey/), 'Arn'] });
});

describe('producers of other systems', () => {
  const roles = ['arn:aws:iam::888888888888:role/labs', 'arn:aws:iam::999999999999:role/feeds/north-ehr'];
  const principals = { AWS: roles };

  test.each(['dev', 'prod'] as const)(
    '%s: may put records into the stream and encrypt them, and nothing else',
    (env) => {
      const templates = readTemplates(synthesized({ ...loadConfig(env), producers: roles }));
      const [[, policy]] = ofType(templates, 'AWS::Kinesis::ResourcePolicy') as [[string, Resource]];
      const stream = { 'Fn::GetAtt': [expect.stringMatching(/^Events/), 'Arn'] };
      expect(policy.Properties).toEqual({
        ResourceArn: stream,
        ResourcePolicy: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'Producers',
              Effect: 'Allow',
              Principal: principals,
              Action: [
                'kinesis:DescribeStreamSummary',
                'kinesis:ListShards',
                'kinesis:PutRecord',
                'kinesis:PutRecords',
              ],
              Resource: stream,
            },
          ],
        },
      });
      const granting = ofType(templates, 'AWS::KMS::Key').filter(([, key]) =>
        JSON.stringify(key.Properties).includes('999999999999'),
      );
      expect(granting.map(([id]) => id)).toEqual([expect.stringMatching(env === 'prod' ? /StreamKey/ : /Key/)]);
      const statements = (granting[0]![1].Properties['KeyPolicy'] as never)['Statement'] as { Sid?: string }[];
      expect(statements.filter((s) => s.Sid === 'Producers')).toEqual([
        {
          Sid: 'Producers',
          Effect: 'Allow',
          Principal: principals,
          Action: 'kms:GenerateDataKey',
          Resource: '*',
          Condition: {
            StringEquals: {
              'kms:ViaService': { 'Fn::Join': ['', ['kinesis.', { Ref: 'AWS::Region' }, '.amazonaws.com']] },
            },
          },
        },
      ]);
    },
  );

  test('without any the stream has no policy, and the key knows no producer', () => {
    for (const env of ENVS) {
      expect(ofType(apps[env], 'AWS::Kinesis::ResourcePolicy')).toEqual([]);
      expect(JSON.stringify(ofType(apps[env], 'AWS::KMS::Key'))).not.toContain('Producers');
    }
  });
});

test('tags of the configuration are on every resource that has the platform’s own', () => {
  const tags = { owner: 'data-platform', 'cost-center': '4711' };
  const tagsOf = (r: Resource): Record<string, string> => {
    const list = (r.Properties['Tags'] ?? []) as { Key: string; Value: string }[] | Record<string, string>;
    return Array.isArray(list) ? Object.fromEntries(list.map((t) => [t.Key, t.Value])) : list;
  };
  const tagged = allResources(readTemplates(synthesized({ ...loadConfig('dev'), tags }))).map(([, r]) => tagsOf(r));
  const own = tagged.filter((t) => t['carelake:environment'] === 'dev');
  expect(own.length).toBeGreaterThan(30);
  expect(own.filter((t) => t['owner'] !== tags.owner || t['cost-center'] !== tags['cost-center'])).toEqual([]);
});
