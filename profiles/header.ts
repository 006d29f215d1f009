import type { CheckedProfile } from './check';
import { lineOf } from './json-lines';
import type { ProfileError } from './rules';
import type { Profile } from './schema';
import { columnUses } from './walk';

export interface HeaderCheck {
  ok: boolean;
  errors: ProfileError[];
}

const DELIMITERS: Record<string, string> = {
  ',': 'comma',
  ';': 'semicolon',
  '\t': 'tab',
  '|': 'vertical bar',
  ':': 'colon',
};

/**
 * Compares a CSV header with its profile: a missing column is told at the place that uses it, an unknown one at `ignored`.
 * Names of the file are repeated only once the header holds every column of the profile: a "header" that does not may be a row of data.
 */
export function checkHeader(checked: CheckedProfile, header: readonly string[]): HeaderCheck {
  const { profile, lines } = checked;
  const errors: ProfileError[] = [];
  const report = (rule: ProfileError['rule'], pointer: string, message: string): unknown =>
    errors.push({ rule, pointer, line: lineOf(lines, pointer), message });
  const present = new Set(header);
  const optional = new Set(profile.optional);
  const missing = new Map<string, { pointer: string; oneOf: readonly string[] }>();
  const uses = columnUses(profile);
  for (const { column, pointer, oneOf = [column] } of uses) {
    const name = oneOf.join();
    if (!oneOf.some((one) => present.has(one)) && !oneOf.every((one) => optional.has(one)) && !missing.has(name))
      missing.set(name, { pointer, oneOf });
  }
  const absent = [...missing.values()].flatMap(({ oneOf }) => oneOf);
  const hint = missing.size > 0 ? otherDelimiter(header, absent, profile.file.delimiter) : null;
  if (hint) {
    const first = [...missing.values()][0]!.pointer;
    report(
      'FIL-HDR-02',
      profile.file.delimiter === ',' && !lines.has('/file/delimiter') ? '/file' : '/file/delimiter',
      `the file is separated by ${hint}, but the profile says ${DELIMITERS[profile.file.delimiter] ?? profile.file.delimiter} (so the column used at ${first}, among others, is not found)`,
    );
    return { ok: false, errors };
  }
  for (const { pointer, oneOf } of missing.values())
    report(
      'FIL-HDR-02',
      pointer,
      oneOf.length === 1
        ? `the header has no column ${JSON.stringify(oneOf[0])}`
        : `the header has none of the columns ${oneOf.map((one) => JSON.stringify(one)).join(', ')}`,
    );
  const nameable = missing.size === 0;
  const known = new Set([...uses.map((u) => u.column), ...profile.ignored]);
  const seen = new Set<string>();
  header.forEach((column, i) => {
    const name = nameable ? `column ${i + 1} (${JSON.stringify(column)})` : `column ${i + 1}`;
    if (column === '' && !known.has('') && profile.other_columns === 'refuse')
      report(
        'FIL-HDR-03',
        '/ignored',
        `column ${i + 1} of the header has no name (pandas writes its index like this: to_csv(index=False) omits it); "" in ignored skips it`,
      );
    else if (column === '') return;
    else if (seen.has(column)) report('FIL-HDR-04', '', `${name} of the header has the same name as an earlier one`);
    else if (!known.has(column) && profile.other_columns === 'refuse')
      report('FIL-HDR-03', '/ignored', `${name} of the header is neither used nor ignored`);
    seen.add(column);
  });
  return { ok: errors.length === 0, errors };
}

/** The header in the profile's own spelling, where it is not to be held to the case of letters. */
export function spelled(profile: Profile, header: readonly string[]): string[] {
  if (!profile.file.ignore_case) return [...header];
  const names = [...columnUses(profile).map(({ column }) => column), ...profile.ignored];
  const own = new Map(names.map((name) => [name.toLowerCase(), name]));
  return header.map((name) => own.get(name.toLowerCase()) ?? name);
}

/** The delimiter under which the one column of the header falls into columns that the profile misses. */
function otherDelimiter(header: readonly string[], missing: string[], delimiter: string): string | null {
  const text = header.join(delimiter);
  for (const [mark, name] of Object.entries(DELIMITERS)) {
    if (mark === delimiter) continue;
    const parts = new Set(text.split(mark).map((part) => part.trim().replace(/^"(.*)"$/, '$1')));
    if (missing.filter((column) => parts.has(column)).length * 2 > missing.length) return name;
  }
  return null;
}
