import type { Readable } from 'node:stream';
import type { Clock } from '../clock';
import type { Count } from '../engines/metrics';
import type { Warehouse } from '../engines/warehouse';
import type { KinesisStore } from './kinesis-store';
import type { S3Store } from './s3-types';
import type { SecretStore } from './secret-store';
import type { ChunkSigner } from './sigv4';

/** Who calls: the laptop's user, who may do everything, or a role of the template. */
export interface Caller {
  readonly kind: 'user' | 'role';
  /** `arn:aws:iam::<account>:user/carelake` or the role's arn. */
  readonly arn: string;
  readonly accessKeyId: string;
}

/** One call as a policy sees it. */
export interface AuthorizationRequest {
  readonly caller: Caller;
  /** IAM action, e.g. `s3:PutObject`. */
  readonly action: string;
  readonly resource: string;
  /** Condition keys of the call, e.g. `s3:prefix`. */
  readonly context: Readonly<Record<string, string>>;
}

/** Undefined allows; a text refuses and says why. */
export type Authorizer = (request: AuthorizationRequest) => string | undefined;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** A caller, and what its signatures are compared with. */
export interface KnownCaller {
  readonly caller: Caller;
  readonly secretAccessKey: string;
  /** Absent for the user, whose credentials are not temporary. */
  readonly sessionToken?: string;
}

/** Which caller an access key names. */
export interface Callers {
  /** Credentials of the laptop's user, as they lie in the folder. */
  readonly user: Pick<Credentials, 'accessKeyId' | 'secretAccessKey'>;
  /** Credentials that name the role. The same role of a folder always gets the same ones. */
  registerRole(roleArn: string): Credentials;
  /** @returns undefined for a key that is nobody's here. */
  find(accessKeyId: string): KnownCaller | undefined;
}

export interface EndpointsOptions {
  /** Folder of this laptop's data; made with mode 0700 when it is absent. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly region: string;
  readonly account: string;
  /** Asked before every call through an endpoint. Without it everything is allowed. */
  readonly authorize?: Authorizer;
  /** Names the Data API accepts; any other is refused as unknown. */
  readonly workgroups?: readonly string[];
  /** ARN of the IAM role by which COPY and UNLOAD reach S3; absent: whoever they are, they may. */
  readonly copyRole?: string;
  /** The warehouse's database, default `carelake`. */
  readonly database?: string;
  /** Credentials of the user, instead of those of the folder. */
  readonly user?: Pick<Credentials, 'accessKeyId' | 'secretAccessKey'>;
  /** Seconds that one statement may run, as the workgroup says. */
  readonly maxQuerySeconds?: number;
  /** DuckDB's memory, e.g. `4GB`; default at most 3 GiB. Its process may have half as much again. */
  readonly warehouseMemory?: string;
  /** DuckDB's threads; default one per core. */
  readonly warehouseThreads?: number;
  /** Shards refuse what those of an account would; absent: they take what the disk takes. */
  readonly shardLimits?: boolean;
  /** Counts what the services would publish as metrics. */
  readonly count?: Count;
}

/** One execution of a state machine, as people see it. */
export interface ExecutionInfo {
  readonly executionArn: string;
  readonly machineArn: string;
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT';
  /** Milliseconds since 1970-01-01 UTC. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly error?: string;
}

/** The state machines of the template, as their endpoint needs them. */
export interface Executions {
  machines(): { readonly arn: string; readonly name: string }[];
  /** Starts an execution, unless the name is taken: then it says so and tells of the one that has it. */
  start(machineArn: string, input: unknown, name?: string): { known: boolean; info: ExecutionInfo };
  describe(executionArn: string): ExecutionInfo | undefined;
}

/** The keys of the template: their states only, since files on a laptop are not encrypted. */
export interface KeyStore {
  /** Knows a key from now on. */
  ensure(arn: string): void;
  /** When a key is to be deleted, undefined for one that is in use. @throws EndpointError for a key that the template lacks */
  deletion(arn: string): number | undefined;
  schedule(arn: string, at: number | undefined): void;
}

/** A stack as it was booted. */
export interface DeployedStack {
  readonly name: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What the page for browsers shows: names of resources and counts, by section. */
export type PageContent = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The platform's endpoints: stores for in-process use and one port that speaks their protocols. */
export interface Endpoints {
  readonly callers: Callers;
  readonly s3: S3Store;
  readonly kinesis: KinesisStore;
  readonly keys: KeyStore;
  readonly secrets: SecretStore;
  readonly warehouse: Warehouse;
  /** Replaces the authorizer, e.g. once the template's policies are read. */
  setAuthorizer(authorize: Authorizer | undefined): void;
  /**
   * Says which database role a caller has, who may name the secret of a database user; undefined is the owner. Statements outside the
   * role's grants are then refused.
   */
  setDatabaseRoles(roleOf: (caller: Caller, secretArn?: string) => string | undefined): void;
  /** Opens the state machines to callers, once they run. */
  setExecutions(executions: Executions): void;
  /** Says which stacks there are; until then there are none. */
  setStacks(stacks: readonly DeployedStack[]): void;
  /** Says what the page for browsers shows. */
  setPageContent(content: () => PageContent): void;
  /**
   * Opens the port on 127.0.0.1; 0 takes any free one. Rejects with a text for people when the port is taken. `page` is the address, with the
   * token of this start, by which a browser gets in.
   */
  listen(port: number): Promise<{ port: number; url: string; page: string }>;
  /** Closes port and stores; running statements end as ABORTED. */
  close(): Promise<void>;
}

/** A call that has found its endpoint. */
export interface EndpointCall {
  readonly method: string;
  /** Path and query as sent, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Fails at its end when it is not the body that was signed. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Signer of the pieces of an aws-chunked body, when each carries a signature of its own. */
  readonly chunks?: ChunkSigner;
  readonly caller: Caller;
  readonly requestId: string;
  /** Throws the protocol's access-denied error when the authorizer refuses. */
  allow(action: string, resource: string, context?: Readonly<Record<string, string>>): void;
  /** Asks the client for the body it holds back (`Expect: 100-continue`). */
  continueBody(): void;
}

/** What an endpoint answers. */
export interface EndpointReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable;
}
