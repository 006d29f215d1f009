import { join, resolve } from 'node:path';
import { ownFolder } from '../data-folder';
import { openOrTell } from '../engines/lost-warehouse';
import { cloudformationEndpoint } from './cloudformation';
import { createCallers, openCredentials } from './credentials';
import { kinesisEndpoint } from './kinesis';
import { openKinesisStore } from './kinesis-store';
import { kmsEndpoint, openKeyStore } from './kms';
import { createListener } from './listener';
import { createPage } from './page';
import { redshiftDataEndpoint } from './redshift-data';
import { createRouter } from './router';
import { s3Endpoint } from './s3';
import { asRole, refusedByS3, warehouseCaller } from './s3-as-role';
import { openS3Store } from './s3-store';
import { openSecretStore } from './secret-store';
import { secretsEndpoint } from './secrets';
import { ShardLimits } from './shard-limits';
import { statesEndpoint } from './states';
import { stsEndpoint } from './sts';
import type { Caller, DeployedStack, Endpoints, EndpointsOptions, Executions, PageContent } from './types';

export type {
  AuthorizationRequest,
  Authorizer,
  Caller,
  Callers,
  Credentials,
  Endpoints,
  EndpointsOptions,
} from './types';

const THROTTLED = { namespace: 'AWS/Kinesis', name: 'WriteProvisionedThroughputExceeded', value: 1 };

/** Opens the stores of a data folder; `listen` then opens the port. */
export async function createEndpoints(options: EndpointsOptions): Promise<Endpoints> {
  const { clock, region, account } = options;
  const dataDir = resolve(options.dataDir);
  ownFolder(dataDir);
  const callers = createCallers(account, options.user ?? openCredentials(dataDir));
  const s3 = await openS3Store(dataDir, clock);
  const kinesis = openKinesisStore(join(dataDir, 'kinesis'), { clock, region, account, count: options.count });
  const keys = openKeyStore(join(dataDir, 'kms'));
  const secrets = openSecretStore(join(dataDir, 'secrets'), clock);
  let authorize = options.authorize;
  const copyGuard = () => {
    const { copyRole } = options;
    if (copyRole === undefined || authorize === undefined) return undefined;
    return (action: string, resource: string): void => {
      const reason = authorize?.({ caller: warehouseCaller(copyRole), action, resource, context: {} });
      if (reason !== undefined) throw refusedByS3(action, reason);
    };
  };
  const warehouse = await openOrTell({
    dataDir,
    s3: asRole(s3, copyGuard),
    memory: options.warehouseMemory,
    threads: options.warehouseThreads,
    maxQuerySeconds: options.maxQuerySeconds,
  });
  let databaseRole: (caller: Caller, secretArn?: string) => string | undefined = () => undefined;
  const data = redshiftDataEndpoint({
    warehouse,
    clock,
    dataDir,
    region,
    account,
    database: options.database,
    workgroups: options.workgroups,
    roleOf: (caller, secretArn) => databaseRole(caller, secretArn),
  });
  const throttle = options.shardLimits
    ? {
        limits: new ShardLimits(clock),
        refused: (StreamName: string) => options.count?.({ ...THROTTLED, dimensions: { StreamName } }),
      }
    : undefined;
  let executions: Executions | undefined;
  let stacks: readonly DeployedStack[] = [];
  let pageContent: () => PageContent = () => ({});
  const page = createPage(() => pageContent());
  const router = createRouter({
    page,
    callers,
    authorizer: () => authorize,
    endpoints: {
      json: {
        Kinesis_20131202: kinesisEndpoint(kinesis, clock, region, account, throttle),
        secretsmanager: secretsEndpoint(secrets),
        TrentService: kmsEndpoint(keys, clock),
        RedshiftData: data.endpoint,
        AWSStepFunctions: statesEndpoint(() => executions),
      },
      s3: s3Endpoint(s3, dataDir, clock, region, account),
      query: {
        sts: stsEndpoint(account),
        cloudformation: cloudformationEndpoint(() => stacks, { region, account, since: clock.now() }),
      },
    },
  });
  const listener = createListener(router);
  return {
    callers,
    s3,
    kinesis,
    keys,
    secrets,
    warehouse,
    setAuthorizer: (next) => {
      authorize = next;
    },
    setDatabaseRoles: (next) => {
      databaseRole = next;
    },
    setExecutions: (next) => {
      executions = next;
    },
    setStacks: (next) => {
      stacks = next;
    },
    setPageContent: (next) => {
      pageContent = next;
    },
    async listen(port) {
      const actual = await listener.listen(port);
      const url = `http://127.0.0.1:${actual}`;
      return { port: actual, url, page: `${url}/?token=${page.token}` };
    },
    async close() {
      await listener.close();
      // Together: statements that do not heed their end are ended with the engine.
      await Promise.all([data.close(), warehouse.close()]);
      kinesis.close();
    },
  };
}
