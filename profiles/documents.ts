import { FILE_RULES, type FileRule } from './rules';
import { profileJsonSchema } from './schema';

const SCOPES: Record<(typeof FILE_RULES)[FileRule]['scope'], string> = {
  profile: 'A wrong profile: nothing is read',
  file: 'A file that is refused as a whole: one quarantine row at row 0',
  row: 'A row that is quarantined (besides the rules of the contracts, see dictionary.md)',
  member:
    'A value that cannot be made: the row is quarantined where a record cannot be without it, else the field is left empty and the record flagged (`dq_flags`)',
  warn: 'A record that is accepted and flagged (`dq_flags`)',
  note: 'A row that is read, of which something is counted and told',
  snapshot: 'Absences of a snapshot that are not acted on',
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
