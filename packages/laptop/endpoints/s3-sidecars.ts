import { randomUUID } from 'node:crypto';
import { createReadStream, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { disk, makeFolder } from '../disk';
import { readOrNone } from './files';
import { writeDraft } from './s3-drafts';
import type { ObjectInfo } from './s3-types';

/** What is kept beside an object's file; the first three tell whether it describes that file. */
interface Sidecar extends ObjectInfo {
  readonly ino: number;
  readonly mtimeMs: number;
  /** MD5 (hex) of what a client stored, where the file was found altered since. */
  readonly storedMd5?: string;
}

export function writeSidecar(sidecar: string, info: ObjectInfo, path: string, storedMd5?: string): void {
  const { ino, mtimeMs } = statSync(path);
  makeFolder(dirname(sidecar));
  disk.replace(sidecar, JSON.stringify({ ...info, ino, mtimeMs, storedMd5 } satisfies Sidecar));
}

/**
 * What is known of a file of the tree. One without a sidecar of its own (the process was killed between the two, or the folder was
 * copied) is read once more for its ETag and checksum.
 */
export async function describeFound(found: {
  bucket: string;
  key: string;
  path: string;
  sidecar: string;
  drafts: string;
  newVersion: () => string | undefined;
}): Promise<ObjectInfo> {
  const { bucket, key, path, sidecar } = found;
  const { ino, mtimeMs, size } = statSync(path);
  const before = readOrNone<Sidecar>(sidecar, ({ etag }) => etag !== undefined);
  if (before) {
    const { ino: i, mtimeMs: m, ...info } = before;
    if (i === ino && m === mtimeMs && info.size === size) return info;
  }
  const draft = await writeDraft(join(found.drafts, randomUUID()), createReadStream(path), ['sha256']);
  unlinkSync(draft.path);
  const info: ObjectInfo = {
    bucket,
    key,
    size,
    etag: draft.md5.toString('hex'),
    lastModified: mtimeMs,
    // The note is of the object before, where a kill came between a new object and its note.
    versionId: before?.ino === ino ? before.versionId : found.newVersion(),
    checksums: draft.checksums,
    checksumType: 'FULL_OBJECT',
  };
  // What was stored is not forgotten: `carelake check` tells of the difference until the object is put or restored.
  const storedMd5 = before?.storedMd5 ?? (before?.etag.length === info.etag.length ? before?.etag : undefined);
  writeSidecar(sidecar, info, path, storedMd5 === info.etag ? undefined : storedMd5);
  return info;
}
