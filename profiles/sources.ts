import { BUILT_IN_PROFILES, BUILT_IN_SOURCES } from './built-in';
import { type CheckedProfile, checkProfile } from './check';
import { literal } from './patterns';
import { compileRegex } from './regex';
import type { ProfileError } from './rules';

/** All profiles of one sender, each with patterns of the names of the files that it reads. */
export interface Source {
  name: string;
  profiles: CheckedProfile[];
}

export type SourceCheck = { ok: true; source: Source } | { ok: false; errors: (ProfileError & { profile: number })[] };

/** Where a source lies in the control bucket: one object, since its profiles belong together. */
export const sourceKey = (name: string): string => `profiles/sources/${name}.json`;

/** What a source's object holds: its name and the texts of its profiles. */
export const sourceText = (name: string, profiles: readonly string[]): string =>
  JSON.stringify({ source: name, profiles });

/** The last part of an object's name. */
const baseName = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

/** `*` stands for any text, `?` for one character; everything else for itself. The name is the sender's and may be of any kind. */
function fits(pattern: string, name: string): boolean {
  const source = pattern.replace(/\*+|\?|[^*?]+/g, (part) =>
    part.startsWith('*') ? '.*' : part === '?' ? '.' : literal(part),
  );
  return compileRegex(`(?s)^${source}$`).test(name);
}

/** Validates the profiles of a source: each as ever, with patterns, and under a name that begins with the source's and is no built-in's. */
export function checkSource(name: string, texts: readonly string[]): SourceCheck {
  const errors: (ProfileError & { profile: number })[] = [];
  const profiles: CheckedProfile[] = [];
  texts.forEach((text, i) => {
    const check = checkProfile(text);
    if (!check.ok) return void errors.push(...check.errors.map((error) => ({ ...error, profile: i })));
    const { profile, lines } = check.checked;
    const report = (rule: ProfileError['rule'], pointer: string, message: string): unknown =>
      errors.push({ rule, pointer, line: lines.get(pointer) ?? 1, message, profile: i });
    if (!profile.profile.startsWith(`${name}-`))
      report('PRF-NAME', '/profile', `in the source ${name}, the names of profiles begin with ${name}-`);
    for (const taken of [name, profile.profile])
      if (BUILT_IN_PROFILES.includes(taken) || BUILT_IN_SOURCES.includes(taken))
        report('PRF-NAME', '/profile', `the name ${taken} is that of a built-in profile or source`);
    if (profiles.some((other) => other.profile.profile === profile.profile))
      report('PRF-NAME', '/profile', 'another profile of the source has the name');
    if (!profile.files)
      report('PRF-NAME', '', 'a profile of a source requires files: patterns of the file names that it reads');
    profiles.push(check.checked);
  });
  return errors.length > 0 ? { ok: false, errors } : { ok: true, source: { name, profiles } };
}

/** The same of what lies in control; undefined where it is no source. */
export function readSource(text: string): SourceCheck | undefined {
  try {
    const { source, profiles } = JSON.parse(text) as { source: string; profiles: string[] };
    return checkSource(source, profiles);
  } catch {
    return undefined;
  }
}

/** Profiles of a source that read a file of this name: one, if the source is right about it. */
export const profilesFor = ({ profiles }: Source, key: string): CheckedProfile[] =>
  profiles.filter(({ profile }) => profile.files?.some((pattern) => fits(pattern, baseName(key))));

/** The pattern by which a source knows a file of this name that none of its profiles reads; undefined where there is none. */
export const ignoredBy = (source: Source, key: string): string | undefined =>
  profilesFor(source, key).length > 0
    ? undefined
    : source.profiles
        .flatMap(({ profile }) => profile.ignored_files ?? [])
        .find((pattern) => fits(pattern, baseName(key)));
