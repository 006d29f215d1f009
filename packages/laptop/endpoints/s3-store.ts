import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock } from '../clock';
import { type Algorithm, hasher } from './checksums';
import { EndpointError } from './errors';
import { readOrNone, writeAtomically } from './files';
import { BucketIndex } from './s3-index';
import { keyOfPath, pathOfKey } from './s3-keys';
import type {
  CommitOptions,
  Draft,
  Listing,
  ListOptions,
  ObjectEvent,
  ObjectInfo,
  PutOptions,
  S3Store,
  WriteMark,
} from './s3-types';

interface Bucket {
  readonly createdAt: number;
  readonly index: BucketIndex;
  readonly marks: Map<string, Set<WriteMark>>;
}
/** What is kept beside an object's file; the first three tell whether it describes that file. */
interface Sidecar extends ObjectInfo {
  readonly ino: number;
  readonly mtimeMs: number;
  /** MD5 (hex) of what a client stored, where the file was found altered since. */
  readonly storedMd5?: string;
}

/** Opens the buckets of a data folder: bytes under `s3/`, what is known about them under `s3-state/`. */
export async function openS3Store(dataDir: string, clock: Clock): Promise<S3Store> {
  const store = new FileS3Store(join(dataDir, 's3'), join(dataDir, 's3-state'), clock);
  await store.open();
  return store;
}

class FileS3Store implements S3Store {
  private readonly all = new Map<string, Bucket>();
  private readonly listeners = new Set<(event: ObjectEvent) => void>();

  constructor(
    private readonly tree: string,
    private readonly state: string,
    private readonly clock: Clock,
  ) {}

  async open(): Promise<void> {
    for (const folder of [this.tree, join(this.state, 'meta')]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Drafts of a process that was killed belong to nobody.
    rmSync(join(this.state, 'drafts'), { recursive: true, force: true });
    mkdirSync(join(this.state, 'drafts'), { mode: 0o700 });
    for (const name of readdirSync(this.tree)) {
      this.createBucket(name, statSync(join(this.tree, name)).birthtimeMs);
      for (const entry of readdirSync(join(this.tree, name), { recursive: true, withFileTypes: true }))
        if (entry.isFile()) await this.adopt(name, join(entry.parentPath, entry.name));
    }
  }

  createBucket(name: string, createdAt = this.clock.now()): void {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || name.includes('..'))
      throw new EndpointError('InvalidBucketName', 'The specified bucket is not valid.', 400, { BucketName: name });
    if (this.all.has(name)) return;
    mkdirSync(join(this.tree, name), { recursive: true, mode: 0o700 });
    this.all.set(name, { createdAt, index: new BucketIndex(), marks: new Map() });
  }

  deleteBucket(name: string): void {
    if (this.bucket(name).index.size > 0)
      throw new EndpointError('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409, {
        BucketName: name,
      });
    rmSync(join(this.tree, name), { recursive: true });
    rmSync(join(this.state, 'meta', name), { recursive: true, force: true });
    this.all.delete(name);
  }

  buckets(): { name: string; createdAt: number }[] {
    return [...this.all]
      .map(([name, { createdAt }]) => ({ name, createdAt }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  hasBucket(name: string): boolean {
    return this.all.has(name);
  }

  async put(
    bucket: string,
    key: string,
    body: Uint8Array | string | Readable,
    options: PutOptions = {},
  ): Promise<ObjectInfo> {
    const mark = this.begin(bucket, key);
    try {
      const bytes = body instanceof Readable ? body : [typeof body === 'string' ? Buffer.from(body, 'utf8') : body];
      const draft = await this.draft(Readable.from(bytes), options.algorithms ?? ['sha256']);
      return this.commit(bucket, key, draft, { ...options, mark });
    } finally {
      mark.end();
    }
  }

  async draft(body: AsyncIterable<Uint8Array>, algorithms: readonly Algorithm[]): Promise<Draft> {
    const path = join(this.state, 'drafts', randomUUID());
    const md5 = hasher('md5');
    const hashers = algorithms.map((a) => [a, hasher(a)] as const);
    let size = 0;
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'wx', 0o600);
      for await (const chunk of body) {
        md5.update(chunk);
        for (const [, one] of hashers) one.update(chunk);
        size += chunk.length;
        await file.appendFile(chunk);
      }
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      await file?.close();
    }
    return {
      path,
      size,
      md5: md5.digest(),
      checksums: Object.fromEntries(hashers.map(([a, one]) => [a, one.digest().toString('base64')])),
    };
  }

  begin(bucket: string, key: string): WriteMark {
    if (Buffer.byteLength(key) > 1024)
      throw new EndpointError('KeyTooLongError', 'Your key is too long', 400, { MaxSizeAllowed: '1024' });
    const { marks } = this.bucket(bucket);
    const set = marks.get(key) ?? new Set<WriteMark>();
    marks.set(key, set);
    const mark: WriteMark = {
      conflict: false,
      end: () => {
        set.delete(mark);
        if (set.size === 0) marks.delete(key);
      },
    };
    set.add(mark);
    return mark;
  }

  commit(bucket: string, key: string, draft: Draft, options: PutOptions & CommitOptions = {}): ObjectInfo {
    try {
      const { index } = this.bucket(bucket);
      this.checkConditions(index.get(key), options);
      const path = this.pathOf(bucket, key);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // A link fails where a rename would replace: two writers of one key cannot both be first.
      if (options.ifNoneMatch) linkSync(draft.path, path);
      else renameSync(draft.path, path);
      const info: ObjectInfo = {
        bucket,
        key,
        size: draft.size,
        etag: options.etag ?? draft.md5.toString('hex'),
        lastModified: this.clock.now(),
        contentType: options.contentType,
        headers: options.headers,
        metadata: options.metadata,
        checksums: options.checksums ?? draft.checksums,
        checksumType: options.checksumType ?? 'FULL_OBJECT',
      };
      this.writeSidecar(info, path);
      index.set(info);
      this.announce(info, options.reason ?? 'PutObject');
      return info;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw precondition('If-None-Match');
      throw error;
    } finally {
      rmSync(draft.path, { force: true });
    }
  }

  async get(bucket: string, key: string): Promise<Buffer> {
    if (!this.head(bucket, key))
      throw new EndpointError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
    return readFile(this.pathOf(bucket, key));
  }

  head(bucket: string, key: string): ObjectInfo | undefined {
    return this.bucket(bucket).index.get(key);
  }

  list(bucket: string, options: ListOptions = {}): Listing {
    return this.bucket(bucket).index.list(options);
  }

  delete(bucket: string, key: string): void {
    const { index, marks } = this.bucket(bucket);
    for (const mark of marks.get(key) ?? []) mark.conflict = true;
    if (!index.get(key)) return;
    for (const [path, root] of [
      [this.pathOf(bucket, key), join(this.tree, bucket)],
      [this.sidecarOf(bucket, key), join(this.state, 'meta', bucket)],
    ] as const) {
      rmSync(path, { force: true });
      for (
        let folder = dirname(path);
        folder !== root && existsSync(folder) && readdirSync(folder).length === 0;
        folder = dirname(folder)
      )
        rmdirSync(folder);
    }
    index.delete(key);
  }

  pathOf(bucket: string, key: string): string {
    return join(this.tree, bucket, pathOfKey(key));
  }

  onCreated(listener: (event: ObjectEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private bucket(name: string): Bucket {
    const bucket = this.all.get(name);
    if (!bucket)
      throw new EndpointError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: name });
    return bucket;
  }

  private checkConditions(current: ObjectInfo | undefined, options: PutOptions & CommitOptions): void {
    if (options.ifNoneMatch || options.ifMatch !== undefined) {
      if (options.mark?.conflict)
        throw new EndpointError(
          'ConditionalRequestConflict',
          'The conditional request cannot succeed due to a conflicting operation against this resource.',
          409,
        );
    }
    if (options.ifNoneMatch && current) throw precondition('If-None-Match');
    if (options.ifMatch === undefined) return;
    if (!current) throw new EndpointError('NoSuchKey', 'The specified key does not exist.', 404);
    if (options.ifMatch !== '*' && options.ifMatch !== current.etag) throw precondition('If-Match');
  }

  private announce(info: ObjectInfo, reason: string): void {
    const event: ObjectEvent = {
      bucket: info.bucket,
      key: info.key,
      size: info.size,
      etag: info.etag,
      reason,
      time: info.lastModified,
    };
    for (const listener of this.listeners) listener(event);
  }

  private sidecarOf(bucket: string, key: string): string {
    return join(this.state, 'meta', bucket, `${pathOfKey(key)}.json`);
  }

  private writeSidecar(info: ObjectInfo, path: string, storedMd5?: string): void {
    const { ino, mtimeMs } = statSync(path);
    const sidecar = this.sidecarOf(info.bucket, info.key);
    mkdirSync(dirname(sidecar), { recursive: true, mode: 0o700 });
    writeAtomically(sidecar, JSON.stringify({ ...info, ino, mtimeMs, storedMd5 } satisfies Sidecar));
  }

  /**
   * Takes a file of the tree into the index. One without a sidecar of its own (the process was killed between the two, or the
   * folder was copied) is read once more for its ETag and checksum.
   */
  private async adopt(bucket: string, path: string): Promise<void> {
    const key = keyOfPath(relative(join(this.tree, bucket), path));
    const { index } = this.bucket(bucket);
    const { ino, mtimeMs, size } = statSync(path);
    const before = readOrNone<Sidecar>(this.sidecarOf(bucket, key), ({ etag }) => etag !== undefined);
    if (before) {
      const { ino: i, mtimeMs: m, ...info } = before;
      if (i === ino && m === mtimeMs && info.size === size) return index.set(info);
    }
    const bytes = await open(path);
    const draft = await this.draft(bytes.createReadStream(), ['sha256']);
    unlinkSync(draft.path);
    const info: ObjectInfo = {
      bucket,
      key,
      size,
      etag: draft.md5.toString('hex'),
      lastModified: mtimeMs,
      checksums: draft.checksums,
      checksumType: 'FULL_OBJECT',
    };
    // What was stored is not forgotten: `carelake check` tells of the difference until the object is put or restored.
    const storedMd5 = before?.storedMd5 ?? (before?.etag.length === info.etag.length ? before.etag : undefined);
    this.writeSidecar(info, path, storedMd5 === info.etag ? undefined : storedMd5);
    index.set(info);
  }
}

const precondition = (header: string): EndpointError =>
  new EndpointError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
    Condition: header,
  });
