import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readOrNone } from './files';
import { pathOfKey } from './s3-keys';
import { keptFolderOf } from './s3-kept-versions';
import type { VersionInfo } from './s3-types';

/** An object's version as it lies in a data folder. */
export interface StoredVersion {
  readonly info: VersionInfo;
  readonly path: string;
}

/** The versions of a key that a data folder holds, the current one first, read from the disk: whether the folder is served or not. */
export function storedVersions(dataDir: string, bucket: string, key: string): StoredVersion[] {
  const known = (path: string): VersionInfo | undefined =>
    readOrNone<VersionInfo>(path, (info) => typeof info.etag === 'string');
  const path = join(dataDir, 's3', bucket, pathOfKey(key));
  const current = existsSync(path)
    ? known(join(dataDir, 's3-state', 'meta', bucket, `${pathOfKey(key)}.json`))
    : undefined;
  const kept = keptFolderOf(join(dataDir, 's3-state', 'versions', bucket), key);
  const names = existsSync(kept) ? readdirSync(kept).filter((name) => name.endsWith('.json')) : [];
  return [
    ...(current && current.size === statSync(path).size ? [{ info: current, path }] : []),
    ...names.flatMap((name) => {
      const info = known(join(kept, name));
      const bytes = join(kept, name.slice(0, -'.json'.length));
      return info && existsSync(bytes) ? [{ info, path: bytes }] : [];
    }),
  ];
}
