import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTemplates } from '../../ops/assembly';
import type { Account } from '../../ops/preflight/account';
import { writeImportMaps } from '../../ops/preflight/main';
import { needsOf, type Needs } from '../../ops/preflight/needs';
import { retainedResources, secondLife } from '../../ops/preflight/retained';
import { subscribers } from '../../ops/preflight/subscribers';
import { recordedObjects, trail } from '../../ops/preflight/trail';
import { baseCapacity, zones } from '../../ops/preflight/zones';
import { assemblyOf } from '../infra/assemblies';

type Input = Record<string, unknown>;
const failure = (name: string): Error => Object.assign(new Error('refused'), { name });

/** An account of functions, one for each operation that a check may ask. */
const account = (answers: Record<string, (input: Input) => unknown>, region = 'us-east-1'): Account => ({
  region,
  async ask<T>(service: string, operation: string, input: Input): Promise<T> {
    const answer = answers[`${service}.${operation}`];
    if (!answer) throw new Error(`no answer for ${service}.${operation}`);
    return answer(input) as T;
  },
});
const notDeployed = () => {
  throw failure('ValidationError');
};

const needsFor = (environment: 'dev' | 'prod'): Needs =>
  needsOf(readTemplates(assemblyOf(environment)), {
    environment,
    production: environment === 'prod',
    bootstrapVersion: 6,
    baaConfirmed: false,
    today: '2026-12-01',
  });

describe('zones', () => {
  const region = (...ids: string[]) =>
    account({
      'ec2.DescribeAvailabilityZones': () => ({
        AvailabilityZones: ids.map((ZoneId, i) => ({
          ZoneId,
          ZoneName: `us-east-1${'abcdef'[i]}`,
          State: 'available',
        })),
      }),
    });
  const asked = async (zoneIds: string[], ...region_: string[]) => {
    const needs = needsFor('dev');
    const used = zoneIds.length ? { ids: zoneIds, positions: [] } : needs.zones;
    return (await zones(region(...region_), { ...needs, zones: used }))[0]!;
  };

  test('three zones by position that Redshift Serverless takes are in order, and which they are is said', async () => {
    expect(await asked([], 'use1-az4', 'use1-az1', 'use1-az6', 'use1-az3')).toMatchObject({
      status: 'ok',
      found: 'use1-az4, use1-az1, use1-az6 (by position)',
    });
  });

  test('a zone that Redshift Serverless does not take is refused, with the line that names three others', async () => {
    expect(await asked([], 'use1-az4', 'use1-az3', 'use1-az6', 'use1-az1')).toMatchObject({
      status: 'missing',
      found: expect.stringContaining('use1-az3 is not taken by Redshift Serverless'),
      mend: "network: { azs: 3, zones: ['use1-az4', 'use1-az6', 'use1-az1'], … }   # environment dev in config/environments.ts",
    });
  });

  test('ids of the configuration are looked up in the Region; two zones are refused', async () => {
    expect(await asked(['use1-az1', 'use1-az2', 'use1-az9'], 'use1-az1', 'use1-az2', 'use1-az4')).toMatchObject({
      status: 'missing',
      found: expect.stringContaining('use1-az9 is not available in us-east-1'),
    });
    expect(await asked([], 'usw1-az1', 'usw1-az3')).toMatchObject({
      status: 'missing',
      mend: 'choose another region: us-east-1 has 2 zones that Redshift Serverless takes',
    });
  });

  test('a capacity that not every Region has is to be confirmed', async () => {
    const nobody = account({});
    expect((await baseCapacity(nobody, needsFor('dev'))).map((f) => [f.status, f.found])).toEqual([
      ['confirm', '4 RPU, which Redshift Serverless does not offer in every region'],
    ]);
    expect(await baseCapacity(nobody, needsFor('prod'))).toEqual([]);
  });
});

describe('a second life', () => {
  const tags: Record<string, [logicalId: string, arn: string][]> = {};
  const names = new Set<string>();
  const needs = needsFor('prod');
  const idOf = (stackId: string, type: string, part = ''): string =>
    Object.entries(needs.stacks.find((s) => s.id === stackId)!.template.Resources).find(
      ([id, r]) => r.Type === type && id.startsWith(part),
    )![0];
  const bronze = idOf('Lake', 'AWS::S3::Bucket', 'Bronze');
  const policy = idOf('Lake', 'AWS::S3::BucketPolicy', 'Bronze');
  const key = idOf('Keys', 'AWS::KMS::Key', 'LakeKey');
  let present: Record<string, string[]> = {};
  const world = account({
    'cloudformation.DescribeStackResources': ({ StackName }) => {
      const ids = present[String(StackName)];
      if (!ids) throw failure('ValidationError');
      return {
        StackResources: ids.map((LogicalResourceId) => ({ LogicalResourceId, ResourceStatus: 'CREATE_COMPLETE' })),
      };
    },
    'tagging.GetResources': ({ TagFilters, PaginationToken }) => {
      const [environment, stack] = (TagFilters as { Values: string[] }[]).map((f) => f.Values[0]!);
      expect(environment).toBe('prod');
      // One to a page: the rest must be asked for.
      const all = tags[stack!] ?? [];
      const at = Number(PaginationToken ?? 0);
      const page = all.slice(at, at + 1).map(([Value, ResourceARN]) => ({
        ResourceARN,
        Tags: [{ Key: 'aws:cloudformation:logical-id', Value }],
      }));
      return { ResourceTagMappingList: page, PaginationToken: at + 1 < all.length ? String(at + 1) : '' };
    },
    'cloudcontrol.GetResource': ({ TypeName, Identifier }) => {
      if (!names.has(`${String(TypeName)} ${String(Identifier)}`)) throw failure('ResourceNotFoundException');
      return {};
    },
  });
  beforeEach(() => {
    present = {};
    names.clear();
    for (const stack of Object.keys(tags)) delete tags[stack];
  });

  test('nothing is left in an account that never had the platform', async () => {
    expect((await secondLife(world, needs))[0]).toMatchObject({ status: 'ok' });
  });

  test('retained stores are found by tag and by fixed name, refused, and written as maps for cdk import', async () => {
    tags.lake = [
      [bronze, 'arn:aws:s3:::carelake-prod-lake-bronze-abc'],
      ['Gone12345678', 'arn:aws:s3:::carelake-prod-lake-gone'],
    ];
    tags.keys = [[key, 'arn:aws:kms:us-east-1:111122223333:key/0a1b']];
    names.add('AWS::S3::BucketPolicy carelake-prod-lake-bronze-abc');
    names.add('AWS::RedshiftServerless::Namespace carelake-prod');
    names.add('AWS::Logs::LogGroup /aws/redshift/carelake-prod/userlog');
    const found = (await secondLife(world, needs))[0]!;
    expect(found).toMatchObject({ status: 'missing', mend: expect.stringContaining('--import-map FOLDER') });
    expect(found.found).toContain(`Keys/${key} (0a1b)`);
    const folder = mkdtempSync(join(tmpdir(), 'carelake-import-'));
    try {
      const commands = await writeImportMaps(world, needs, folder);
      const read = (stack: string): unknown => JSON.parse(readFileSync(join(folder, `${stack}.json`), 'utf8'));
      expect(read('Keys')).toEqual({ [key]: { KeyId: '0a1b' } });
      // The bucket kept its policy too: creating it would collide.
      expect(read('Lake')).toEqual({
        [bronze]: { BucketName: 'carelake-prod-lake-bronze-abc' },
        [policy]: { Bucket: 'carelake-prod-lake-bronze-abc' },
      });
      expect(read('Warehouse')).toEqual({
        [idOf('Warehouse', 'AWS::RedshiftServerless::Namespace')]: { NamespaceName: 'carelake-prod' },
        [idOf('Warehouse', 'AWS::Logs::LogGroup', 'Userlog')]: { LogGroupName: '/aws/redshift/carelake-prod/userlog' },
      });
      expect(existsSync(join(folder, 'Stream.json'))).toBe(false);
      const lines = commands.split('\n');
      expect(lines).toContain(`npx cdk import Lake -c env=prod --resource-mapping ${folder}/Lake.json`);
      const position = (line: string): number => lines.findIndex((l) => l.includes(line));
      expect(position('import Keys')).toBeLessThan(position('deploy Keys'));
      expect(position('deploy Keys')).toBeLessThan(position('import Lake'));
      expect(position('deploy Lake')).toBeLessThan(position('import Warehouse'));
      expect(lines.at(-1)).toBe('npx cdk deploy Pipeline --exclusively -c env=prod');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('the policy of a bucket is kept with it in production, and is not imported where somebody removed it', async () => {
    const { Resources } = needs.stacks.find((s) => s.id === 'Lake')!.template;
    const policies = Object.values(Resources).filter((r) => r.Type === 'AWS::S3::BucketPolicy');
    expect(policies.length).toBe(7);
    for (const { DeletionPolicy } of policies) expect(DeletionPolicy).toBe('RetainExceptOnCreate');
    tags.lake = [[bronze, 'arn:aws:s3:::carelake-prod-lake-bronze-abc']];
    expect((await retainedResources(world, 'prod', needs.stacks)).map((r) => r.type)).toEqual(['AWS::S3::Bucket']);
  });

  test('what is in its stack is not left over', async () => {
    tags.lake = [[bronze, 'arn:aws:s3:::carelake-prod-lake-bronze-abc']];
    present['carelake-prod-lake'] = [bronze];
    expect(await retainedResources(world, 'prod', needs.stacks)).toEqual([]);
  });

  test('every kept type of the templates can be taken over', async () => {
    const kept = needs.stacks.flatMap(({ id, template }) =>
      Object.entries(template.Resources)
        .filter(([, r]) => r.DeletionPolicy?.startsWith('Retain') && r.Type !== 'AWS::S3::BucketPolicy')
        .map(([logicalId, r]) => ({ stack: id.toLowerCase(), logicalId, type: r.Type, name: r.Properties })),
    );
    expect(kept.length).toBeGreaterThan(12);
    for (const { stack, logicalId, type, name = {} } of kept) {
      (tags[stack] ??= []).push([logicalId, `arn:aws:x:us-east-1:111122223333:log-group:x/${logicalId}`]);
      for (const property of ['NamespaceName', 'WorkgroupName', 'LogGroupName'])
        names.add(`${type} ${String(name[property])}`);
    }
    const found = (await retainedResources(world, 'prod', needs.stacks)).map((r) => r.logicalId);
    expect(kept.filter(({ logicalId }) => !found.includes(logicalId))).toEqual([]);
  });
});

describe('somebody hears the alarms', () => {
  const topic = 'arn:aws:sns:us-east-1:111122223333:carelake-prod-pipeline-Alarms';
  const deployed = (...pages: string[][]): Account =>
    account({
      'cloudformation.DescribeStackResources': () => ({ StackResources: [{ PhysicalResourceId: topic }] }),
      'sns.ListSubscriptionsByTopic': ({ TopicArn, NextToken }) => {
        expect(TopicArn).toBe(topic);
        const page = Number(NextToken ?? 0);
        const Subscriptions = pages[page]!.map((SubscriptionArn) => ({ SubscriptionArn }));
        return { Subscriptions, NextToken: page + 1 < pages.length ? String(page + 1) : undefined };
      },
    });
  const of = async (world: Account, needs: Needs) => (await subscribers(world, needs))[0]!;

  test('production is refused while nobody has confirmed; a pending or ended subscription is none', async () => {
    const prod = needsFor('prod');
    for (const pages of [[[]], [['PendingConfirmation'], ['Deleted']]])
      expect(await of(deployed(...pages), prod)).toMatchObject({
        status: 'missing',
        found: 'no subscription of the topic is confirmed',
        mend: expect.stringContaining(`aws sns subscribe --topic-arn ${topic}`),
      });
    expect(await of(deployed(['PendingConfirmation'], [`${topic}:1`]), prod)).toMatchObject({ status: 'ok' });
    expect((await of(deployed([]), needsFor('dev'))).status).toBe('warn');
  });

  test('before the first deployment the configured addresses decide', async () => {
    const world = account({ 'cloudformation.DescribeStackResources': notDeployed });
    const prod = needsFor('prod');
    expect(await of(world, prod)).toMatchObject({
      status: 'missing',
      mend: expect.stringContaining("emails: ['oncall@…']"),
    });
    const stacks = structuredClone(prod.stacks);
    stacks.find((s) => s.id === 'Pipeline')!.template.Resources.Mail = { Type: 'AWS::SNS::Subscription' };
    expect(await of(world, { ...prod, stacks })).toMatchObject({
      status: 'confirm',
      found: 'not deployed; 1 addresses are configured',
    });
  });
});

describe('the record of who reads objects', () => {
  const data = { Field: 'eventCategory', Equals: ['Data'] };
  const objects = { Field: 'resources.type', Equals: ['AWS::S3::Object'] };
  const begin = (...StartsWith: string[]) => ({ Field: 'resources.ARN', StartsWith });
  const advanced = (...FieldSelectors: object[]) => ({ AdvancedEventSelectors: [{ FieldSelectors }] });

  test.each<[string, object, string[]]>([
    ['all objects', advanced(data, objects), ['arn:aws:s3']],
    ['objects of some names', advanced(data, objects, begin('arn:aws:s3:::a/')), ['arn:aws:s3:::a/']],
    ['writes only', advanced(data, objects, { Field: 'readOnly', Equals: ['false'] }), []],
    ['management events', advanced({ Field: 'eventCategory', Equals: ['Management'] }), []],
    ['other types', advanced(data, { Field: 'resources.type', Equals: ['AWS::Lambda::Function'] }), []],
    ['all but somebody', advanced(data, objects, { Field: 'userIdentity.arn', NotEquals: ['x'] }), []],
    [
      'basic',
      {
        EventSelectors: [
          { ReadWriteType: 'All', DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }] },
        ],
      },
      ['arn:aws:s3'],
    ],
    [
      'basic, writes',
      {
        EventSelectors: [
          { ReadWriteType: 'WriteOnly', DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }] },
        ],
      },
      [],
    ],
  ])('%s', (_name, selectors, recorded) => {
    expect(recordedObjects(selectors)).toEqual(recorded);
  });

  const of = async (selectors: object, IsLogging = true) => {
    const world = account({
      'cloudformation.DescribeStackResources': notDeployed,
      'cloudtrail.DescribeTrails': () => ({ trailList: [{ TrailARN: 'arn:trail' }] }),
      'cloudtrail.GetTrailStatus': () => ({ IsLogging }),
      'cloudtrail.GetEventSelectors': () => selectors,
    });
    return (await trail(world, needsFor('prod')))[0]!;
  };

  test('a trail that is logging and records the buckets is enough; anything less is a warning with the selectors', async () => {
    expect((await of(advanced(data, objects, begin('arn:aws:s3:::carelake-prod-')))).status).toBe('ok');
    const less = await of(advanced(data, objects, begin('arn:aws:s3:::other-')));
    expect(less).toMatchObject({ status: 'warn', mend: expect.stringContaining('arn:aws:s3:::carelake-prod-') });
    expect((await of(advanced(data, objects), false)).status).toBe('warn');
  });
});
