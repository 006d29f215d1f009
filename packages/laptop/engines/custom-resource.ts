import { createHash, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readState } from '../endpoints/files';
import { writeWhole } from './checkpoints';

/** A custom resource of the template. */
export interface CustomResourceSpec {
  readonly stackName: string;
  readonly logicalId: string;
  readonly type: string;
  readonly functionArn: string;
  readonly timeoutSeconds: number;
  /** Resolved, `ServiceToken` included. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What custom resources work with. */
export interface CustomResourcePorts {
  /** Folder of what was last applied. */
  readonly dir: string;
  readonly region: string;
  readonly account: string;
  invoke(functionArn: string, payload: string): Promise<string>;
}

interface Applied {
  readonly hash: string;
  readonly physicalId: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly Status?: string;
  readonly Reason?: string;
  readonly PhysicalResourceId?: string;
}

/**
 * Does to a custom resource what a deployment would: creates it at the first start, updates it when its properties changed, leaves it alone otherwise.
 * @returns what was asked of the function.
 * @throws Error with the function's own reason when it answers FAILED, fails, or does not answer in time.
 */
export async function applyCustomResource(
  spec: CustomResourceSpec,
  ports: CustomResourcePorts,
): Promise<'Create' | 'Update' | 'unchanged'> {
  const path = join(ports.dir, `${spec.stackName}-${spec.logicalId}.json`);
  const before = readState<Applied>(path, {
    what: `what was last applied for ${spec.logicalId}`,
    mend: 'remove this file and start again: the resource is then applied again, which changes nothing that exists',
    valid: ({ hash, physicalId }) => typeof hash === 'string' && typeof physicalId === 'string',
  });
  const properties = asText(spec.properties) as Record<string, unknown>;
  const hash = createHash('sha256').update(JSON.stringify(properties)).digest('hex');
  if (before?.hash === hash) return 'unchanged';
  const requestType = before ? 'Update' : 'Create';
  const request = {
    RequestType: requestType,
    RequestId: randomUUID(),
    StackId: `arn:aws:cloudformation:${ports.region}:${ports.account}:stack/${spec.stackName}/laptop`,
    LogicalResourceId: spec.logicalId,
    ResourceType: spec.type,
    ServiceToken: spec.functionArn,
    ResourceProperties: properties,
    ...(before ? { PhysicalResourceId: before.physicalId, OldResourceProperties: before.properties } : {}),
  };
  const answer = await ask(spec, ports, request);
  if (answer.Status !== 'SUCCESS')
    throw new Error(
      `${spec.logicalId} (${spec.type}): the function answered ${answer.Status}: ${answer.Reason ?? 'without a reason'}`,
    );
  const physicalId = answer.PhysicalResourceId ?? before?.physicalId;
  if (!physicalId)
    throw new Error(`${spec.logicalId} (${spec.type}): the function answered without a PhysicalResourceId`);
  writeWhole(path, JSON.stringify({ hash, physicalId, properties } satisfies Applied));
  return requestType;
}

/** CloudFormation hands properties on as texts. */
function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, asText(v)]));
  return String(value);
}

/** Invokes the function and waits for what it puts to the response URL. */
async function ask(spec: CustomResourceSpec, ports: CustomResourcePorts, request: object): Promise<Answer> {
  const { url, answered, close } = await responseUrl();
  let timer: NodeJS.Timeout | undefined;
  const fail = (what: string): Error => new Error(`${spec.logicalId} (${spec.type}): ${what}`);
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(fail(`no answer within ${spec.timeoutSeconds} s`)), spec.timeoutSeconds * 1000);
    });
    const invoked = ports.invoke(spec.functionArn, JSON.stringify({ ...request, ResponseURL: url })).then(
      // The answer may still be on its way when the function has returned; the time limit covers one that never comes.
      () => new Promise<never>(() => undefined),
      (error: Error) => Promise.reject(fail(`its function failed: ${error.message}`)),
    );
    return await Promise.race([answered, invoked, late]);
  } finally {
    clearTimeout(timer);
    close();
  }
}

/** A place to put one answer to, in lieu of the presigned URL that CloudFormation gives. */
async function responseUrl(): Promise<{ url: string; answered: Promise<Answer>; close(): void }> {
  const path = `/${randomUUID()}`;
  let server!: Server;
  const answered = new Promise<Answer>((resolve, reject) => {
    server = createServer((request, reply) => {
      if (request.method !== 'PUT' || request.url !== path) return void reply.writeHead(403).end();
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        reply.writeHead(200).end();
        try {
          resolve(JSON.parse(Buffer.concat(parts).toString('utf8')) as Answer);
        } catch {
          reject(new Error('the function put an answer that is not JSON'));
        }
      });
    });
  });
  answered.catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}${path}`, answered, close };
}
