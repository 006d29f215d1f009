import type { Resource } from './intrinsics';
import type { Authorizer } from '../endpoints/types';

/** One statement of a policy, in one form. */
export interface Statement {
  readonly allow: boolean;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Operator → key → accepted values. */
  readonly conditions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** A pair that a role's policies allow, or that was used. */
export interface Grant {
  /** Logical id of the role, with its stack. */
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  /** Conditions under which it holds: `key=value`, sorted; absent when it always does. */
  readonly when?: string;
}

type Context = Readonly<Record<string, string>>;
type Raw = Readonly<Record<string, unknown>>;

const list = (value: unknown): string[] => (value === undefined ? [] : [value].flat().map(String));

const patterns = new Map<string, RegExp>();

/** Whether a text matches a pattern with `*` (any characters) and `?` (one). */
export function like(pattern: string, value: string, ignoreCase = false): boolean {
  if (pattern === '*') return true;
  const id = `${ignoreCase ? 'i' : 's'}${pattern}`;
  let known = patterns.get(id);
  if (!known) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    known = new RegExp(`^${source}$`, ignoreCase ? 'is' : 's');
    // Patterns come from templates, so that there are few of them; those with filled variables are not kept.
    if (patterns.size < 5000) patterns.set(id, known);
  }
  return known.test(value);
}

/** Operators of conditions. A key that the call does not have fails, except under `…IfExists` and the negated ones. */
const OPERATORS: Record<string, (value: string, wanted: string) => boolean> = {
  StringEquals: (v, w) => v === w,
  StringEqualsIgnoreCase: (v, w) => v.toLowerCase() === w.toLowerCase(),
  StringLike: (v, w) => like(w, v),
  ArnEquals: (v, w) => like(w, v),
  ArnLike: (v, w) => like(w, v),
  Bool: (v, w) => v.toLowerCase() === w.toLowerCase(),
};
const NEGATED: Record<string, string> = {
  StringNotEquals: 'StringEquals',
  StringNotLike: 'StringLike',
  ArnNotLike: 'ArnLike',
};

/**
 * Reads a policy document.
 * @throws Error naming where it stands, for an element or a condition that the laptop does not evaluate: it must not be skipped silently.
 */
export function parseStatements(document: unknown, where: string): Statement[] {
  return [(document as { Statement?: unknown }).Statement ?? []].flat().map((raw) => {
    const s = raw as Raw;
    for (const key of Object.keys(s))
      if (!['Effect', 'Action', 'Resource', 'Condition', 'Sid'].includes(key))
        throw new Error(`${where}: the laptop does not evaluate ${key}`);
    const conditions = Object.fromEntries(
      Object.entries((s.Condition ?? {}) as Record<string, Raw>).map(([operator, keys]) => {
        const base = operator.replace(/IfExists$/, '');
        if (!OPERATORS[base] && !NEGATED[base])
          throw new Error(`${where}: the laptop does not evaluate the condition ${operator}`);
        return [operator, Object.fromEntries(Object.entries(keys).map(([k, v]) => [k, list(v)]))];
      }),
    );
    return { allow: s.Effect === 'Allow', actions: list(s.Action), resources: list(s.Resource), conditions };
  });
}

/** The condition key by which a policy holds a caller to its own identity. */
const VARIABLE = /\$\{([^}]+)\}/g;

function satisfied(statement: Statement, context: Context): boolean {
  const lower = new Map(Object.entries(context).map(([k, v]) => [k.toLowerCase(), v]));
  const fill = (text: string): string =>
    text.replace(VARIABLE, (all, key: string) => lower.get(key.toLowerCase()) ?? all);
  return Object.entries(statement.conditions).every(([operator, keys]) => {
    const base = operator.replace(/IfExists$/, '');
    const negated = NEGATED[base];
    const holds = OPERATORS[negated ?? base]!;
    return Object.entries(keys).every(([key, wanted]) => {
      const value = lower.get(key.toLowerCase());
      if (value === undefined) return Boolean(negated) || base !== operator;
      const any = wanted.some((w) => holds(value, fill(w)));
      return negated ? !any : any;
    });
  });
}

/** How IAM decides: a statement that denies wins, then one that allows; nothing is granted by silence. */
export function decide(
  statements: readonly Statement[],
  action: string,
  resource: string,
  context: Context,
): Statement | 'denied' | 'not granted' {
  const about = statements.filter(
    (s) =>
      s.actions.some((a) => like(a, action, true)) &&
      s.resources.some((r) => like(r, resource)) &&
      satisfied(s, context),
  );
  if (about.some((s) => !s.allow)) return 'denied';
  return about[0] ?? 'not granted';
}

/** Effective statements of each role, by its ARN: inline, of policies attached to it, and of managed policies it names. */
export function statementsByRole(resources: readonly Resource[]): Map<string, Statement[]> {
  const at = (r: Resource): string => `stack ${r.stack}, ${r.logicalId}`;
  const managed = new Map<string, Statement[]>();
  const byName = new Map<string, Statement[]>();
  const add = (name: string, statements: Statement[]): void =>
    void byName.set(name, [...(byName.get(name) ?? []), ...statements]);
  for (const r of resources) {
    if (r.type !== 'AWS::IAM::ManagedPolicy' && r.type !== 'AWS::IAM::Policy') continue;
    const statements = parseStatements(r.properties.PolicyDocument, at(r));
    if (r.type === 'AWS::IAM::ManagedPolicy') managed.set(r.ref, statements);
    for (const role of list(r.properties.Roles)) add(role, statements);
  }
  const roles = new Map<string, Statement[]>();
  for (const r of resources) {
    if (r.type !== 'AWS::IAM::Role') continue;
    for (const { PolicyDocument } of (r.properties.Policies ?? []) as { PolicyDocument: unknown }[])
      add(r.ref, parseStatements(PolicyDocument, at(r)));
    for (const arn of list(r.properties.ManagedPolicyArns)) {
      const statements = managed.get(arn);
      if (!statements)
        throw new Error(
          `${at(r)}: the managed policy ${arn} is not in the templates, so the laptop cannot evaluate it`,
        );
      add(r.ref, statements);
    }
    roles.set(String(r.attributes.Arn), byName.get(r.ref) ?? []);
  }
  return roles;
}

/** Text of a statement's conditions; the same right under another condition is another grant. */
function whenOf({ conditions }: Statement): { when?: string } {
  const texts = Object.values(conditions).flatMap((keys) =>
    Object.entries(keys).map(([key, values]) => `${key}=${values.join('|')}`),
  );
  return texts.length ? { when: texts.sort().join(' ') } : {};
}

/** The right to a key that a call on an encrypted resource needs besides its own. */
const KEY_NEEDS: Record<string, readonly [service: string, ...actions: string[]]> = {
  's3:GetObject': ['s3', 'kms:Decrypt'],
  's3:PutObject': ['s3', 'kms:GenerateDataKey'],
  'kinesis:GetRecords': ['kinesis', 'kms:Decrypt'],
  'kinesis:PutRecord': ['kinesis', 'kms:GenerateDataKey'],
  'kinesis:PutRecords': ['kinesis', 'kms:GenerateDataKey'],
  'secretsmanager:GetSecretValue': ['secretsmanager', 'kms:Decrypt'],
};

/** Key that encrypts a resource at rest, by the resource's ARN; aliases are not used by the platform. */
function keysOf(resources: readonly Resource[]): Map<string, string> {
  const keyArns = new Map(
    resources
      .filter((r) => r.type === 'AWS::KMS::Key')
      .flatMap((r) => [r.ref, String(r.attributes.Arn)].map((id) => [id, String(r.attributes.Arn)])),
  );
  const keys = new Map<string, string>();
  for (const { type, ref, attributes, properties } of resources) {
    const id =
      type === 'AWS::S3::Bucket'
        ? find(
            properties,
            'BucketEncryption',
            'ServerSideEncryptionConfiguration',
            0,
            'ServerSideEncryptionByDefault',
            'KMSMasterKeyID',
          )
        : type === 'AWS::Kinesis::Stream'
          ? find(properties, 'StreamEncryption', 'KeyId')
          : type === 'AWS::SecretsManager::Secret'
            ? properties.KmsKeyId
            : undefined;
    const key = id === undefined ? undefined : keyArns.get(String(id));
    if (key) keys.set(type === 'AWS::SecretsManager::Secret' ? ref : String(attributes.Arn), key);
  }
  return keys;
}

const find = (value: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>(
    (v, step) => (v === undefined || v === null ? undefined : (v as Record<string | number, unknown>)[step]),
    value,
  );

/** A role lacks a right: no later try of the same can succeed. */
export class NotAllowed extends Error {}

/** Checks calls of roles against their policies, and remembers which grants were used. */
export interface RoleAuthorizer {
  /** For the endpoints: refuses with a reason. Users of the laptop are its administrators. */
  readonly authorize: Authorizer;
  /** The same for what the platform does in a role's name, without an endpoint. @throws Error with the reason. */
  require(roleArn: string, action: string, resource: string, context?: Context): void;
  /** Every allowed pair of every role, as its policies state it. */
  granted(): Grant[];
  /** Pairs of `granted()` that decided at least one call. */
  used(): Grant[];
}

/** Builds the authorizer from the template's roles, policies and keys. */
export function createAuthorizer(resources: readonly Resource[]): RoleAuthorizer {
  const roles = statementsByRole(resources);
  const keys = keysOf(resources);
  const names = new Map(
    resources
      .filter((r) => r.type === 'AWS::IAM::Role')
      .map((r) => [String(r.attributes.Arn), `${r.stack}/${r.logicalId}`]),
  );
  const region = [...keys.values()][0]?.split(':')[3] ?? 'us-east-1';
  const used = new Map<string, Grant>();

  const check = (roleArn: string, action: string, resource: string, context: Context): string | undefined => {
    const statements = roles.get(roleArn);
    if (!statements) return `${roleArn} is not a role of the template`;
    // The endpoints tell callers apart by their ARN; in the account the id would be one of its own.
    const own = { 'aws:userid': roleArn, 'aws:PrincipalArn': roleArn, 'aws:SecureTransport': 'true' };
    const decision = decide(statements, action, resource, { ...own, ...context });
    if (typeof decision === 'string')
      return `${roleArn} is not authorized to perform ${action} on ${resource} because ${decision === 'denied' ? 'a policy denies it' : 'no identity-based policy allows it'}`;
    note(roleArn, decision, action, resource);
    return undefined;
  };
  const note = (roleArn: string, statement: Statement, action: string, resource: string): void => {
    const grant = {
      role: names.get(roleArn)!,
      action: statement.actions.find((a) => like(a, action, true))!,
      resource: statement.resources.find((r) => like(r, resource))!,
      ...whenOf(statement),
    };
    used.set(`${grant.role} ${grant.action} ${grant.resource} ${grant.when}`, grant);
  };
  const checkWithKey = (roleArn: string, action: string, resource: string, context: Context): string | undefined => {
    const refused = check(roleArn, action, resource, context);
    const need = KEY_NEEDS[action];
    // An object's ARN is its bucket's and a key.
    const key = need && keys.get(action.startsWith('s3:') ? resource.split('/')[0]! : resource);
    if (refused || !need || !key) return refused;
    const [service, ...actions] = need;
    const through = { ...context, 'kms:ViaService': `${service}.${region}.amazonaws.com` };
    return actions.map((a) => check(roleArn, a, key, through)).find(Boolean);
  };

  return {
    authorize: ({ caller, action, resource, context }) =>
      caller.kind === 'user' ? undefined : checkWithKey(caller.arn, action, resource, context),
    require: (roleArn, action, resource, context = {}) => {
      const refused = checkWithKey(roleArn, action, resource, context);
      if (refused) throw new NotAllowed(refused);
    },
    granted: () =>
      [...roles].flatMap(([arn, statements]) =>
        statements
          .filter((s) => s.allow)
          .flatMap((s) =>
            s.actions.flatMap((action) =>
              s.resources.map((resource) => ({ role: names.get(arn)!, action, resource, ...whenOf(s) })),
            ),
          ),
      ),
    used: () => [...used.values()],
  };
}
