import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
  Stack,
} from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Types that keep something, and of each the properties whose change makes CloudFormation replace it (the registry's createOnlyProperties),
 * or make up another value for it.
 */
const FROZEN: Record<string, readonly string[]> = {
  'AWS::KMS::Key': ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
  'AWS::SecretsManager::Secret': ['Name', 'GenerateSecretString', 'SecretString'],
  'AWS::S3::Bucket': ['BucketName', 'BucketNamePrefix', 'BucketNamespace'],
  'AWS::Kinesis::Stream': ['Name'],
  'AWS::RedshiftServerless::Namespace': ['NamespaceName', 'DbName', 'AdminUsername', 'AdminUserPassword'],
  'AWS::RedshiftServerless::Workgroup': ['WorkgroupName', 'NamespaceName'],
  'AWS::EC2::VPC': ['CidrBlock', 'InstanceTenancy'],
  'AWS::EC2::Subnet': ['VpcId', 'AvailabilityZone', 'AvailabilityZoneId', 'CidrBlock'],
  'AWS::EC2::SecurityGroup': ['GroupDescription', 'GroupName', 'VpcId'],
};

/** Properties that do not replace the resource but its content. */
const REGENERATING = new Set(['GenerateSecretString', 'SecretString']);

/** One resource that keeps something. */
export interface Kept {
  readonly type: string;
  /** What must not change, with `null` for a property that is absent. */
  readonly frozen: Record<string, unknown>;
}

/** Stateful resources of one environment: stack name, logical id, resource. */
export type Inventory = Record<string, Record<string, Kept>>;

interface Template {
  Resources?: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
}

/** What keeps something in these templates, by stack name and logical id, sorted. */
export function inventoryOf(templates: Record<string, Template>): Inventory {
  const entries = Object.keys(templates)
    .sort()
    .map((stack): [string, Record<string, Kept>] => {
      const kept = Object.entries(templates[stack]!.Resources ?? {})
        .filter(([, r]) => FROZEN[r.Type])
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, r]): [string, Kept] => [
          id,
          {
            type: r.Type,
            frozen: Object.fromEntries(FROZEN[r.Type]!.map((p) => [p, r.Properties?.[p] ?? null])),
          },
        ]);
      return [stack, Object.fromEntries(kept)];
    });
  return Object.fromEntries(entries.filter(([, kept]) => Object.keys(kept).length > 0));
}

/** A difference that would lose or strand data. */
export interface Loss {
  readonly stack: string;
  readonly logicalId: string;
  readonly rule:
    | 'stateful-resource-gone'
    | 'stateful-resource-replaced'
    | 'secret-value-regenerated'
    | 'stateful-resource-unrecorded';
  readonly message: string;
}

/** What CloudFormation would lose or strand on the way from the recorded inventory to the present one. */
export function losses(env: string, recorded: Inventory, present: Inventory): Loss[] {
  const accept = `npm run inventory -- -c env=${env}`;
  const found: Loss[] = [];
  for (const [stack, resources] of Object.entries(recorded)) {
    for (const [logicalId, was] of Object.entries(resources)) {
      const now = present[stack]?.[logicalId];
      const name = `${stack}/${logicalId} (${was.type})`;
      if (!now || now.type !== was.type) {
        found.push({
          stack,
          logicalId,
          rule: 'stateful-resource-gone',
          message:
            `${name} is no longer in the stack: CloudFormation would drop it and make an empty one under the new name. ` +
            `Way out: give the construct its old id or path back, or keep the id with overrideLogicalId('${logicalId}'). ` +
            `To move it on purpose use "cdk refactor", or "cdk import" after a deployment that retains it, then record it: ${accept}`,
        });
        continue;
      }
      for (const property of Object.keys(was.frozen)) {
        if (same(was.frozen[property], now.frozen[property])) continue;
        found.push(changed(stack, logicalId, name, property, accept));
      }
    }
  }
  for (const [stack, resources] of Object.entries(present)) {
    for (const [logicalId, now] of Object.entries(resources)) {
      if (recorded[stack]?.[logicalId]) continue;
      found.push({
        stack,
        logicalId,
        rule: 'stateful-resource-unrecorded',
        message: `${stack}/${logicalId} (${now.type}) is new: record it, so that later changes to it are noticed: ${accept}`,
      });
    }
  }
  return found;
}

function changed(stack: string, logicalId: string, name: string, property: string, accept: string): Loss {
  return REGENERATING.has(property)
    ? {
        stack,
        logicalId,
        rule: 'secret-value-regenerated',
        message:
          `${name}: ${property} changed, and CloudFormation would make up another value. For the durable keys that renames every patient. ` +
          `Way out: put the generation properties back exactly as they were; a new secret is a new resource with its own key_version. ` +
          `If no value is in use yet, record it: ${accept}`,
      }
    : {
        stack,
        logicalId,
        rule: 'stateful-resource-replaced',
        message:
          `${name}: ${property} changed, and CloudFormation would replace the resource by an empty one. ` +
          `Way out: put ${property} back; or add the new resource beside the old under another construct id, copy the data, switch over, ` +
          `and remove the old one a release later. If nothing is deployed yet, record it: ${accept}`,
      };
}

/** Equal whatever the order of the members. */
const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) =>
    v && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([x], [y]) => (x < y ? -1 : 1)))
      : v,
  );

/** The committed inventory, by environment. */
export const INVENTORY_FILE = join(__dirname, 'inventory.json');
export const recordedInventories = (): Record<string, Inventory> =>
  JSON.parse(readFileSync(INVENTORY_FILE, 'utf8')) as Record<string, Inventory>;

/** Compares every synthesis with the committed inventory, before anything reaches an account. */
export class StatefulInventory implements IPolicyValidationPlugin {
  readonly name = 'Carelake stateful inventory';

  constructor(
    private readonly env: string,
    private readonly recorded: Record<string, Inventory> = recordedInventories(),
  ) {}

  /** Called by the framework at every synthesis. */
  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const root = (context as IPolicyValidationContext & { appConstruct: IConstruct }).appConstruct;
    const templates: Record<string, Template> = {};
    const paths: Record<string, string> = {};
    for (const { stackConstructPath, templatePath } of context.stackTemplates) {
      const stack = root.node.findChild(stackConstructPath) as Stack;
      templates[stack.stackName] = JSON.parse(readFileSync(templatePath, 'utf8')) as Template;
      paths[stack.stackName] = templatePath;
    }
    const violations = losses(this.env, this.recorded[this.env] ?? {}, inventoryOf(templates)).map(
      ({ stack, logicalId, rule, message }): PolicyViolation => ({
        ruleName: rule,
        description: message,
        severity: 'error',
        violatingResources: [
          { resourceLogicalId: logicalId, templatePath: paths[stack] ?? stack, locations: ['Properties'] },
        ] as unknown as PolicyViolation['violatingResources'],
      }),
    );
    return { success: violations.length === 0, violations };
  }
}
