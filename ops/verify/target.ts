import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  RedshiftDataClient,
  type Field,
} from '@aws-sdk/client-redshift-data';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** Names that the stacks' outputs give. */
export interface Places {
  stream: string;
  silver: string;
  quarantine: string;
  control: string;
  workgroup: string;
  database: string;
}

/** How a batch ended: rows of the last statement as text, or the number of the statement that failed. Error texts are left behind. */
export type SqlOutcome = { ok: true; rows: (string | null)[][] } | { ok: false; failedAt: number };

/** Where probes run: the laptop's endpoints or an account; the same clients and calls for both. */
export interface Target {
  readonly name: 'laptop' | 'account';
  readonly places: Places;
  sql(statements: string[]): Promise<SqlOutcome>;
  /** Submits a statement under a token. @returns its id; undefined when the service refuses the request */
  submit(sql: string, token: string): Promise<string | undefined>;
  put(records: { data: Buffer; key: string }[]): Promise<string[]>;
  list(bucket: string, prefix: string): Promise<string[]>;
  get(bucket: string, key: string): Promise<Buffer>;
  write(bucket: string, key: string, body: Uint8Array): Promise<void>;
  remove(bucket: string, key: string): Promise<void>;
}

export interface ClientSettings {
  region: string;
  endpoint?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

const text = (field: Field): string | null => {
  if (field.isNull) return null;
  const value = field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue;
  return value === undefined ? null : String(value);
};

/** A target behind AWS's own protocols. Waits up to two minutes for a batch: a sleeping warehouse takes some of it to wake. */
export function target(name: Target['name'], places: Places, settings: ClientSettings): Target {
  const s3 = new S3Client({ ...settings, forcePathStyle: settings.endpoint !== undefined });
  const kinesis = new KinesisClient({ ...settings, requestHandler: new NodeHttpHandler() });
  const redshift = new RedshiftDataClient(settings);
  const where = { WorkgroupName: places.workgroup, Database: places.database };

  const settle = async (id: string): Promise<SqlOutcome> => {
    const deadline = Date.now() + 120_000;
    for (;;) {
      const seen = await redshift.send(new DescribeStatementCommand({ Id: id }));
      if (seen.Status === 'FINISHED') {
        const last = seen.SubStatements?.at(-1);
        if (!(last?.HasResultSet ?? seen.HasResultSet)) return { ok: true, rows: [] };
        const result = await redshift.send(new GetStatementResultCommand({ Id: last?.Id ?? id }));
        return { ok: true, rows: (result.Records ?? []).map((row) => row.map(text)) };
      }
      if (seen.Status === 'FAILED' || seen.Status === 'ABORTED') {
        return {
          ok: false,
          failedAt: Math.max(0, seen.SubStatements?.findIndex((sub) => sub.Status !== 'FINISHED') ?? 0),
        };
      }
      if (Date.now() > deadline) throw new Error(`the warehouse of the ${name} did not answer within two minutes`);
      await new Promise((done) => setTimeout(done, settings.endpoint ? 50 : 1000));
    }
  };

  return {
    name,
    places,
    async sql(statements) {
      const sent =
        statements.length === 1
          ? await redshift.send(new ExecuteStatementCommand({ ...where, Sql: statements[0] }))
          : await redshift.send(new BatchExecuteStatementCommand({ ...where, Sqls: statements }));
      return settle(sent.Id!);
    },
    async submit(sql, token) {
      try {
        return (await redshift.send(new ExecuteStatementCommand({ ...where, Sql: sql, ClientToken: token }))).Id;
      } catch (error) {
        if (error instanceof Error && error.name === 'ValidationException') return undefined;
        throw error;
      }
    },
    async put(records) {
      const put = await kinesis.send(
        new PutRecordsCommand({
          StreamName: places.stream,
          Records: records.map(({ data, key }) => ({ Data: data, PartitionKey: key })),
        }),
      );
      if (put.FailedRecordCount) throw new Error(`${put.FailedRecordCount} records were refused by the stream`);
      return put.Records!.map((record) => record.SequenceNumber!);
    },
    async list(bucket, prefix) {
      const keys: string[] = [];
      let token: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
        );
        keys.push(...(page.Contents ?? []).map((object) => object.Key!));
        token = page.NextContinuationToken;
      } while (token);
      return keys;
    },
    async get(bucket, key) {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Buffer.from(await object.Body!.transformToByteArray());
    },
    async write(bucket, key, body) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    },
    async remove(bucket, key) {
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
  };
}
