import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock } from '../clock';
import { disk, makeFolder } from '../disk';
import type { Algorithm } from './checksums';
import { EndpointError } from './errors';
import { checkConditions, precondition } from './s3-conditions';
import { writeDraft } from './s3-drafts';
import { BucketIndex } from './s3-index';
import { keyOfPath, pathOfKey } from './s3-keys';
import { KeptVersions, newVersionId, versionIdOf } from './s3-kept-versions';
import { describeFound, writeSidecar } from './s3-sidecars';
import { pageOfVersions } from './s3-version-page';
import type {
  CommitOptions,
  Draft,
  Listing,
  ListOptions,
  ObjectEvent,
  ObjectInfo,
  PutOptions,
  Removal,
  S3Store,
  VersionInfo,
  VersionListing,
  VersionListOptions,
  WriteMark,
} from './s3-types';

interface Bucket {
  readonly createdAt: number;
  readonly index: BucketIndex;
  /** Where the bucket keeps versions. */
  kept?: KeptVersions;
  readonly marks: Map<string, Set<WriteMark>>;
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
      const versioned = existsSync(this.versionsOf(name));
      this.createBucket(name, { versioned, createdAt: statSync(join(this.tree, name)).birthtimeMs });
      for (const entry of readdirSync(join(this.tree, name), { recursive: true, withFileTypes: true }))
        if (entry.isFile()) await this.adopt(name, join(entry.parentPath, entry.name));
      this.settleVersions(name);
    }
  }

  createBucket(
    name: string,
    { versioned = false, createdAt = this.clock.now() }: { versioned?: boolean; createdAt?: number } = {},
  ): void {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || name.includes('..'))
      throw new EndpointError('InvalidBucketName', 'The specified bucket is not valid.', 400, { BucketName: name });
    if (!this.all.has(name)) {
      makeFolder(join(this.tree, name));
      this.all.set(name, { createdAt, index: new BucketIndex(), marks: new Map() });
    }
    if (versioned) this.bucket(name).kept ??= new KeptVersions(this.versionsOf(name));
  }

  isVersioned(name: string): boolean {
    return this.bucket(name).kept !== undefined;
  }

  deleteBucket(name: string): void {
    const { index, kept } = this.bucket(name);
    if (index.size > 0 || (kept && kept.keys().length > 0))
      throw new EndpointError('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409, {
        BucketName: name,
      });
    rmSync(join(this.tree, name), { recursive: true });
    rmSync(join(this.state, 'meta', name), { recursive: true, force: true });
    rmSync(this.versionsOf(name), { recursive: true, force: true });
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

  draft(body: AsyncIterable<Uint8Array>, algorithms: readonly Algorithm[]): Promise<Draft> {
    return writeDraft(join(this.state, 'drafts', randomUUID()), body, algorithms);
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
      const { index, kept } = this.bucket(bucket);
      const current = index.get(key);
      checkConditions(current, options);
      const path = this.pathOf(bucket, key);
      makeFolder(dirname(path));
      // First, so that a kill leaves both or the old one as it is, and none of them lost.
      if (kept && current) kept.keep(current, path);
      try {
        // A link fails where a rename would replace: two writers of one key cannot both be first.
        disk.move(draft.path, path, options.ifNoneMatch);
      } catch (error) {
        if (kept && current) kept.remove(key, versionIdOf(current));
        throw error;
      }
      const info: ObjectInfo = {
        bucket,
        key,
        size: draft.size,
        etag: options.etag ?? draft.md5.toString('hex'),
        lastModified: this.clock.now(),
        versionId: kept && newVersionId(this.clock.now()),
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

  head(bucket: string, key: string, versionId?: string): VersionInfo | undefined {
    const { index, kept } = this.bucket(bucket);
    const current = index.get(key);
    if (versionId === undefined || (current && versionIdOf(current) === versionId)) return current;
    return kept?.find(key, versionId);
  }

  listVersions(bucket: string, options: VersionListOptions = {}): VersionListing {
    const { index, kept } = this.bucket(bucket);
    return pageOfVersions(index, kept, options);
  }

  list(bucket: string, options: ListOptions = {}): Listing {
    return this.bucket(bucket).index.list(options);
  }

  delete(bucket: string, key: string, versionId?: string): Removal {
    const { index, marks, kept } = this.bucket(bucket);
    for (const mark of marks.get(key) ?? []) mark.conflict = true;
    const current = index.get(key);
    if (versionId !== undefined) return this.deleteVersion(bucket, key, versionId);
    if (!kept) {
      if (current) this.removeFiles(bucket, key);
      return {};
    }
    if (current) kept.keep(current, this.pathOf(bucket, key));
    const mark = kept.mark(bucket, key, this.clock.now());
    if (current) this.removeFiles(bucket, key);
    return { versionId: mark.versionId, deleteMarker: true };
  }

  /** Removes a version for good. Of a key without its newest version, or its mark of removal, the one before is the current object. */
  private deleteVersion(bucket: string, key: string, versionId: string): Removal {
    const { index, kept } = this.bucket(bucket);
    const current = index.get(key);
    const isCurrent = current !== undefined && versionIdOf(current) === versionId;
    const found = isCurrent ? (current as VersionInfo) : kept?.find(key, versionId);
    if (isCurrent) this.removeFiles(bucket, key);
    else if (found) kept!.remove(key, versionId);
    const newest = kept?.of(key).at(-1);
    if (newest && !newest.deleteMarker && !index.get(key)) {
      const path = this.pathOf(bucket, key);
      makeFolder(dirname(path));
      disk.move(kept!.pathOf(key, versionIdOf(newest)), path);
      this.writeSidecar(newest, path);
      kept!.remove(key, versionIdOf(newest));
      index.set(newest);
    }
    return { versionId, deleteMarker: found?.deleteMarker };
  }

  /** What a kill left between two steps of the above is brought to its end. */
  private settleVersions(bucket: string): void {
    const { index, kept } = this.bucket(bucket);
    for (const key of kept?.keys() ?? []) {
      const current = index.get(key);
      if (!current || !kept!.find(key, versionIdOf(current))) continue;
      if (kept!.of(key).at(-1)!.deleteMarker) this.removeFiles(bucket, key);
      else kept!.remove(key, versionIdOf(current));
    }
  }

  private removeFiles(bucket: string, key: string): void {
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
    this.bucket(bucket).index.delete(key);
  }

  pathOf(bucket: string, key: string, versionId?: string): string {
    const { index, kept } = this.bucket(bucket);
    if (versionId !== undefined && versionIdOf(index.get(key) ?? {}) !== versionId && kept?.find(key, versionId))
      return kept.pathOf(key, versionId);
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

  private announce(info: ObjectInfo, reason: string): void {
    const event: ObjectEvent = {
      bucket: info.bucket,
      key: info.key,
      size: info.size,
      etag: info.etag,
      reason,
      time: info.lastModified,
      versionId: info.versionId,
    };
    for (const listener of this.listeners) listener(event);
  }

  private versionsOf(bucket: string): string {
    return join(this.state, 'versions', bucket);
  }

  private sidecarOf(bucket: string, key: string): string {
    return join(this.state, 'meta', bucket, `${pathOfKey(key)}.json`);
  }

  private writeSidecar(info: ObjectInfo, path: string): void {
    writeSidecar(this.sidecarOf(info.bucket, info.key), info, path);
  }

  /** Takes a file of the tree into the index. */
  private async adopt(bucket: string, path: string): Promise<void> {
    const key = keyOfPath(relative(join(this.tree, bucket), path));
    const { index, kept } = this.bucket(bucket);
    const sidecar = this.sidecarOf(bucket, key);
    const newVersion = (): string | undefined => kept && newVersionId(this.clock.now());
    index.set(await describeFound({ bucket, key, path, sidecar, drafts: join(this.state, 'drafts'), newVersion }));
  }
}
