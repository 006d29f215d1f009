import { createHash } from 'node:crypto';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';

interface Stored {
  body: Buffer;
  etag: string;
  checksum?: string;
  at: Date;
}

export class ServiceError extends Error {
  readonly $metadata: { httpStatusCode: number };
  constructor(name: string, status: number) {
    super(name);
    this.name = name;
    this.$metadata = { httpStatusCode: status };
  }
}

/** Objects in memory behind the calls that the load makes, with S3's conditions. */
export class FakeS3 {
  readonly objects = new Map<string, Stored>();
  readonly calls: string[] = [];
  /** Time of the store. */
  now = Date.UTC(2026, 0, 2, 12);
  /** Keys per page of a listing. */
  pageSize = 3;

  get client(): S3Client {
    return this as unknown as S3Client;
  }

  put(bucket: string, key: string, body: string | Uint8Array): void {
    const bytes = Buffer.from(body as string);
    const etag = `"${createHash('md5').update(bytes).digest('hex')}-${this.objects.size}"`;
    this.objects.set(`${bucket}/${key}`, { body: bytes, etag, at: new Date(this.now) });
  }

  text(bucket: string, key: string): string | undefined {
    return this.objects.get(`${bucket}/${key}`)?.body.toString('utf8');
  }

  json<T>(bucket: string, key: string): T {
    return JSON.parse(this.text(bucket, key) ?? 'null') as T;
  }

  keys(bucket: string, prefix = ''): string[] {
    const start = `${bucket}/${prefix}`;
    return [...this.objects.keys()]
      .filter((k) => k.startsWith(start))
      .map((k) => k.slice(bucket.length + 1))
      .sort();
  }

  async send(command: unknown): Promise<unknown> {
    if (command instanceof PutObjectCommand) return this.doPut(command.input);
    if (command instanceof GetObjectCommand) return this.doGet(command.input);
    if (command instanceof HeadObjectCommand) return this.doHead(command.input);
    if (command instanceof ListObjectsV2Command) return this.doList(command.input);
    throw new Error(`no such call: ${(command as object).constructor.name}`);
  }

  private find(input: { Bucket?: string; Key?: string }): Stored {
    const found = this.objects.get(`${input.Bucket}/${input.Key}`);
    if (!found) throw new ServiceError('NoSuchKey', 404);
    return found;
  }

  private doPut(input: PutObjectCommand['input']): unknown {
    this.calls.push(`put ${input.Key}`);
    const before = this.objects.get(`${input.Bucket}/${input.Key}`);
    if (input.IfNoneMatch === '*' && before) throw new ServiceError('PreconditionFailed', 412);
    if (input.IfMatch && before?.etag !== input.IfMatch) throw new ServiceError('PreconditionFailed', 412);
    this.put(input.Bucket!, input.Key!, input.Body as string);
    this.objects.get(`${input.Bucket}/${input.Key}`)!.checksum = input.ChecksumSHA256;
    return {};
  }

  private doGet(input: GetObjectCommand['input']): unknown {
    this.calls.push(`get ${input.Key}`);
    const { body, etag } = this.find(input);
    const wanted = /^bytes=-(\d+)$/.exec(input.Range ?? '');
    if (wanted && body.length === 0) throw new ServiceError('InvalidRange', 416);
    const part = wanted ? body.subarray(Math.max(0, body.length - Number(wanted[1]))) : body;
    return {
      ETag: etag,
      ContentLength: part.length,
      ContentRange: wanted ? `bytes ${body.length - part.length}-${body.length - 1}/${body.length}` : undefined,
      Body: {
        transformToString: async () => part.toString('utf8'),
        transformToByteArray: async () => new Uint8Array(part),
      },
    };
  }

  private doHead(input: HeadObjectCommand['input']): unknown {
    const found = this.find(input);
    return {
      ETag: found.etag,
      ContentLength: found.body.length,
      LastModified: found.at,
      ChecksumSHA256: found.checksum,
    };
  }

  private doList(input: ListObjectsV2Command['input']): unknown {
    this.calls.push(`list ${input.Prefix}`);
    const after = input.ContinuationToken ?? input.StartAfter ?? '';
    const entries = new Map<string, number | undefined>();
    for (const key of this.keys(input.Bucket!, input.Prefix)) {
      const end = input.Delimiter ? key.indexOf(input.Delimiter, input.Prefix!.length) : -1;
      if (end >= 0) {
        const prefix = key.slice(0, end + 1);
        if (prefix > after && key > after) entries.set(prefix, undefined);
      } else if (key > after) entries.set(key, this.objects.get(`${input.Bucket}/${key}`)!.body.length);
    }
    const page = [...entries].slice(0, this.pageSize);
    return {
      Contents: page.flatMap(([Key, Size]) => (Size === undefined ? [] : [{ Key, Size }])),
      CommonPrefixes: page.flatMap(([Prefix, size]) => (size === undefined ? [{ Prefix }] : [])),
      IsTruncated: entries.size > page.length,
      NextContinuationToken: entries.size > page.length ? page.at(-1)![0] : undefined,
    };
  }
}
