import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseDefinition } from '../engines/asl';
import type { CustomResourceSpec } from '../engines/custom-resource';
import type { MappingSpec } from '../engines/event-source-mapping';
import { checkPattern, type Rule, type RuleTarget } from '../engines/rules';
import type { ScheduleSpec } from '../engines/schedule';
import type { MachineSpec } from '../engines/state-machine';
import type { FunctionSpec } from '../engines/worker';
import type { Assembly } from '../template/assembly';
import type { Resource } from '../template/intrinsics';
import { dig, NOT_RUN, onlyKnown } from './catalog';

type Pattern = Rule['pattern'];

const ofType = (resources: readonly Resource[], type: string): Resource[] => resources.filter((r) => r.type === type);
const where = (r: Resource): string => `stack ${r.stack}, ${r.logicalId} (${r.type})`;
const number = (value: unknown, otherwise: number): number => (value === undefined ? otherwise : Number(value));

/** Buckets, and whether each tells the event bus of new objects. */
export const bucketsOf = (resources: readonly Resource[]): { name: string; events: boolean; versioned: boolean }[] =>
  ofType(resources, 'AWS::S3::Bucket').map((r) => ({
    name: r.ref,
    // The block alone turns events on.
    versioned: dig(r.properties, 'VersioningConfiguration', 'Status') === 'Enabled',
    events: dig(r.properties, 'NotificationConfiguration', 'EventBridgeConfiguration') !== undefined,
  }));

/** Streams. One on demand starts with four shards, as in the account. */
export const streamsOf = (
  resources: readonly Resource[],
): { name: string; arn: string; shards: number; retentionHours: number; encrypted: boolean }[] =>
  ofType(resources, 'AWS::Kinesis::Stream').map(({ ref, attributes, properties }) => ({
    name: ref,
    arn: String(attributes.Arn),
    shards: dig(properties, 'StreamModeDetails', 'StreamMode') === 'ON_DEMAND' ? 4 : number(properties.ShardCount, 1),
    retentionHours: number(properties.RetentionPeriodHours, 24),
    encrypted: properties.StreamEncryption !== undefined,
  }));

/** Workgroup names and the database of their namespace; the role that COPY takes; how long a statement may run. */
export function warehouseOf(resources: readonly Resource[]): {
  workgroups: string[];
  database?: string;
  copyRole?: string;
  maxQuerySeconds?: number;
} {
  const namespace = ofType(resources, 'AWS::RedshiftServerless::Namespace')[0];
  const database = namespace && String(namespace.properties.DbName ?? 'dev');
  const copyRole = namespace && String(namespace.properties.DefaultIamRoleArn ?? 'a namespace without a default role');
  const workgroups = ofType(resources, 'AWS::RedshiftServerless::Workgroup');
  const parameters = workgroups.flatMap((r) => (r.properties.ConfigParameters ?? []) as Record<string, unknown>[]);
  const limit = parameters.find((p) => p.ParameterKey === 'max_query_execution_time')?.ParameterValue;
  return {
    workgroups: workgroups.map((r) => r.ref),
    database,
    copyRole,
    // Zero means no limit.
    maxQuerySeconds: Number(limit ?? 0) || undefined,
  };
}

const FUNCTION_PROPERTIES = [
  'Code',
  'Handler',
  'Runtime',
  'Role',
  'MemorySize',
  'Timeout',
  'Environment',
  'FunctionName',
  'LoggingConfig',
  'Description',
  'Architectures',
  'EphemeralStorage',
  'ReservedConcurrentExecutions',
  'TracingConfig',
  'KmsKeyArn',
];

/** A function with what its process needs to know of its role. */
export interface FunctionOfRole extends Omit<FunctionSpec, 'runtimeEnvironment'> {
  readonly logicalId: string;
  readonly roleArn: string;
}

/** Functions, with the folder of their bundle in the assembly. */
export function functionsOf(resources: readonly Resource[], assembly: Assembly, dataDir: string): FunctionOfRole[] {
  return ofType(resources, 'AWS::Lambda::Function').map((r) => {
    onlyKnown(r, FUNCTION_PROPERTIES);
    const { properties: p } = r;
    const key = dig(p, 'Code', 'S3Key');
    if (!/^nodejs\d/.test(String(p.Runtime)) || typeof key !== 'string')
      throw new Error(`${where(r)}: the laptop runs only Node functions from assets`);
    const reserved = p.ReservedConcurrentExecutions;
    return {
      logicalId: r.logicalId,
      name: r.ref,
      arn: String(r.attributes.Arn),
      roleArn: String(p.Role),
      codeDir: assembly.assetPath(key),
      handler: String(p.Handler),
      memoryMb: number(p.MemorySize, 128),
      timeoutSeconds: number(p.Timeout, 3),
      environment: (dig(p, 'Environment', 'Variables') ?? {}) as Record<string, string>,
      logGroup: String(dig(p, 'LoggingConfig', 'LogGroup') ?? `/aws/lambda/${r.ref}`),
      logFile: join(dataDir, 'logs', `${r.ref}.log`),
      // An account runs a thousand at once; here more than the cores would only take memory.
      concurrency: Math.min(number(reserved, Infinity), Math.max(2, cpus().length)),
    };
  });
}

const MAPPING_PROPERTIES = [
  'FunctionName',
  'EventSourceArn',
  'BatchSize',
  'MaximumBatchingWindowInSeconds',
  'ParallelizationFactor',
  'StartingPosition',
  'FunctionResponseTypes',
  'BisectBatchOnFunctionError',
  'MaximumRetryAttempts',
  'MaximumRecordAgeInSeconds',
  'DestinationConfig',
  'Enabled',
  'MetricsConfig',
];

/** A mapping as the template sets it; `onFailureBucket` is the bucket's name. */
export interface MappingOfTemplate extends MappingSpec {
  readonly onFailureBucket?: string;
}

/** Enabled event-source mappings of streams. @throws Error for settings that CloudFormation or Lambda would refuse, or the laptop does not run. */
export function mappingsOf(
  resources: readonly Resource[],
  functions: readonly FunctionOfRole[],
  region: string,
): MappingOfTemplate[] {
  return ofType(resources, 'AWS::Lambda::EventSourceMapping')
    .filter((r) => r.properties.Enabled !== false)
    .map((r) => {
      onlyKnown(r, MAPPING_PROPERTIES);
      const { properties: p } = r;
      const fn = functions.find((f) => f.name === p.FunctionName || f.arn === p.FunctionName);
      if (!fn) throw new Error(`${where(r)}: no function ${String(p.FunctionName)}`);
      const position = p.StartingPosition;
      if (position !== 'TRIM_HORIZON' && position !== 'LATEST')
        throw new Error(`${where(r)}: the laptop does not start at ${String(position)}`);
      const destination = dig(p, 'DestinationConfig', 'OnFailure', 'Destination');
      const bucket = destination === undefined ? undefined : /^arn:aws:s3:::([^/]+)$/.exec(String(destination))?.[1];
      if (destination !== undefined && !bucket)
        throw new Error(`${where(r)}: the laptop keeps given-up records only in buckets`);
      const spec: MappingOfTemplate = {
        id: r.ref,
        name: r.logicalId,
        functionArn: fn.arn,
        streamArn: String(p.EventSourceArn),
        roleArn: fn.roleArn,
        region,
        batchSize: number(p.BatchSize, 100),
        windowSeconds: number(p.MaximumBatchingWindowInSeconds, 0),
        parallelization: number(p.ParallelizationFactor, 1),
        reportItemFailures: [p.FunctionResponseTypes ?? []].flat().includes('ReportBatchItemFailures'),
        bisect: p.BisectBatchOnFunctionError === true,
        maxRetries: number(p.MaximumRetryAttempts, -1),
        maxAgeSeconds: number(p.MaximumRecordAgeInSeconds, -1),
        startingPosition: position,
        onFailureBucket: bucket,
      };
      checkRanges(r, spec);
      return spec;
    });
}

function checkRanges(r: Resource, spec: MappingSpec): void {
  const within = (name: string, value: number, min: number, max: number): void => {
    if (!Number.isInteger(value) || value < min || value > max)
      throw new Error(`${where(r)}: ${name} is ${value}, not ${min} to ${max}`);
  };
  within('BatchSize', spec.batchSize, 1, 10_000);
  within('MaximumBatchingWindowInSeconds', spec.windowSeconds, 0, 300);
  within('ParallelizationFactor', spec.parallelization, 1, 10);
  within('MaximumRetryAttempts', spec.maxRetries, -1, 10_000);
  if (spec.maxAgeSeconds !== -1) within('MaximumRecordAgeInSeconds', spec.maxAgeSeconds, 60, 604_800);
}

/** A state machine with the role it acts by. */
export interface MachineOfRole extends MachineSpec {
  readonly logicalId: string;
  readonly roleArn: string;
  readonly logs: boolean;
}

/** State machines, checked. */
export const machinesOf = (resources: readonly Resource[], functions: readonly FunctionOfRole[]): MachineOfRole[] =>
  ofType(resources, 'AWS::StepFunctions::StateMachine').map((r) => {
    const { properties: p } = r;
    if ((p.StateMachineType ?? 'STANDARD') !== 'STANDARD')
      throw new Error(`${where(r)}: the laptop runs only standard state machines`);
    const text = typeof p.DefinitionString === 'string' ? p.DefinitionString : JSON.stringify(p.Definition);
    const known = (arn: string): boolean => functions.some((f) => f.arn === arn || f.name === arn);
    return {
      logicalId: r.logicalId,
      name: String(r.attributes.Name),
      arn: r.ref,
      roleArn: String(p.RoleArn),
      logs: p.LoggingConfiguration !== undefined,
      definition: parseDefinition(r.logicalId, text, known),
    };
  });

/** Enabled rules on events, and their targets that the laptop does not run. */
export function rulesOf(
  resources: readonly Resource[],
  runs: (arn: string) => boolean,
): { rules: Rule[]; off: { rule: string; target: string }[] } {
  const off: { rule: string; target: string }[] = [];
  const rules = ofType(resources, 'AWS::Events::Rule').flatMap((r): Rule[] => {
    const { properties: p } = r;
    if (p.State === 'DISABLED') return [];
    if (p.ScheduleExpression !== undefined || !p.EventPattern)
      throw new Error(
        `${where(r)}: the laptop runs only rules with an event pattern; schedules belong in EventBridge Scheduler`,
      );
    checkPattern(r.logicalId, p.EventPattern as Pattern);
    const targets = ((p.Targets ?? []) as Record<string, unknown>[]).map(targetOf);
    const dead = targets.filter((t) => !runs(t.arn));
    for (const { arn } of dead) {
      const owner = resources.find((o) => o.ref === arn || o.attributes.Arn === arn);
      if (!owner || !NOT_RUN[owner.type]) throw new Error(`${where(r)}: the laptop cannot send events to ${arn}`);
      off.push({ rule: r.logicalId, target: owner.logicalId });
    }
    const alive = targets.filter((t) => runs(t.arn));
    return alive.length ? [{ name: r.logicalId, pattern: p.EventPattern as Pattern, targets: alive }] : [];
  });
  return { rules, off };
}

/** How long and how often the template lets a refused start be tried again. */
const retriesOf = (target: unknown): { maxAgeSeconds?: number; maxRetries?: number } => ({
  maxAgeSeconds: dig(target, 'RetryPolicy', 'MaximumEventAgeInSeconds') as number | undefined,
  maxRetries: dig(target, 'RetryPolicy', 'MaximumRetryAttempts') as number | undefined,
});

function targetOf(t: Record<string, unknown>): RuleTarget {
  const transformer = t.InputTransformer as
    { InputPathsMap?: Record<string, string>; InputTemplate: string } | undefined;
  return {
    id: String(t.Id),
    arn: String(t.Arn),
    roleArn: t.RoleArn as string | undefined,
    deadLetterArn: dig(t, 'DeadLetterConfig', 'Arn') as string | undefined,
    ...retriesOf(t),
    input: t.Input as string | undefined,
    inputPath: t.InputPath as string | undefined,
    inputTransformer: transformer && { paths: transformer.InputPathsMap ?? {}, template: transformer.InputTemplate },
  };
}

/** A schedule with its target. */
export interface ScheduleOfTemplate extends ScheduleSpec {
  readonly target: RuleTarget;
  readonly input: string;
}

/** Enabled schedules. */
export const schedulesOf = (resources: readonly Resource[]): ScheduleOfTemplate[] =>
  ofType(resources, 'AWS::Scheduler::Schedule')
    .filter((r) => r.properties.State !== 'DISABLED')
    .map(({ logicalId, properties: p }) => ({
      name: logicalId,
      expression: String(p.ScheduleExpression),
      timezone: String(p.ScheduleExpressionTimezone ?? 'UTC'),
      target: {
        id: logicalId,
        arn: String(dig(p, 'Target', 'Arn')),
        roleArn: String(dig(p, 'Target', 'RoleArn')),
        deadLetterArn: dig(p, 'Target', 'DeadLetterConfig', 'Arn') as string | undefined,
        ...retriesOf(p.Target),
      },
      input: String(dig(p, 'Target', 'Input') ?? '{}'),
    }));

/** Queues; only as the end of starts that could not be delivered. */
export const queuesOf = (resources: readonly Resource[]): { name: string; retentionMs: number }[] =>
  ofType(resources, 'AWS::SQS::Queue').map((r) => ({
    name: String(r.attributes.QueueName),
    retentionMs: number(r.properties.MessageRetentionPeriod, 345_600) * 1000,
  }));

/** Custom resources, in the order of the templates. */
export const customResourcesOf = (resources: readonly Resource[]): CustomResourceSpec[] =>
  resources
    .filter((r) => r.type.startsWith('Custom::') && !NOT_RUN[r.type])
    .map((r) => ({
      stackName: r.stackName,
      logicalId: r.logicalId,
      type: r.type,
      functionArn: String(r.properties.ServiceToken),
      timeoutSeconds: number(r.properties.ServiceTimeout, 3600),
      properties: r.properties,
    }));
