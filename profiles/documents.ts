import { FILE_RULES, type FileRule } from './rules';
import { profileJsonSchema } from './schema';

const SCOPES: Record<(typeof FILE_RULES)[FileRule]['scope'], string> = {
  profile: 'An invalid profile: nothing is read',
  file: 'A file that is refused as a whole: one quarantine row at row 0',
  row: 'A row that is quarantined (besides the rules of the contracts, see dictionary.md)',
  member:
    'A value that cannot be read: the row is quarantined if its records need the value; otherwise the field is left empty and the record is flagged (`dq_flags`)',
  warn: 'A record that is accepted and flagged (`dq_flags`)',
  note: 'A row that is read, with something worth counting and reporting',
  snapshot: 'Absences from a snapshot that are not acted on',
};

/** Pages of `docs/generated` that are derived from the profile language, by name. */
export function generatedProfileDocs(): Record<string, string> {
  const tables = (Object.keys(SCOPES) as (keyof typeof SCOPES)[]).map((scope) => {
    const rows = Object.entries(FILE_RULES).filter(([, rule]) => rule.scope === scope);
    return [
      `## ${SCOPES[scope]}`,
      '',
      '| rule | meaning |',
      '|---|---|',
      ...rows.map(([id, rule]) => `| ${id} | ${rule.doc} |`),
      '',
    ].join('\n');
  });
  return {
    'profile.schema.json': `${JSON.stringify(profileJsonSchema(), null, 2)}\n`,
    'file-rules.md': ['# Rules of profiles and files', '', ...tables].join('\n'),
  };
}
