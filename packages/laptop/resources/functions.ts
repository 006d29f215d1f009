import { renameSync, statSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Endpoints } from '../endpoints/types';
import { readEmbeddedMetrics, type Count } from '../engines/metrics';
import { FunctionError, FunctionPool, InvocationRefused } from '../engines/worker';
import type { RoleAuthorizer } from '../template/policies';
import type { FunctionOfRole } from './specs';

/** The functions of the template, each on its own processes with the credentials of its role. */
export class Functions {
  private readonly pools: { readonly spec: FunctionOfRole; readonly pool: FunctionPool }[];

  constructor(
    specs: readonly FunctionOfRole[],
    private readonly ports: {
      endpoints: Endpoints;
      url: string;
      region: string;
      roles: RoleAuthorizer;
      count: Count;
      log(line: string): void;
    },
  ) {
    this.pools = specs.map((spec) => ({ spec, pool: this.poolOf(spec) }));
  }

  /** Invocations since the boot. */
  invoked = 0;

  /** Invocations that run or wait. */
  get busy(): number {
    return this.pools.reduce((sum, { pool }) => sum + pool.busy, 0);
  }

  /**
   * Invokes a function by ARN, name or logical id (its readable beginning is enough).
   * @param roleArn role in whose name the platform calls; without one the caller is a person or the service itself.
   * @throws FunctionError, InvocationRefused
   */
  async invoke(id: string, payload: string, roleArn?: string): Promise<string> {
    const { spec, pool } = this.find(id);
    if (roleArn) this.refuse(roleArn, spec.arn);
    this.invoked++;
    try {
      const reply = await pool.invoke(payload);
      this.count(spec.name, 'Invocations');
      return reply;
    } catch (error) {
      if (error instanceof FunctionError) for (const name of ['Invocations', 'Errors']) this.count(spec.name, name);
      if (error instanceof InvocationRefused && error.code === 'TooManyRequestsException')
        this.count(spec.name, 'Throttles');
      throw error;
    }
  }

  /** Reserves concurrency of a function, as PutFunctionConcurrency does; undefined takes that back. */
  reserve(id: string, concurrency: number | undefined): void {
    this.find(id).pool.reserve(concurrency);
  }

  private find(id: string) {
    const found =
      this.pools.find(({ spec }) => spec.arn === id || spec.name === id || spec.logicalId === id) ??
      this.pools.find(({ spec }) => spec.logicalId.startsWith(id));
    if (!found) throw new Error(`no function ${id}`);
    return found;
  }

  private count(FunctionName: string, name: string): void {
    this.ports.count({ namespace: 'AWS/Lambda', name, dimensions: { FunctionName }, value: 1 });
  }

  private refuse(roleArn: string, functionArn: string): void {
    try {
      this.ports.roles.require(roleArn, 'lambda:InvokeFunction', functionArn);
    } catch (error) {
      throw new InvocationRefused('AccessDeniedException', (error as Error).message);
    }
  }

  stop(): void {
    for (const { pool } of this.pools) pool.stop();
  }

  private poolOf(spec: FunctionOfRole): FunctionPool {
    const { endpoints, url, region } = this.ports;
    rotate(spec.logFile);
    const { accessKeyId, secretAccessKey, sessionToken } = endpoints.callers.registerRole(spec.roleArn);
    const logs = this.mayLog(spec);
    const own = {
      ...spec,
      logFile: logs ? spec.logFile : devNull,
      runtimeEnvironment: {
        AWS_ENDPOINT_URL: url,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
      },
    };
    // The account takes a function's metrics out of its log: without one there are none.
    const publish = (lines: string): void => lines.split('\n').flatMap(readEmbeddedMetrics).forEach(this.ports.count);
    return new FunctionPool(own, logs ? publish : undefined);
  }

  /** A function whose role may not write its log runs without one, as in the account. */
  private mayLog({ name, logGroup, roleArn, arn }: FunctionOfRole): boolean {
    const stream = `arn:aws:logs:${this.ports.region}:${arn.split(':')[4]}:log-group:${logGroup}:log-stream:laptop`;
    try {
      for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents'])
        this.ports.roles.require(roleArn, action, stream);
      return true;
    } catch (error) {
      this.ports.log(`${name} has no log: ${(error as Error).message}`);
      return false;
    }
  }
}

/** A log that has grown past this many bytes makes room at the next start; the one before is kept. */
const LOG_BYTES = 32 * 1024 * 1024;

function rotate(file: string): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES) renameSync(file, `${file}.1`);
}
