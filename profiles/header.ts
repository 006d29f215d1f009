import type { CheckedProfile } from './check';
import { lineOf } from './json-lines';
import type { ProfileError } from './rules';
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
  const missing = new Map<string, string>();
  const uses = columnUses(profile);
  for (const { column, pointer } of uses) {
    if (!present.has(column) && !optional.has(column) && !missing.has(column)) missing.set(column, pointer);
  }
  const hint = missing.size > 0 ? otherDelimiter(header, [...missing.keys()], profile.file.delimiter) : null;
  if (hint) {
    const first = [...missing.values()][0] as string;
    report(
      'FIL-HDR-02',
      profile.file.delimiter === ',' && !lines.has('/file/delimiter') ? '/file' : '/file/delimiter',
      `the file is separated by ${hint}, but the profile says ${DELIMITERS[profile.file.delimiter] ?? profile.file.delimiter} (so the column used at ${first}, among others, is not found)`,
    );
    return { ok: false, errors };
  }
  for (const [column, pointer] of missing)
    report('FIL-HDR-02', pointer, `the header has no column ${JSON.stringify(column)}`);
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
