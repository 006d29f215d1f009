import { existsSync, readFileSync, statSync } from 'node:fs';
import { EndpointError } from '../endpoints/errors';
import { streamOf } from '../endpoints/files';
import type { S3Store } from '../endpoints/s3-types';
import { CopyError } from './copy-error';

/** What COPY and UNLOAD ask of the buckets; in the account Redshift's own role asks S3. */
export interface Lake {
  /** Files of the objects that a COPY names: those of its manifest, or all under its prefix. @throws CopyError. */
  files(uri: string, manifest: boolean): Promise<readonly string[]>;
  /** Refuses where UNLOAD may not write, or would mix its files with others. @throws CopyError. */
  admit(uri: string, overwrite: boolean): Promise<void>;
  /** Stores a file under the prefix that UNLOAD names. @throws CopyError. */
  store(uri: string, name: string, path: string): Promise<void>;
}

/** The buckets of a folder, as the role of COPY and UNLOAD sees them. */
export function lakeOf(s3: S3Store): Lake {
  return {
    files: (uri, manifest) => attempt(() => filesOf(s3, uri, manifest)),
    admit: (uri, overwrite) =>
      attempt(() => {
        const { bucket, prefix } = destination(uri);
        if (!s3.hasBucket(bucket)) throw new CopyError(`The S3 bucket ${bucket} does not exist`);
        if (!overwrite && s3.list(bucket, { prefix, maxKeys: 1 }).objects.length > 0)
          throw new CopyError('Specified unload destination on S3 is not empty. Consider using ALLOWOVERWRITE');
      }),
    store: (uri, name, path) =>
      attempt(async () => {
        const { bucket, prefix } = destination(uri);
        const body = streamOf(path);
        // A store that refuses never reads it; its end must not be an event that nobody hears.
        body.on('error', () => undefined);
        try {
          await s3.put(bucket, `${prefix}${name}`, body);
        } finally {
          body.destroy();
        }
      }),
  };
}

/** Without buckets: a folder that nobody serves is only asked. */
export const NO_LAKE: Lake = {
  files: () => Promise.reject(new CopyError('COPY and UNLOAD require that the platform serves this folder')),
  admit: () => Promise.reject(new CopyError('COPY and UNLOAD require that the platform serves this folder')),
  store: () => Promise.reject(new CopyError('COPY and UNLOAD require that the platform serves this folder')),
};

/** Whatever goes wrong, as COPY says it. */
async function attempt<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CopyError) throw error;
    if (error instanceof EndpointError) throw new CopyError(`S3ServiceException: ${error.message}`);
    // A system's own text names the file; its code says enough.
    const code = (error as NodeJS.ErrnoException).code ?? (error as Error).name;
    throw new CopyError(`S3ServiceException: ${code === 'ENOSPC' ? 'disk full' : code}`);
  }
}

function destination(uri: string): { bucket: string; prefix: string } {
  const match = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri);
  if (!match) throw new CopyError('UNLOAD writes to s3://bucket/prefix');
  return { bucket: match[1] ?? '', prefix: match[2] ?? '' };
}

/** Files that a COPY reads: those of its manifest, or all objects under its prefix. */
function filesOf(s3: S3Store, uri: string, manifest: boolean): string[] {
  const { bucket, key } = place(uri);
  if (!s3.hasBucket(bucket)) throw new CopyError(`The S3 bucket ${bucket} does not exist`);
  if (manifest) return manifestFiles(s3, bucket, key);
  const files: string[] = [];
  let next: string | undefined;
  do {
    const page = s3.list(bucket, { prefix: key, continuation: next });
    files.push(...page.objects.map((o) => s3.pathOf(bucket, o.key)));
    next = page.next;
  } while (next !== undefined);
  if (files.length === 0) throw new CopyError('The specified S3 prefix does not exist');
  return files;
}

interface Manifest {
  readonly entries?: readonly {
    readonly url?: string;
    readonly mandatory?: boolean;
    readonly meta?: { readonly content_length?: number };
  }[];
}

function manifestFiles(s3: S3Store, bucket: string, key: string): string[] {
  if (!s3.head(bucket, key)) throw new CopyError('The manifest does not exist');
  let entries: Manifest['entries'];
  try {
    entries = (JSON.parse(readFileSync(s3.pathOf(bucket, key), 'utf8')) as Manifest).entries;
  } catch {
    throw new CopyError('The manifest is not JSON');
  }
  if (!Array.isArray(entries) || entries.length === 0) throw new CopyError('The manifest lists no entries');
  return entries.flatMap((entry, i) => {
    const at = `object ${i + 1} of ${entries.length}`;
    const object = place(entry.url ?? '');
    const info = s3.hasBucket(object.bucket) ? s3.head(object.bucket, object.key) : undefined;
    const path = info && s3.pathOf(object.bucket, object.key);
    if (!info || !path || !existsSync(path)) {
      if (entry.mandatory) throw new CopyError(`The manifest's ${at} does not exist`);
      return [];
    }
    const expected = entry.meta?.content_length;
    if (expected === undefined)
      throw new CopyError(`The manifest's ${at} has no meta.content_length, which Parquet requires`);
    if (expected !== statSync(path).size)
      throw new CopyError(`The manifest's ${at} has a length other than its content_length`);
    return [path];
  });
}

function place(uri: string): { bucket: string; key: string } {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri);
  if (!match) throw new CopyError('An entry is not s3://bucket/key');
  return { bucket: match[1] ?? '', key: match[2] ?? '' };
}
