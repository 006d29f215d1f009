/**
 * Walks from every encrypted store over its key to every role that reads or writes it. On AWS an encrypted read needs
 * three yeses: the role's policy for the data, the role's policy for the key, and the key's own policy. A missing one
 * shows only at run time, as an "access denied" that names the data and not the key.
 */
export interface KeyedResource {
  stackName: string;
  logicalId: string;
  type: string;
  ref: string;
  attributes: Readonly<Record<string, unknown>>;
  properties: Readonly<Record<string, unknown>>;
}

export interface Step {
  store: string;
  key: string;
  role: string;
  use: 'read' | 'write';
  /** Empty when the role can use the data; else what is missing. */
  missing: string[];
}

interface Statement {
  Effect?: string;
  Action?: string | string[];
  Resource?: string | string[];
  Principal?: unknown;
  Condition?: Record<string, Record<string, string | string[]>>;
}

interface Store {
  type: string;
  service: string;
  key: (r: KeyedResource) => unknown;
  arn: (r: KeyedResource) => string;
  uses: Record<'read' | 'write', { actions: string[]; keyActions: string[] }>;
}

type Json = Record<string, unknown>;
const at = (value: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>((v, key) => (v === null || v === undefined ? undefined : (v as Json)[key as string]), value);

const STORES: Store[] = [
  {
    type: 'AWS::S3::Bucket',
    service: 's3',
    key: (r) =>
      at(
        r.properties,
        'BucketEncryption',
        'ServerSideEncryptionConfiguration',
        0,
        'ServerSideEncryptionByDefault',
        'KMSMasterKeyID',
      ),
    arn: (r) => `${String(r.attributes.Arn)}/`,
    uses: {
      read: { actions: ['s3:GetObject'], keyActions: ['kms:Decrypt'] },
      write: { actions: ['s3:PutObject'], keyActions: ['kms:GenerateDataKey'] },
    },
  },
  {
    type: 'AWS::Kinesis::Stream',
    service: 'kinesis',
    key: (r) => at(r.properties, 'StreamEncryption', 'KeyId'),
    arn: (r) => String(r.attributes.Arn),
    uses: {
      read: { actions: ['kinesis:GetRecords', 'kinesis:SubscribeToShard'], keyActions: ['kms:Decrypt'] },
      write: { actions: ['kinesis:PutRecord', 'kinesis:PutRecords'], keyActions: ['kms:GenerateDataKey'] },
    },
  },
  {
    type: 'AWS::SecretsManager::Secret',
    service: 'secretsmanager',
    key: (r) => r.properties.KmsKeyId,
    arn: (r) => r.ref,
    uses: {
      read: { actions: ['secretsmanager:GetSecretValue'], keyActions: ['kms:Decrypt'] },
      write: { actions: ['secretsmanager:PutSecretValue'], keyActions: ['kms:GenerateDataKey'] },
    },
  },
];

const list = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];
const statements = (document: unknown): Statement[] => (at(document, 'Statement') as Statement[] | undefined) ?? [];

/** Whether an IAM pattern (`*`, `?`) covers a name; for data under a prefix the pattern may be longer than the name. */
const covers = (pattern: string, name: string): boolean => {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${text}$`).test(name);
};

/** All allow statements that a role holds: inline, in attached managed policies, and in policies that name the role. */
export function statementsOf(role: KeyedResource, resources: KeyedResource[]): Statement[] {
  const inline = ((role.properties.Policies as Json[] | undefined) ?? []).map((policy) => policy.PolicyDocument);
  const attached = resources.filter(
    (r) =>
      (r.type === 'AWS::IAM::ManagedPolicy' && list(role.properties.ManagedPolicyArns as string[]).includes(r.ref)) ||
      ((r.type === 'AWS::IAM::ManagedPolicy' || r.type === 'AWS::IAM::Policy') &&
        list(r.properties.Roles as string[]).includes(role.ref)),
  );
  return [...inline, ...attached.map((r) => r.properties.PolicyDocument)]
    .flatMap(statements)
    .filter((s) => s.Effect === 'Allow');
}

const usesData = (rights: Statement[], store: Store, use: 'read' | 'write', arn: string): boolean =>
  rights.some(
    (s) =>
      list(s.Action).some((action) => store.uses[use].actions.some((wanted) => covers(action, wanted))) &&
      // A grant on a prefix of a bucket is a use of the bucket.
      list(s.Resource).some((resource) => resource.startsWith(arn) || covers(resource, arn)),
  );

const usesKey = (rights: Statement[], action: string, keyArn: string, service: string, region: string): boolean =>
  rights.some((s) => {
    const via = s.Condition?.StringEquals?.['kms:ViaService'];
    return (
      list(s.Action).some((pattern) => covers(pattern, action)) &&
      list(s.Resource).some((resource) => covers(resource, keyArn)) &&
      (via === undefined || list(via).includes(`${service}.${region}.amazonaws.com`))
    );
  });

/** A key whose policy delegates to IAM lets the account's own policies decide. */
const delegates = (key: KeyedResource, account: string): boolean =>
  statements(key.properties.KeyPolicy).some(
    (s) =>
      s.Effect === 'Allow' &&
      list(s.Action).includes('kms:*') &&
      JSON.stringify(s.Principal ?? '').includes(`arn:aws:iam::${account}:root`) &&
      s.Condition === undefined,
  );

/** Every (store, key, role, use) of the templates, each with what is missing. Stores without a key of their own are left out. */
export function walkKeys(resources: KeyedResource[], place: { account: string; region: string }): Step[] {
  const steps: Step[] = [];
  const keys = resources.filter((r) => r.type === 'AWS::KMS::Key');
  const roles = resources
    .filter((r) => r.type === 'AWS::IAM::Role')
    .map((role) => ({ role, rights: statementsOf(role, resources) }));
  for (const store of STORES) {
    for (const resource of resources.filter((r) => r.type === store.type)) {
      const named = store.key(resource);
      const key = keys.find((k) => k.ref === named || k.attributes.Arn === named);
      if (!key) continue;
      for (const { role, rights } of roles) {
        for (const use of ['read', 'write'] as const) {
          if (!usesData(rights, store, use, store.arn(resource))) continue;
          const missing = store.uses[use].keyActions
            .filter((action) => !usesKey(rights, action, String(key.attributes.Arn), store.service, place.region))
            .map((action) => `${action} via ${store.service} in the role's policy`);
          if (!delegates(key, place.account)) missing.push("delegation to IAM in the key's policy");
          steps.push({
            store: `${resource.stackName}/${resource.logicalId}`,
            key: `${key.stackName}/${key.logicalId}`,
            role: `${role.stackName}/${role.logicalId}`,
            use,
            missing,
          });
        }
      }
    }
  }
  return steps;
}
