import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { RealClock } from '@carelake/laptop/clock';
import {
  createEndpoints,
  type Credentials,
  type Endpoints,
  type EndpointsOptions,
} from '@carelake/laptop/endpoints/server';

const ACCOUNT = '000000000000';
const REGION = 'us-east-1';

/** Open endpoints on a folder of their own, and plain clients for them. */
export interface Opened {
  readonly dataDir: string;
  readonly url: string;
  /** Address of the page, with its token. */
  readonly page: string;
  readonly endpoints: Endpoints;
  readonly clients: Clients;
  as(credentials: Partial<Credentials>): Clients;
  /** Opens the same folder again, as after a restart. */
  reopen(): Promise<Opened>;
  close(): Promise<void>;
}
export type Clients = ReturnType<typeof clientsOf>;

export async function openEndpoints(options: Partial<EndpointsOptions> = {}): Promise<Opened> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'carelake-endpoints-'));
  const endpoints = await createEndpoints({
    clock: new RealClock(),
    region: REGION,
    account: ACCOUNT,
    workgroups: ['carelake'],
    warehouseMemory: '512MB',
    ...options,
    dataDir,
  });
  const { url, page } = await endpoints.listen(0);
  const made: Clients[] = [];
  const as = (credentials: Partial<Credentials>): Clients => {
    const clients = clientsOf(url, { ...endpoints.callers.user, ...credentials });
    made.push(clients);
    return clients;
  };
  const shut = async (): Promise<void> => {
    for (const clients of made) for (const client of Object.values(clients)) client.destroy();
    await endpoints.close();
  };
  return {
    dataDir,
    url,
    page,
    endpoints,
    clients: as({}),
    as,
    reopen: async () => {
      await shut();
      return openEndpoints({ ...options, dataDir });
    },
    close: async () => {
      await shut();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function clientsOf(endpoint: string, credentials: Pick<Credentials, 'accessKeyId' | 'secretAccessKey'>) {
  const config = {
    endpoint,
    region: REGION,
    maxAttempts: 1,
    credentials,
  };
  return {
    /** Cleartext HTTP/2, the client's default. */
    kinesis: new KinesisClient(config),
    kinesisHttp1: new KinesisClient({ ...config, requestHandler: new NodeHttpHandler() }),
    s3: new S3Client(config),
    redshift: new RedshiftDataClient(config),
    secrets: new SecretsManagerClient(config),
    sts: new STSClient(config),
  };
}

/** The error that a call ends with. */
export async function errorOf(work: Promise<unknown>): Promise<{ name: string; message: string; status?: number }> {
  try {
    await work;
  } catch (error) {
    const e = error as { name: string; message: string; $metadata?: { httpStatusCode?: number } };
    return { name: e.name, message: e.message, status: e.$metadata?.httpStatusCode };
  }
  throw new Error('the call was expected to fail');
}
