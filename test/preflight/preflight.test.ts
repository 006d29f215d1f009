import answers from './answers.json';
import { contextValue } from '../../ops/context';
import type { Account } from '../../ops/preflight/account';
import { preflight } from '../../ops/preflight/checks';
import { eligibility } from '../../ops/preflight/eligibility';
import type { Finding } from '../../ops/preflight/finding';
import { loadEligibility } from '../../ops/preflight/main';
import { needsOf, type Needs } from '../../ops/preflight/needs';

type Recorded = Record<string, Record<string, unknown>>;

const account = (recorded: Recorded): Account => ({
  region: 'us-east-1',
  async ask<T>(service: string, operation: string): Promise<T> {
    const answer = recorded[`${service}.${operation}`];
    if (!answer) throw new Error(`no answer for ${service}.${operation}`);
    if (typeof answer.__error === 'string') throw Object.assign(new Error('refused'), { name: answer.__error });
    return answer as T;
  },
});

const needs: Needs = {
  environment: 'dev',
  production: false,
  zones: { ids: [], positions: [0, 1, 2] },
  bootstrapVersion: 6,
  services: ['Kinesis', 'Lambda', 'RedshiftServerless', 'S3'],
  functions: 6,
  reservedConcurrency: 0,
  vpcs: 1,
  buckets: 6,
  baseRpus: [8],
  stacks: [
    {
      id: 'Lake',
      stack: 'carelake-dev-lake',
      environment: { account: '', region: '' },
      template: { Resources: { Bronze: { Type: 'AWS::S3::Bucket', DeletionPolicy: 'RetainExceptOnCreate' } } },
    },
    {
      id: 'Pipeline',
      stack: 'carelake-dev-pipeline',
      environment: { account: '', region: '' },
      template: { Resources: { Topic: { Type: 'AWS::SNS::Topic' } } },
    },
  ],
  baaConfirmed: true,
  today: '2026-12-01',
};
const byId = (findings: Finding[]): Record<string, Finding> =>
  Object.fromEntries(findings.map((finding) => [finding.id, finding]));

describe('preflight', () => {
  test('a healthy account lacks nothing', async () => {
    const findings = await preflight(account(answers.healthy), needs, loadEligibility());
    expect(findings.filter((finding) => finding.status === 'missing' || finding.status === 'warn')).toEqual([]);
    expect(byId(findings).bootstrap).toMatchObject({ status: 'ok', found: 'version 30, 6 needed', mend: '' });
    expect(byId(findings).baa!.status).toBe('ok');
  });

  test('concurrency that is reserved must leave a hundred to the other functions of the account', async () => {
    const asked = async (reservedConcurrency: number) =>
      byId(await preflight(account(answers.healthy), { ...needs, reservedConcurrency }, loadEligibility()))[
        'quota-lambda-concurrency'
      ];
    expect(await asked(900)).toMatchObject({ status: 'ok', found: '1000, 1000 needed' });
    expect(await asked(901)).toMatchObject({ status: 'missing', found: '1000, 1001 needed' });
  });

  test('each gap of an empty account is named with the command that mends it', async () => {
    const found = byId(await preflight(account(answers.empty), { ...needs, baaConfirmed: false }, loadEligibility()));
    expect(found.credentials).toMatchObject({ status: 'warn', found: 'account 111122223333, as root' });
    expect(found.bootstrap).toMatchObject({
      status: 'missing',
      mend: expect.stringContaining('npx cdk bootstrap aws://ACCOUNT/us-east-1'),
    });
    expect(found.services).toMatchObject({ status: 'missing', found: 'absent: Kinesis, RedshiftServerless' });
    expect(found.zones).toMatchObject({
      status: 'missing',
      found: expect.stringContaining('position 2 is not available in us-east-1'),
      mend: 'choose another region: us-east-1 has 1 zones that Redshift Serverless takes',
    });
    expect(found.retained).toMatchObject({
      status: 'missing',
      found: 'in the account and in no stack: Lake/Bronze (carelake-dev-lake-bronze-old)',
    });
    expect(found.subscribers).toMatchObject({ status: 'warn', found: 'not deployed, and no address is configured' });
    expect(found.trail).toMatchObject({
      status: 'warn',
      found: 'no trail that is logging records reads of arn:aws:s3:::carelake-dev-lake-',
    });
    expect(found['quota-lambda-concurrency']).toMatchObject({
      status: 'missing',
      found: '10, 100 needed',
      mend: expect.stringContaining('--quota-code L-B99A9384'),
    });
    expect(found['quota-vpcs']!.status).toBe('ok');
    expect(found['role-AWSServiceRoleForRedshift']).toMatchObject({
      status: 'missing',
      mend: 'aws iam create-service-linked-role --aws-service-name redshift.amazonaws.com',
    });
    expect(found['lake-formation']!.status).toBe('warn');
    expect(found['cost-anomaly']).toMatchObject({ status: 'warn', found: 'could not be asked: AccessDeniedException' });
    expect(found.baa!.status).toBe('confirm');
  });

  test('production is refused where nobody can say whether the alarms are heard', async () => {
    const silent = { ...answers.healthy, 'sns.ListSubscriptionsByTopic': { __error: 'AuthorizationErrorException' }, 'cloudformation.DescribeStackResources': { __error: 'AccessDeniedException' } }; // prettier-ignore
    for (const [production, status] of [[true, 'missing'], [false, 'warn']] as const) {
      const found = byId(await preflight(account(silent), { ...needs, production }, loadEligibility()));
      expect(found.subscribers).toMatchObject({ status, found: expect.stringContaining('could not be asked') });
    }
  }); // prettier-ignore

  test('without credentials the checks of the account stop, and say so', async () => {
    const refused = { 'sts.GetCallerIdentity': { __error: 'CredentialsProviderError' } };
    const findings = await preflight(account(refused), needs, loadEligibility());
    expect(findings.map((finding) => finding.id)).toEqual(['credentials', 'baa', 'hipaa']);
    expect(findings[0]).toMatchObject({ status: 'missing', found: 'could not be asked: CredentialsProviderError' });
  });

  test('eligibility: not eligible, unknown and outdated are distinguished', () => {
    const table = {
      checked: '2026-11-21',
      source: 'list',
      confidence: 'read',
      services: { S3: 'eligible', Toy: 'not-eligible' } as const,
    };
    expect(eligibility(table, ['S3', 'Toy'], '2026-12-01')[0]).toMatchObject({
      status: 'missing',
      found: 'not eligible: Toy',
    });
    expect(eligibility(table, ['S3', 'New'], '2026-12-01')[0]).toMatchObject({
      status: 'confirm',
      found: 'not in the table: New',
    });
    expect(eligibility(table, ['S3'], '2027-11-21')[0]).toMatchObject({
      status: 'confirm',
      found: 'table of 2026-11-21 is 365 days old',
    });
  });

  test('the needs are read from the templates', () => {
    const subnet = (zone: number) => ({
      Type: 'AWS::EC2::Subnet',
      Properties: { AvailabilityZone: { 'Fn::Select': [zone, { 'Fn::GetAZs': '' }] } },
    });
    const resources = {
      vpc: { Type: 'AWS::EC2::VPC' },
      a: subnet(0),
      b: subnet(1),
      a2: subnet(0),
      byId: { Type: 'AWS::EC2::Subnet', Properties: { AvailabilityZoneId: 'use1-az4' } },
      warehouse: { Type: 'AWS::RedshiftServerless::Workgroup', Properties: { BaseCapacity: 4 } },
      bucket: { Type: 'AWS::S3::Bucket' },
      meta: { Type: 'AWS::CDK::Metadata' },
      own: { Type: 'Custom::Migrations' },
    };
    const templates = [
      { id: 'S', stack: 'S', environment: { account: '', region: '' }, template: { Resources: resources } },
    ];
    expect(
      needsOf(templates, {
        environment: 'dev',
        production: false,
        bootstrapVersion: 6,
        baaConfirmed: false,
        today: '2026-12-01',
      }),
    ).toEqual({
      environment: 'dev',
      production: false,
      bootstrapVersion: 6,
      baaConfirmed: false,
      today: '2026-12-01',
      zones: { ids: ['use1-az4'], positions: [0, 1] },
      services: ['EC2', 'RedshiftServerless', 'S3'],
      functions: 0,
      reservedConcurrency: 0,
      vpcs: 1,
      buckets: 1,
      baseRpus: [4],
      stacks: templates,
    });
  });

  test('the context argument is read as cdk writes it', () => {
    expect(contextValue('env=prod', 'env')).toBe('prod');
    expect(() => contextValue('dev', 'env')).toThrow('expected -c env=VALUE, got -c dev');
  });
});
