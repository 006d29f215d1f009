import type { Readable } from 'node:stream';
import type { Algorithm } from './checksums';

/** Base64 checksums by S3's names in lower case. */
export type Checksums = Partial<Record<Algorithm, string>>;

export interface ObjectInfo {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  /** Without quotes. Opaque: an MD5 only for objects put whole. */
  readonly etag: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly lastModified: number;
  /** In a bucket that keeps versions; absent for what was stored before it did. */
  readonly versionId?: string;
  readonly contentType?: string;
  /** Other headers that come back as they were put: cache-control, content-encoding, … */
  readonly headers?: Readonly<Record<string, string>>;
  /** `x-amz-meta-…` without the prefix. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly checksums?: Checksums;
  readonly checksumType?: 'FULL_OBJECT' | 'COMPOSITE';
}

/** A version of an object, or the mark that a key was removed. */
export interface VersionInfo extends ObjectInfo {
  readonly deleteMarker?: boolean;
}

/** What a removal did: where versions are kept it leaves a mark, and the removal of a mark brings the object back. */
export interface Removal {
  readonly versionId?: string;
  readonly deleteMarker?: boolean;
}

export interface VersionListOptions {
  readonly prefix?: string;
  readonly maxKeys?: number;
  /** `next` of the page before. */
  readonly after?: { readonly key: string; readonly versionId?: string };
}
export interface VersionListing {
  /** By key; of each key the newest first. */
  readonly versions: (VersionInfo & { readonly isLatest: boolean })[];
  readonly next?: { readonly key: string; readonly versionId: string };
}

export interface PutOptions {
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Fails with PreconditionFailed when the key exists; decided atomically. */
  readonly ifNoneMatch?: boolean;
  /** Fails with PreconditionFailed unless the stored ETag is this one. */
  readonly ifMatch?: string;
  /** Checksums to compute and keep; default sha256. */
  readonly algorithms?: readonly (keyof Checksums)[];
  /** Reason that the event names; default PutObject. */
  readonly reason?: string;
}

export interface ListOptions {
  readonly prefix?: string;
  readonly delimiter?: string;
  readonly startAfter?: string;
  readonly maxKeys?: number;
  /** `next` of the page before. */
  readonly continuation?: string;
}
export interface Listing {
  readonly objects: ObjectInfo[];
  readonly commonPrefixes: string[];
  /** Continuation of the next page; absent on the last. */
  readonly next?: string;
}

export interface ObjectEvent {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  /** S3's reason: PutObject, CopyObject, CompleteMultipartUpload. */
  readonly reason: string;
  readonly time: number;
  readonly versionId?: string;
}

/** Bytes on disk that no key names yet. */
export interface Draft {
  readonly path: string;
  readonly size: number;
  readonly md5: Buffer;
  readonly checksums: Checksums;
}
export interface CommitOptions {
  /** Instead of the MD5: multipart objects have another. */
  readonly etag?: string;
  readonly checksums?: Checksums;
  readonly checksumType?: 'FULL_OBJECT' | 'COMPOSITE';
  readonly mark?: WriteMark;
}
export interface WriteMark {
  conflict: boolean;
  end(): void;
}

/** Objects as plain files under `s3/<bucket>/`, what is known about them beside that tree. */
export interface S3Store {
  /** Makes the bucket, or finds it; one that is to keep versions does so from now on. */
  createBucket(name: string, options?: { versioned?: boolean }): void;
  isVersioned(name: string): boolean;
  buckets(): { name: string; createdAt: number }[];
  hasBucket(name: string): boolean;
  /** Removes an empty bucket. @throws EndpointError BucketNotEmpty. */
  deleteBucket(name: string): void;
  /** @throws EndpointError NoSuchBucket, KeyTooLongError, PreconditionFailed (412), ConditionalRequestConflict (409). */
  put(bucket: string, key: string, body: Uint8Array | string | Readable, options?: PutOptions): Promise<ObjectInfo>;
  /** Writes a body to a file that no key names yet, counting and hashing it on the way. */
  draft(body: AsyncIterable<Uint8Array>, algorithms: readonly Algorithm[]): Promise<Draft>;
  /** Gives a draft its key. Throws as `put` does, and then the draft is gone. */
  commit(bucket: string, key: string, draft: Draft, options?: PutOptions & CommitOptions): ObjectInfo;
  /** Marks a conditional write as begun: a delete of its key before the commit makes it a conflict. @returns the mark for `commit`. */
  begin(bucket: string, key: string): WriteMark;
  /** @throws EndpointError NoSuchKey, NoSuchBucket. */
  get(bucket: string, key: string): Promise<Buffer>;
  /** The current object, or one of its versions. */
  head(bucket: string, key: string, versionId?: string): VersionInfo | undefined;
  list(bucket: string, options?: ListOptions): Listing;
  listVersions(bucket: string, options?: VersionListOptions): VersionListing;
  /** Removes an object; a version only for good. */
  delete(bucket: string, key: string, versionId?: string): Removal;
  /** File that holds the object's bytes, or those of a version. */
  pathOf(bucket: string, key: string, versionId?: string): string;
  /** Called after an object is committed. @returns the function that ends it. */
  onCreated(listener: (event: ObjectEvent) => void): () => void;
}
