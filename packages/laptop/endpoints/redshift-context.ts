import type { Clock } from '../clock';
import type { Warehouse } from '../engines/warehouse';
import { EndpointError } from './errors';
import { type Input, integer, required, text } from './json';
import type { Statement, StatementStore } from './statements';
import type { Caller, EndpointCall } from './types';

export interface DataEndpointOptions {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly dataDir: string;
  readonly region: string;
  readonly account: string;
  readonly database?: string;
  readonly workgroups?: readonly string[];
  /** Database role of a caller, who may name the secret of a database user; undefined is the owner. */
  readonly roleOf: (caller: Caller, secretArn?: string) => string | undefined;
}
/** What the operations share. */
export interface DataContext extends DataEndpointOptions {
  readonly databaseName: string;
  readonly store: StatementStore;
  readonly cancels: Map<string, AbortController>;
  readonly call: EndpointCall;
}

/** A request that the service refuses before anything runs. */
export const invalid = (message: string): EndpointError => new EndpointError('ValidationException', message);

/** Workgroup and database of a request: both must be the template's. */
export function target(c: DataContext, input: Input, action: string): { workgroup: string; database: string } {
  if (input.ClusterIdentifier !== undefined)
    throw invalid('the platform has a workgroup, not a cluster: use WorkgroupName');
  const named = text(input, 'WorkgroupName');
  if (named === undefined) throw invalid('Either ClusterIdentifier or WorkgroupName must be provided.');
  const workgroup = named.replace(/^arn:.*workgroup\//, '');
  const arn = `arn:aws:redshift-serverless:${c.region}:${c.account}:workgroup/${workgroup}`;
  c.call.allow(`redshift-data:${action}`, arn);
  // How the caller comes into the database: as the user of a secret, or by credentials made for its own identity.
  const secretArn = text(input, 'SecretArn');
  if (secretArn === undefined) c.call.allow('redshift-serverless:GetCredentials', arn);
  else c.call.allow('secretsmanager:GetSecretValue', secretArn);
  if (c.workgroups !== undefined && !c.workgroups.includes(workgroup))
    throw invalid(
      `Redshift endpoint doesn't exist in this region: there is no workgroup ${workgroup}, only ${c.workgroups.join(', ') || 'none'}`,
    );
  const database = text(input, 'Database') ?? c.databaseName;
  if (database !== c.databaseName)
    throw invalid(`FATAL: database "${database}" does not exist, only ${c.databaseName}`);
  return { workgroup, database };
}

/** True for a batch whose other statements are committed though one failed. */
export const autoCommitted = (s: Statement): boolean => s.autoCommit && s.status === 'FAILED';

/** Milliseconds a call may hold its answer back. */
export function waitOf(input: Input): number {
  return integer(input, 'WaitTimeSeconds', 0, 0, 30) * 1000;
}

/** A statement by id; `id:2` names the second of a batch. Others' statements are as good as absent. */
export function find(c: DataContext, input: Input, action: string): { statement: Statement; at?: number } {
  const id = required(input, 'Id');
  const match = /^([0-9a-f-]{36})(?::(\d+))?$/.exec(id);
  if (!match) throw invalid('id must satisfy regex pattern: ^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\\d+)?$');
  const statement = c.store.get(match[1] ?? '');
  c.call.allow(
    `redshift-data:${action}`,
    `arn:aws:redshift-serverless:${c.region}:${c.account}:workgroup/${statement?.workgroup ?? '*'}`,
    { 'redshift-data:statement-owner-iam-userid': statement?.callerArn ?? '' },
  );
  const at = match[2] === undefined ? undefined : Number(match[2]) - 1;
  if (!statement || (at !== undefined && !statement.subs[at]))
    throw new EndpointError('ResourceNotFoundException', 'Query does not exist.', 400, { ResourceId: id });
  return { statement, at };
}
