import { KinesisClient } from '@aws-sdk/client-kinesis';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Agent } from 'node:http';
import type { Served } from './folder';

/** Plain SDK clients that talk to the endpoints of a serving laptop. */
export function clientsFor(
  { url, credentials }: Pick<Served, 'url' | 'credentials'>,
  region: string,
): { kinesis: KinesisClient; s3: S3Client; redshift: RedshiftDataClient } {
  const common = {
    endpoint: url,
    region,
    credentials,
    requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, maxSockets: 16 }) }),
  };
  return {
    // HTTP/1.1: the Kinesis client's own choice opens an HTTP/2 session for every call.
    kinesis: new KinesisClient(common),
    s3: new S3Client({ ...common, forcePathStyle: true }),
    redshift: new RedshiftDataClient(common),
  };
}
