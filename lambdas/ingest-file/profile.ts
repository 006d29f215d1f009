import type { S3Client } from '@aws-sdk/client-s3';
import { NO_PROFILE } from '../../core/files/readings';
import {
  builtInProfile,
  builtInSource,
  type CheckedProfile,
  checkOwnProfile,
  ignoredBy,
  profileDigest,
  profileKey,
  profileNameOf,
  profilesFor,
  readSource,
  type Source,
  sourceKey,
} from '../../profiles';
import { type LandedFile, readText } from './landing';

export type Rules = { rule: string; pointer: string }[];

/** The profile that reads an object, or why none does; and what names the readings by it. */
export type FoundProfile = { digest: string } & (
  { checked: CheckedProfile } | { name: string | null; rules: Rules; isIgnored?: boolean }
);

/** The profile of the object, or the rules by which there is none; and what names its readings by it. */
export async function profileOf(s3: S3Client, file: LandedFile, control: string): Promise<FoundProfile> {
  const name = profileNameOf(file.key);
  if (name === null) return { name, digest: NO_PROFILE, rules: [{ rule: 'FIL-PRF-01', pointer: '' }] };
  const builtIn = builtInProfile(name);
  if (builtIn) return { checked: builtIn, digest: builtIn.digest };
  const source = builtInSource(name);
  if (source) return profileOfSource(file, source, source.digest);
  const text = await readText(s3, control, profileKey(name));
  if (text === undefined) return profileOfOwnSource(s3, file, control, name);
  const check = checkOwnProfile(text);
  const digest = profileDigest(text);
  if (!check.ok) return { name, digest, rules: [{ rule: 'FIL-PRF-02', pointer: '' }, ...check.errors] };
  if (check.checked.profile.profile !== name)
    return { name, digest, rules: [{ rule: 'PRF-NAME', pointer: '/profile' }] };
  return { checked: check.checked, digest: check.checked.digest };
}

/** The profile of somebody's own source, whose folder the object lies in. */
async function profileOfOwnSource(
  s3: S3Client,
  file: LandedFile,
  control: string,
  name: string,
): Promise<FoundProfile> {
  const text = await readText(s3, control, sourceKey(name));
  if (text === undefined) return { name, digest: NO_PROFILE, rules: [{ rule: 'FIL-PRF-01', pointer: '' }] };
  const digest = profileDigest(text);
  const check = readSource(text);
  if (!check?.ok) return { name, digest, rules: [{ rule: 'FIL-PRF-02', pointer: '' }, ...(check?.errors ?? [])] };
  return profileOfSource(file, check.source, digest);
}

/** The profile of a source that has a pattern for the object's name; none is wanted for a file that the source knows and does not read. */
function profileOfSource({ key }: LandedFile, source: Source, digest: string): FoundProfile {
  const [checked, ...others] = profilesFor(source, key);
  if (checked && others.length === 0) return { checked, digest: checked.digest };
  const rules: Rules = [{ rule: 'FIL-PRF-03', pointer: '' }];
  return { name: source.name, digest, rules, ...(ignoredBy(source, key) === undefined ? {} : { isIgnored: true }) };
}
