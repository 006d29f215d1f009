import type { Caller } from '@carelake/laptop/endpoints/types';
import { databaseRoles } from '@carelake/laptop/template/database-roles';
import type { Resource } from '@carelake/laptop/template/intrinsics';
import { createAuthorizer, like, parseStatements } from '@carelake/laptop/template/policies';

const KEY = 'arn:aws:kms:us-east-1:000000000000:key/k';
const ROLE = 'arn:aws:iam::000000000000:role/r';
const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:s-abcdef';

const resource = (type: string, logicalId: string, ref: string, attributes: object, properties: object): Resource =>
  ({ stack: 'S', stackName: 's', logicalId, type, ref, attributes, properties, dependsOn: [] }) as Resource;

const statement = (Action: unknown, Resource: unknown, more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});

function platform(statements: object[], inline: object[] = []) {
  const PolicyDocument = { Statement: statements };
  return createAuthorizer([
    resource('AWS::KMS::Key', 'Key', 'k', { Arn: KEY }, {}),
    resource(
      'AWS::S3::Bucket',
      'Silver',
      'silver',
      { Arn: 'arn:aws:s3:::silver' },
      {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { KMSMasterKeyID: KEY, SSEAlgorithm: 'aws:kms' } },
          ],
        },
      },
    ),
    resource('AWS::S3::Bucket', 'Plain', 'plain', { Arn: 'arn:aws:s3:::plain' }, {}),
    resource('AWS::SecretsManager::Secret', 'Secret', SECRET, { Id: SECRET }, { KmsKeyId: KEY }),
    resource('AWS::IAM::ManagedPolicy', 'P', 'arn:aws:iam::000000000000:policy/p', {}, { PolicyDocument }),
    resource('AWS::IAM::Policy', 'Q', 'q', {}, { Roles: ['r'], PolicyDocument: { Statement: inline } }),
    resource(
      'AWS::IAM::Role',
      'Role',
      'r',
      { Arn: ROLE, RoleId: 'AROA1' },
      { ManagedPolicyArns: ['arn:aws:iam::000000000000:policy/p'] },
    ),
  ]);
}

const role: Caller = { kind: 'role', arn: ROLE, accessKeyId: 'LKIA' };
const ask = (p: ReturnType<typeof platform>, action: string, on: string, context: Record<string, string> = {}) =>
  p.authorize({ caller: role, action, resource: on, context });

const viaS3 = { Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } } };

describe('role policies', () => {
  test.each([
    ['s3:*', 's3:GetObject', true],
    ['s3:Get*', 's3:PutObject', false],
    ['S3:getobject', 's3:GetObject', true],
  ])('action %s over %s: %s', (pattern, action, expected) => {
    expect(like(pattern, action, true)).toBe(expected);
  });

  test('what no statement allows is refused, and says who asked for what', () => {
    const p = platform([statement('s3:GetObject', 'arn:aws:s3:::plain/in/*')]);
    expect(ask(p, 's3:GetObject', 'arn:aws:s3:::plain/in/a/b')).toBeUndefined();
    expect(ask(p, 's3:GetObject', 'arn:aws:s3:::plain/out/a')).toBe(
      `${ROLE} is not authorized to perform s3:GetObject on arn:aws:s3:::plain/out/a because no identity-based policy allows it`,
    );
    expect(ask(p, 's3:PutObject', 'arn:aws:s3:::plain/in/a')).toMatch(/no identity-based policy/);
  });

  test('a denial wins over any allowance; attached policies count', () => {
    const p = platform([statement('s3:*', '*')], [{ Effect: 'Deny', Action: 's3:DeleteObject', Resource: '*' }]);
    expect(ask(p, 's3:PutObject', 'arn:aws:s3:::plain/x')).toBeUndefined();
    expect(ask(p, 's3:DeleteObject', 'arn:aws:s3:::plain/x')).toMatch(/a policy denies it/);
  });

  test('conditions hold, and a key that the call does not carry fails', () => {
    const p = platform([
      statement('s3:ListBucket', 'arn:aws:s3:::plain', {
        Condition: { StringLike: { 's3:prefix': ['loads/*', '_key/*'] } },
      }),
      statement('redshift-data:DescribeStatement', '*', {
        Condition: { StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' } },
      }),
      statement('x:Negated', '*', { Condition: { StringNotEquals: { 'x:k': 'v' } } }),
      statement('x:IfExists', '*', { Condition: { StringEqualsIfExists: { 'x:k': 'v' } } }),
    ]);
    const list = (prefix?: string) =>
      ask(p, 's3:ListBucket', 'arn:aws:s3:::plain', prefix === undefined ? {} : { 's3:prefix': prefix });
    expect([list('loads/1'), list('_key/')]).toEqual([undefined, undefined]);
    expect([list('other/'), list()]).toEqual([expect.any(String), expect.any(String)]);
    const own = (owner: string) =>
      ask(p, 'redshift-data:DescribeStatement', 'any', { 'redshift-data:statement-owner-iam-userid': owner });
    expect([own(ROLE), own(`${ROLE}2`)]).toEqual([undefined, expect.any(String)]);
    expect([ask(p, 'x:Negated', 'a', { 'x:k': 'v' }), ask(p, 'x:Negated', 'a')]).toEqual([
      expect.any(String),
      undefined,
    ]);
    expect([ask(p, 'x:IfExists', 'a', { 'x:k': 'w' }), ask(p, 'x:IfExists', 'a')]).toEqual([
      expect.any(String),
      undefined,
    ]);
  });

  test('encrypted data also needs the key, through its service', () => {
    const read = statement('s3:GetObject', 'arn:aws:s3:::silver/*');
    const object = 'arn:aws:s3:::silver/a';
    expect(ask(platform([read]), 's3:GetObject', object)).toMatch(/kms:Decrypt on arn:aws:kms/);
    expect(ask(platform([read, statement('kms:Decrypt', KEY, viaS3)]), 's3:GetObject', object)).toBeUndefined();
    const through = { Condition: { StringEquals: { 'kms:ViaService': 'kinesis.us-east-1.amazonaws.com' } } };
    expect(ask(platform([read, statement('kms:Decrypt', KEY, through)]), 's3:GetObject', object)).toMatch(
      /kms:Decrypt/,
    );
    const secret = statement('secretsmanager:GetSecretValue', SECRET);
    expect(
      ask(platform([secret, statement('kms:Decrypt', KEY, viaS3)]), 'secretsmanager:GetSecretValue', SECRET),
    ).toMatch(/kms:Decrypt/);
  });

  test('users of the laptop may do everything; a role that is not in the template nothing', () => {
    const p = platform([]);
    const user: Caller = { kind: 'user', arn: 'arn:aws:iam::000000000000:user/carelake', accessKeyId: 'carelake' };
    expect(p.authorize({ caller: user, action: 's3:DeleteBucket', resource: 'x', context: {} })).toBeUndefined();
    expect(
      p.authorize({ caller: { ...role, arn: 'arn:other' }, action: 's3:GetObject', resource: 'x', context: {} }),
    ).toMatch(/not a role of the template/);
  });

  test('used grants are told from unused ones', () => {
    const p = platform([
      statement(['s3:GetObject', 's3:PutObject'], ['arn:aws:s3:::silver/*', 'arn:aws:s3:::plain/*']),
      statement('kms:Decrypt', KEY, viaS3),
    ]);
    expect(p.granted()).toHaveLength(5);
    ask(p, 's3:GetObject', 'arn:aws:s3:::silver/a');
    ask(p, 's3:GetObject', 'arn:aws:s3:::silver/b');
    ask(p, 's3:PutObject', 'arn:aws:s3:::silver/refused-for-lack-of-a-key');
    expect(p.used()).toEqual([
      { role: 'S/Role', action: 's3:GetObject', resource: 'arn:aws:s3:::silver/*' },
      {
        role: 'S/Role',
        action: 'kms:Decrypt',
        resource: KEY,
        when: 'kms:ViaService=s3.us-east-1.amazonaws.com',
      },
      { role: 'S/Role', action: 's3:PutObject', resource: 'arn:aws:s3:::silver/*' },
    ]);
    expect(() => p.require(ROLE, 's3:PutObject', 'arn:aws:s3:::nowhere/a')).toThrow(/not authorized/);
  });

  test.each([
    [{ Effect: 'Allow', NotAction: 's3:*', Resource: '*' }, /NotAction/],
    [statement('a', '*', { Condition: { NumericLessThan: { k: 1 } } }), /NumericLessThan/],
  ])('%j is refused, not skipped', (raw, message) => {
    expect(() => parseStatements({ Statement: [raw] }, 'here')).toThrow(message);
  });

  test('a managed policy of AWS is refused', () => {
    const outside = resource(
      'AWS::IAM::Role',
      'R',
      'r',
      { Arn: ROLE },
      { ManagedPolicyArns: ['arn:aws:iam::aws:policy/Everything'] },
    );
    expect(() => createAuthorizer([outside])).toThrow(/Everything is not in the templates/);
  });
});

describe('database roles', () => {
  const admin = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:admin-abcdef';
  const dbRole = (name: string, Tags: object[]) =>
    resource('AWS::IAM::Role', name, name, { Arn: `arn:role/${name}` }, { Tags });
  const roleOf = databaseRoles([
    resource(
      'AWS::RedshiftServerless::Namespace',
      'N',
      'n',
      {},
      { AdminUserPassword: `{{resolve:secretsmanager:${admin}:SecretString:password::}}` },
    ),
    dbRole('load', [{ Key: 'RedshiftDbRoles', Value: 'loader' }]),
    dbRole('ingest', [{ Key: 'other', Value: 'x' }]),
  ]);
  test.each([
    ['load', undefined, 'loader'],
    ['load', admin, undefined],
    ['load', SECRET, 'loader'],
    ['ingest', undefined, 'public'],
    ['unknown', undefined, 'public'],
  ])('%s with the secret %s acts as %s', (name, secret, expected) => {
    expect(roleOf({ kind: 'role', arn: `arn:role/${name}`, accessKeyId: '' }, secret)).toBe(expected);
  });
  test("the laptop's user is the owner", () => {
    expect(roleOf({ kind: 'user', arn: 'arn:user', accessKeyId: '' })).toBeUndefined();
  });
});
