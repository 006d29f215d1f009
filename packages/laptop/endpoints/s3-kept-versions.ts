import { hash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { disk, makeFolder } from '../disk';
import { readOrNone } from './files';
import type { ObjectInfo, VersionInfo } from './s3-types';

/** The version id that S3 gives to what was stored before a bucket kept versions. */
const NULL = 'null';
export const versionIdOf = (info: { readonly versionId?: string }): string => info.versionId ?? NULL;

/** Folder of a key's versions, below that of its bucket. Keys are free text, and long; their hash names a folder everywhere. */
export const keptFolderOf = (folder: string, key: string): string =>
  join(folder, hash('sha256', key, 'hex').slice(0, 40));

let last = '';
/** An id that sorts after every one before it of the same or an earlier time. */
export function newVersionId(now: number): string {
  let count = 0;
  const id = (): string => `${now.toString(36).padStart(9, '0')}${(count++).toString(36).padStart(4, '0')}`;
  let next = id();
  while (next <= last.slice(0, 13) && last.startsWith(next.slice(0, 9))) next = id();
  last = next;
  return next + randomBytes(8).toString('hex');
}

/** What a bucket that keeps versions keeps beside its objects: versions that were replaced or removed, and the marks of removals. */
export class KeptVersions {
  /** By key, the oldest first. */
  private readonly byKey = new Map<string, VersionInfo[]>();

  constructor(private readonly folder: string) {
    makeFolder(folder);
    for (const name of readdirSync(folder))
      for (const file of readdirSync(join(folder, name)).filter((f) => f.endsWith('.json'))) {
        const info = readOrNone<VersionInfo>(join(folder, name, file), ({ key }) => typeof key === 'string');
        // A kill left bytes without a description, or the other way round: then its object is still the current one.
        if (info && (info.deleteMarker || existsSync(this.pathOf(info.key, versionIdOf(info))))) this.note(info);
      }
    for (const versions of this.byKey.values())
      versions.sort((a, b) => a.lastModified - b.lastModified || (versionIdOf(a) < versionIdOf(b) ? -1 : 1));
  }

  /** Versions of a key, the oldest first, without the current one. */
  of(key: string): readonly VersionInfo[] {
    return this.byKey.get(key) ?? [];
  }

  find(key: string, versionId: string): VersionInfo | undefined {
    return this.of(key).find((v) => versionIdOf(v) === versionId);
  }

  keys(): string[] {
    return [...this.byKey.keys()];
  }

  /** Keeps an object under its version, beside the file that has it now. */
  keep(info: ObjectInfo, path: string): void {
    const kept = this.pathOf(info.key, versionIdOf(info));
    makeFolder(this.folderOf(info.key));
    rmSync(kept, { force: true });
    disk.move(path, kept, true);
    this.describe(info);
  }

  /** Marks a key as removed. */
  mark(bucket: string, key: string, now: number): VersionInfo {
    const info: VersionInfo = {
      bucket,
      key,
      size: 0,
      etag: '',
      lastModified: now,
      versionId: newVersionId(now),
      deleteMarker: true,
    };
    makeFolder(this.folderOf(key));
    this.describe(info);
    return info;
  }

  /** Forgets a version; its bytes go, unless they were moved away before. */
  remove(key: string, versionId: string): void {
    const rest = this.of(key).filter((v) => versionIdOf(v) !== versionId);
    rmSync(this.describedBy(key, versionId), { force: true });
    rmSync(this.pathOf(key, versionId), { force: true });
    if (rest.length > 0) this.byKey.set(key, rest);
    else {
      this.byKey.delete(key);
      rmSync(this.folderOf(key), { recursive: true, force: true });
    }
  }

  pathOf(key: string, versionId: string): string {
    return join(this.folderOf(key), versionId);
  }

  private describe(info: VersionInfo): void {
    disk.replace(this.describedBy(info.key, versionIdOf(info)), JSON.stringify(info));
    this.note(info);
  }

  private note(info: VersionInfo): void {
    this.byKey.set(info.key, [...this.of(info.key), info]);
  }

  private describedBy(key: string, versionId: string): string {
    return `${this.pathOf(key, versionId)}.json`;
  }

  private folderOf(key: string): string {
    return keptFolderOf(this.folder, key);
  }
}
