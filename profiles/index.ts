import { BUILT_IN_PROFILES, BUILT_IN_SOURCES } from './built-in';
import { checkProfile, type ProfileCheck } from './check';
import type { ProfileError } from './rules';

export {
  BUILT_IN_PROFILES,
  BUILT_IN_SOURCES,
  builtInProfile,
  builtInSource,
  REFERENCE_NAMES,
  referenceProfile,
} from './built-in';
export { checkProfile, profileDigest, type CheckedProfile, type ProfileCheck } from './check';
export { checkHeader, spelled } from './header';
export { checkSource, ignoredBy, profilesFor, readSource, type Source, sourceKey, sourceText } from './sources';
export { profileJsonSchema, type Profile } from './schema';

/** Validates somebody's own profile: as `checkProfile`, and its name must not be a built-in's. */
export function checkOwnProfile(text: string): ProfileCheck {
  const check = checkProfile(text);
  if (!check.ok || ![...BUILT_IN_PROFILES, ...BUILT_IN_SOURCES].includes(check.checked.profile.profile)) return check;
  const error: ProfileError = {
    rule: 'PRF-NAME',
    pointer: '/profile',
    line: check.checked.lines.get('/profile') ?? 1,
    message: 'the name is that of a built-in profile or source',
  };
  return { ok: false, errors: [error] };
}

/** Where a profile of somebody's own lies in the control bucket. */
export const profileKey = (name: string): string => `profiles/${name}.json`;

/** The profile that an object in landing names by its first folder, or null. */
export function profileNameOf(objectKey: string): string | null {
  return /^([a-z0-9][a-z0-9-]{0,62})\/./.exec(objectKey)?.[1] ?? null;
}
