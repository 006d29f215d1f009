import { readOrNone } from '@carelake/laptop/endpoints/files';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { keyId } from '../../core/lake/names';
import { filesUnder } from '../lake-files';
import { differenceOf, type Difference } from './difference';

/** What the S3 endpoint keeps beside an object's file. */
export interface Stored {
  readonly bucket: string;
  readonly key: string;
  /** MD5 of the bytes (hex), unless the object was put in parts. */
  readonly etag: string;
  /** MD5 of what a client stored, where the endpoint found the file altered when it opened the folder. */
  readonly storedMd5?: string;
  readonly checksums?: { readonly sha256?: string };
  readonly checksumType?: string;
}

async function digestOf(path: string, algorithm: 'md5' | 'sha256'): Promise<Buffer> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest();
}

/** Whether a file is what was stored; one put in parts has a checksum of its parts alone, and is taken as it is. */
export async function isAsStored(path: string, { etag, storedMd5, checksums, checksumType }: Stored): Promise<boolean> {
  const md5 = storedMd5 ?? etag;
  if (/^[0-9a-f]{32}$/.test(md5)) return (await digestOf(path, 'md5')).toString('hex') === md5;
  if (checksumType === 'COMPOSITE' || checksums?.sha256 === undefined) return true;
  return (await digestOf(path, 'sha256')).toString('base64') === checksums.sha256;
}

/**
 * Holds every object to what was noted when it was stored: that it is there, its size and its checksum. To be asked before the S3 endpoint
 * opens the folder, which takes what it finds for what is.
 * @param zoneOf name of a bucket's zone
 * @param pathOf file that holds an object's bytes
 */
export async function checkObjects(
  dataDir: string,
  zoneOf: (bucket: string) => string,
  pathOf: (bucket: string, key: string) => string,
): Promise<Difference[]> {
  const altered = new Map<string, string[]>();
  const gone = new Map<string, string[]>();
  const note = (list: Map<string, string[]>, { bucket, key }: Stored): void => {
    const zone = zoneOf(bucket);
    // In landing names are the sender's and may be a person's.
    list.set(zone, [...(list.get(zone) ?? []), zone === 'landing' ? `id ${keyId(key)}` : key]);
  };
  for (const sidecar of filesUnder(join(dataDir, 's3-state', 'meta'), '.json')) {
    // A damaged one is made again by the next start.
    const stored = readOrNone<Stored>(sidecar, ({ bucket, key }) => bucket !== undefined && key !== undefined);
    if (!stored) continue;
    const path = pathOf(stored.bucket, stored.key);
    if (!existsSync(path)) note(gone, stored);
    else if (!(await isAsStored(path, stored))) note(altered, stored);
  }
  return [
    ...[...altered].flatMap(([zone, keys]) => differenceOf('CHK-OBJECT-01', zone, keys)),
    ...[...gone].flatMap(([zone, keys]) => differenceOf('CHK-OBJECT-02', zone, keys)),
  ];
}
