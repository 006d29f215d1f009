import benchW from './bench-w.json';
import exampleClinicCsv from './example-clinic-csv.json';
import kaggleNoShow from './kaggle-no-show.json';
import { type CheckedProfile, checkProfile, type ProfileCheck } from './check';
import type { ProfileError } from './rules';

export { checkProfile, profileDigest, type CheckedProfile, type ProfileCheck } from './check';
export { checkHeader } from './header';
export { checkSource, profilesFor, readSource, type Source, sourceKey, sourceText } from './sources';
export { profileJsonSchema, type Profile } from './schema';

const BUILT_IN: Record<string, object> = {
  'bench-w': benchW,
  'example-clinic-csv': exampleClinicCsv,
  'kaggle-no-show': kaggleNoShow,
};

/** Names of the profiles that come with the platform; nobody else's profile may take one. */
export const BUILT_IN_PROFILES: readonly string[] = Object.keys(BUILT_IN);

const checkedBuiltIns = new Map<string, CheckedProfile>();

/** A profile that comes with the platform, or undefined for any other name. */
export function builtInProfile(name: string): CheckedProfile | undefined {
  if (!Object.hasOwn(BUILT_IN, name)) return undefined;
  let checked = checkedBuiltIns.get(name);
  if (!checked) {
    const check = checkProfile(JSON.stringify(BUILT_IN[name]));
    if (!check.ok)
      throw new Error(
        `the built-in profile ${name} is wrong: ${check.errors.map((e) => `${e.pointer} ${e.message}`).join('; ')}`,
      );
    checkedBuiltIns.set(name, (checked = check.checked));
  }
  return checked;
}

/** Validates somebody's own profile: as `checkProfile`, and its name must not be a built-in's. */
export function checkOwnProfile(text: string): ProfileCheck {
  const check = checkProfile(text);
  if (!check.ok || !BUILT_IN_PROFILES.includes(check.checked.profile.profile)) return check;
  const error: ProfileError = {
    rule: 'PRF-NAME',
    pointer: '/profile',
    line: check.checked.lines.get('/profile') ?? 1,
    message: 'the name belongs to a built-in profile',
  };
  return { ok: false, errors: [error] };
}

/** Where a profile of somebody's own lies in the control bucket. */
export const profileKey = (name: string): string => `profiles/${name}.json`;

/** The profile that an object in landing names by its first folder, or null. */
export function profileNameOf(objectKey: string): string | null {
  return /^([a-z0-9][a-z0-9-]{0,62})\/./.exec(objectKey)?.[1] ?? null;
}
