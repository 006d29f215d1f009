import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

interface Stored {
  body: Buffer;
  etag: string;
  checksum: string | undefined;
  lastModified: Date;
  metadata?: Record<string, string>;
}

interface Input {
  Bucket: string;
  Key: string;
  Prefix?: string;
  StartAfter?: string;
  Delimiter?: string;
  Body?: Uint8Array | string;
  Range?: string;
  IfMatch?: string;
  IfNoneMatch?: string;
  ChecksumSHA256?: string;
}

class Refused extends Error {
  constructor(
    name: string,
    readonly $metadata: { httpStatusCode: number },
  ) {
    super(name);
    this.name = name;
  }
}

/** S3 in memory with what ingest relies on: ranges, preconditions, checksums, listing. Set in the place of the client's `send`. */
export class FakeS3 {
  readonly objects = new Map<string, Stored>();
  /** Ranged reads of landing, by length. */
  readonly reads: number[] = [];
  now = new Date('2026-03-01T10:20:30Z');
  /** Fails the next write whose key holds the text. */
  failNextPutOf: string | null = null;

  install(): void {
    jest.spyOn(S3Client.prototype, 'send').mockImplementation((command: unknown) => this.send(command) as never);
    jest.spyOn(SecretsManagerClient.prototype, 'send').mockImplementation(
      () =>
        Promise.resolve({
          SecretString: JSON.stringify({ key_version: 1, secret: 'a secret of a test, long enough' }),
        }) as never,
    );
  }

  put(
    bucket: string,
    key: string,
    body: Buffer | string,
    metadata?: Record<string, string>,
  ): { bucket: string; key: string; etag: string; size: number } {
    const bytes = Buffer.from(body);
    const etag = createHash('md5').update(bytes).digest('hex');
    this.objects.set(`${bucket}/${key}`, { body: bytes, etag, checksum: undefined, lastModified: this.now, metadata });
    return { bucket, key, etag, size: bytes.length };
  }

  keys(prefix: string): string[] {
    return [...this.objects.keys()].filter((k) => k.startsWith(prefix)).sort();
  }

  body(path: string): Buffer {
    const stored = this.objects.get(path);
    if (!stored) throw new Error(`no object ${path}`);
    return stored.body;
  }

  json<T = Record<string, number>>(path: string): T {
    return JSON.parse(this.body(path).toString()) as T;
  }

  private send(command: unknown): Promise<unknown> {
    const { input, constructor } = command as { input: Input; constructor: { name: string } };
    try {
      return Promise.resolve(this.answer(constructor.name, input));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  private answer(command: string, input: Input): unknown {
    if (command === 'ListObjectsV2Command') {
      const prefix = `${input.Bucket}/${input.Prefix ?? ''}`;
      const keys = this.keys(prefix).map((k) => k.slice(input.Bucket.length + 1));
      if (input.Delimiter === '/') {
        const below = keys.map((k) => k.slice((input.Prefix ?? '').length)).filter((k) => k.includes('/'));
        const prefixes = [...new Set(below.map((k) => `${input.Prefix ?? ''}${k.slice(0, k.indexOf('/') + 1)}`))];
        return { Contents: [], CommonPrefixes: prefixes.map((Prefix) => ({ Prefix })) };
      }
      return { Contents: keys.filter((Key) => Key > (input.StartAfter ?? '')).map((Key) => ({ Key })) };
    }
    const path = `${input.Bucket}/${input.Key}`;
    if (command === 'PutObjectCommand') return this.write(path, input);
    if (command === 'DeleteObjectCommand') return void this.objects.delete(path);
    const stored = this.objects.get(path);
    if (!stored) throw new Refused('NoSuchKey', { httpStatusCode: 404 });
    if (input.IfMatch && input.IfMatch !== stored.etag)
      throw new Refused('PreconditionFailed', { httpStatusCode: 412 });
    const head = {
      ETag: `"${stored.etag}"`,
      LastModified: stored.lastModified,
      ContentLength: stored.body.length,
      ChecksumSHA256: stored.checksum,
      Metadata: stored.metadata,
    };
    if (command === 'HeadObjectCommand') return head;
    if (command !== 'GetObjectCommand') throw new Error(`the fake knows no ${command}`);
    const range = /^bytes=(\d+)-(\d+)$/.exec(input.Range ?? '');
    const body = range ? stored.body.subarray(Number(range[1]), Number(range[2]) + 1) : stored.body;
    if (range) this.reads.push(body.length);
    return {
      ...head,
      Body: {
        transformToByteArray: () => Promise.resolve(new Uint8Array(body)),
        transformToString: () => Promise.resolve(body.toString('utf8')),
      },
    };
  }

  private write(path: string, input: Input): unknown {
    if (this.failNextPutOf && path.includes(this.failNextPutOf)) {
      this.failNextPutOf = null;
      throw new Refused('InternalError', { httpStatusCode: 500 });
    }
    if (input.IfNoneMatch === '*' && this.objects.has(path))
      throw new Refused('PreconditionFailed', { httpStatusCode: 412 });
    if (input.IfMatch && input.IfMatch.replaceAll('"', '') !== this.objects.get(path)?.etag)
      throw new Refused('PreconditionFailed', { httpStatusCode: 412 });
    const { etag } = this.put(input.Bucket, input.Key, Buffer.from(input.Body ?? ''));
    this.objects.set(path, { ...(this.objects.get(path) as Stored), etag, checksum: input.ChecksumSHA256 });
    return { ETag: etag };
  }
}
