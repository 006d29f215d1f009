import type { Readable } from 'node:stream';

/** Base64 checksums by S3's names in lower case. */
export type Checksums = Partial<Record<'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256', string>>;

export interface ObjectInfo {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  /** Without quotes. Opaque: an MD5 only for objects put whole. */
  readonly etag: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly lastModified: number;
  readonly contentType?: string;
  /** Other headers that come back as they were put: cache-control, content-encoding, … */
  readonly headers?: Readonly<Record<string, string>>;
  /** `x-amz-meta-…` without the prefix. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly checksums?: Checksums;
  readonly checksumType?: 'FULL_OBJECT' | 'COMPOSITE';
}

export interface PutOptions {
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Fails with PreconditionFailed when the key exists; decided atomically. */
  readonly ifNoneMatch?: boolean;
  /** Fails with PreconditionFailed unless the stored ETag is this one. */
  readonly ifMatch?: string;
  /** Checksums to compute and keep; sha256 is always kept for in-process puts. */
  readonly algorithms?: readonly (keyof Checksums)[];
}

export interface ListOptions {
  readonly prefix?: string;
  readonly delimiter?: string;
  readonly startAfter?: string;
  readonly maxKeys?: number;
}
export interface Listing {
  readonly objects: ObjectInfo[];
  readonly commonPrefixes: string[];
  /** Key or common prefix to start after for the rest. */
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
}

/** Objects as plain files under `s3/<bucket>/`, what is known about them beside that tree. */
export interface S3Store {
  /** Makes the bucket; no-op when it exists. */
  createBucket(name: string): void;
  buckets(): { name: string; createdAt: number }[];
  hasBucket(name: string): boolean;
  put(bucket: string, key: string, body: Uint8Array | string | Readable, options?: PutOptions): Promise<ObjectInfo>;
  /** @throws DoorError NoSuchKey, NoSuchBucket. */
  get(bucket: string, key: string): Promise<Buffer>;
  head(bucket: string, key: string): ObjectInfo | undefined;
  list(bucket: string, options?: ListOptions): Listing;
  delete(bucket: string, key: string): void;
  /** File that holds the object's bytes. */
  pathOf(bucket: string, key: string): string;
  /** Called after an object is committed. @returns the function that ends it. */
  onCreated(listener: (event: ObjectEvent) => void): () => void;
}
