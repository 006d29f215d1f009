import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { namesOf } from '../../cli/laptop';
import type { Names } from '../../cli/folder';
import { bootPlatform, type BootOptions, type Platform } from '@carelake/laptop/runtime';
import { envelope } from '../core/samples';

interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
}
/** Resources of a template by logical id, to be changed in place. */
export type Resources = Record<string, Resource>;

/** A platform under test with what it takes to talk to it. */
export interface Laptop {
  readonly platform: Platform;
  readonly names: Names;
  readonly dataDir: string;
  /** Unmodified clients with the credentials of a role, by the beginning of its logical id; without one the user's. */
  as(role?: string): Clients;
  /** ARN of a role. */
  roleArn(role: string): string;
  /** Lines of a function's log, by the beginning of its logical id. */
  log(fn: string): Record<string, unknown>[];
}
export interface Clients {
  readonly s3: S3Client;
  readonly kinesis: KinesisClient;
  readonly secrets: SecretsManagerClient;
  readonly data: RedshiftDataClient;
}

const scratch = mkdtempSync(join(tmpdir(), 'carelake-privilege-'));
const running = new Set<Platform>();
const clients: { destroy(): void }[] = [];
let folders = 0;
export const newFolder = (): string => join(scratch, `data${folders++}`);

/** Stops what runs and removes the folders; for `afterAll`. */
export async function cleanUp(): Promise<void> {
  for (const client of clients.splice(0)) client.destroy();
  for (const platform of [...running]) await stop(platform);
  rmSync(scratch, { recursive: true, force: true });
}

/** A copy of an assembly with a template edited as text would be. */
export function changed(assemblyDir: string, stack: string, change: (resources: Resources) => void): string {
  const copy = join(scratch, `assembly${folders++}`);
  cpSync(assemblyDir, copy, { recursive: true });
  const file = readdirSync(copy).find((name) => name === `${stack}.template.json`)!;
  const template = JSON.parse(readFileSync(join(copy, file), 'utf8')) as { Resources: Resources };
  change(template.Resources);
  writeFileSync(join(copy, file), JSON.stringify(template));
  return copy;
}

/**
 * Takes actions on matching resources out of the managed policy of a role.
 * @throws Error when nothing matched: a test that removed nothing would prove nothing.
 */
export function withoutGrant(resources: Resources, policy: string, action: string, on: RegExp): void {
  const document = policyOf(resources, policy);
  let removed = 0;
  document.Statement = document.Statement.flatMap((s) => {
    const targets = [s.Resource].flat();
    const actions = [s.Action].flat();
    const rest = targets.filter((r) => !on.test(JSON.stringify(r)));
    if (!actions.includes(action) || rest.length === targets.length) return [s];
    removed++;
    const others = actions.filter((a) => a !== action);
    return [
      ...(others.length ? [{ ...s, Action: others }] : []),
      ...(rest.length ? [{ ...s, Action: action, Resource: rest }] : []),
    ];
  });
  if (!removed) throw new Error(`${policy} has no grant of ${action} on ${String(on)}`);
}

interface Document {
  Statement: { Effect: string; Action: string | string[]; Resource: unknown }[];
}
function policyOf(resources: Resources, id: string): Document {
  const found = Object.entries(resources).find(
    ([name, r]) => r.Type === 'AWS::IAM::ManagedPolicy' && name.startsWith(id),
  );
  if (!found) throw new Error(`no managed policy ${id}`);
  return found[1].Properties.PolicyDocument as Document;
}

export async function boot(assemblyDir: string, dataDir: string, more: Partial<BootOptions> = {}): Promise<Laptop> {
  const platform = await bootPlatform({ assemblyDir, dataDir, port: 0, warehouseMemory: '1GB', ...more });
  running.add(platform);
  const names = namesOf(platform);
  const find = (type: string, id: string) => {
    const resource = platform.resources.find((r) => r.type === type && r.logicalId.startsWith(id));
    if (!resource) throw new Error(`the templates have no ${type} ${id}`);
    return resource;
  };
  const roleArn = (id: string): string => String(find('AWS::IAM::Role', id).attributes.Arn);
  return {
    platform,
    names,
    dataDir,
    roleArn,
    as: (role) => {
      const credentials = role
        ? platform.endpoints.callers.registerRole(roleArn(role))
        : platform.endpoints.callers.user;
      const common = { endpoint: platform.url, region: names.region, credentials, maxAttempts: 1 };
      const made = {
        s3: new S3Client(common),
        kinesis: new KinesisClient(common),
        secrets: new SecretsManagerClient(common),
        data: new RedshiftDataClient(common),
      };
      clients.push(...Object.values(made));
      return made;
    },
    log: (fn) => {
      const file = join(dataDir, 'logs', `${find('AWS::Lambda::Function', fn).ref}.log`);
      // There is none until the function has said something.
      if (!existsSync(file)) return [];
      return readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
}

export async function stop(platform: Platform): Promise<void> {
  running.delete(platform);
  await platform.stop();
}

/** Records of the stream, as a producer would send them: one statement about each of `n` patients. */
export const patients = (n: number, from = 0): { partitionKey: string; data: Buffer }[] =>
  Array.from({ length: n }, (_, i) => ({
    partitionKey: `k${from + i}`,
    data: Buffer.from(
      JSON.stringify(envelope('patient', { patient_id: `P${from + i}` }, { event_id: `patient-${from + i}` })),
    ),
  }));

/** Waits until something is there. */
export async function until<T>(what: string, probe: () => T | undefined, ms = 60_000): Promise<T> {
  for (const deadline = Date.now() + ms; Date.now() < deadline;) {
    const found = probe();
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`no ${what} after ${ms} ms`);
}
