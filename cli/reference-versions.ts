import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { seriesOf, versionOf } from '../core/files/landed';
import { snapshotPrefix, type SnapshotOutcome } from '../core/files/snapshot';
import { isWithdrawn } from '../core/files/withdrawals';
import { landingHash } from '../core/records/hash';
import { referenceProfile } from '../profiles';
import { decisionsAbout } from './decisions';
import { keysUnder } from './keys-under';

/** A version of a code system, and the first day of it. */
export interface Version {
  readonly version: string;
  readonly validFrom: string;
}

/** Where files land, and what is decided about them. */
export interface Zones {
  readonly s3: S3Client;
  readonly landing: string;
  readonly control: string;
}

type LandedVersion = Version & LandedFile;

/** Name of the object of a version: the profile reads both from it. */
export const fileName = ({ version, validFrom }: Version): string => `${validFrom}_${version}.csv`;

/** An object of a reference file that lies in landing and was not withdrawn. */
interface LandedFile {
  readonly key: string;
  readonly sha256: string | undefined;
}

export async function landedKeys({ s3, landing, control }: Zones, name: string): Promise<LandedFile[]> {
  const found: LandedFile[] = [];
  for await (const key of keysUnder(s3, landing, `${referenceProfile(name)}/`)) {
    const head = await s3.send(new HeadObjectCommand({ Bucket: landing, Key: key }));
    const landedMs = head.LastModified!.getTime();
    const hash = landingHash(landing, key, versionOf({ versionId: head.VersionId, etag: head.ETag!, landedMs }));
    if (!isWithdrawn(await decisionsAbout(s3, control, hash), hash)) found.push({ key, sha256: head.Metadata?.sha256 });
  }
  return found;
}

/** The versions of a code system in landing, by the names of their objects. */
export async function landedVersions(at: Zones, name: string): Promise<LandedVersion[]> {
  return (await landedKeys(at, name)).flatMap((file) => {
    const [, validFrom, version] = /\/(\d{4}-\d{2}-\d{2})_([^/]+)\.csv$/.exec(file.key) ?? [];
    return validFrom === undefined || version === undefined ? [] : [{ ...file, version, validFrom }];
  });
}

/** Whether the codes that a version lacks were kept from ending, since they are too many. */
export async function isHeld({ s3, control }: Zones, name: string, { validFrom }: Version): Promise<boolean> {
  const profile = referenceProfile(name);
  const takenAt = String(Date.parse(`${validFrom}T00:00:00Z`)).padStart(15, '0');
  for await (const Key of keysUnder(s3, control, `${snapshotPrefix(seriesOf(`${profile}/`, profile))}${takenAt}-`)) {
    if (!Key.endsWith('.outcome.json')) continue;
    const object = await s3.send(new GetObjectCommand({ Bucket: control, Key }));
    if ((JSON.parse(await object.Body!.transformToString()) as SnapshotOutcome).held !== undefined) return true;
  }
  return false;
}
