import { ENTITIES, ENTITY_NAMES } from '../index';
import { RULES, type Rule, type RuleId } from '../rules';
import type { EntityContract, Field } from '../types';
import { BRONZE_COLUMNS, QUARANTINE_COLUMNS, silverColumns, type Column } from './columns';
import { table } from './markdown';

function limits(field: Field): string {
  const parts: string[] = [];
  if (field.maxBytes !== undefined && field.type === 'string') parts.push(`≤ ${field.maxBytes} bytes`);
  if (field.length !== undefined) parts.push(`${field.length} digits`);
  if (field.min !== undefined || field.max !== undefined) parts.push(`${field.min ?? ''} to ${field.max ?? ''}`);
  if (field.minDate) parts.push(`from ${field.minDate}`);
  if (field.values) parts.push(field.values.join(', '));
  if (field.default) parts.push(`if absent: ${field.default}`);
  return parts.join('; ');
}

function payloadTable(contract: EntityContract): string {
  return table(
    ['member', 'type', 'required', 'limits', 'PHI', 'meaning'],
    contract.fields.map((f) => [
      contract.naturalKey.includes(f.name) ? `**${f.name}** (key)` : f.name,
      f.type,
      f.required ? 'yes' : '',
      limits(f),
      f.phi,
      f.doc,
    ]),
  );
}

const columnTable = (columns: readonly Column[]) =>
  table(
    ['column', 'Parquet', 'warehouse', 'null', 'PHI', 'meaning'],
    columns.map((c) => [c.name, c.parquet, c.redshift, c.nullable ? 'yes' : '', c.phi, c.doc]),
  );

function entityChapter(contract: EntityContract): string {
  return [
    `## ${contract.name} v${contract.version}`,
    contract.doc,
    `Natural key: ${contract.naturalKey.join(', ')}${contract.keyScope === 'source' ? ' within its source_system' : ', everywhere'}${contract.otherKey ? `; where that is absent, ${contract.otherKey}, everywhere` : ''}.` +
      contract.oneOf.map((o) => ` One of ${o.fields.join(', ')} is required (${o.rule}).`).join(''),
    '### Payload',
    payloadTable(contract),
    '### Silver columns, in order',
    columnTable(silverColumns(contract.name, contract.version)),
  ].join('\n\n');
}

const rulesTable = () =>
  table(
    ['rule', 'effect', 'what must be true'],
    Object.entries(RULES as Record<RuleId, Rule>).map(([id, r]) => [id, r.severity, r.doc]),
  );

/** The data dictionary as one page of Markdown, derived from the contracts alone. */
export function dictionaryMarkdown(): string {
  return [
    '# Data dictionary of the lake',
    'Derived from `contracts/`; regenerate with `npm run generate`. A test compares this page with the contracts. The tables of the warehouse: [warehouse.md](warehouse.md).',
    'PHI classes (45 CFR 164.514): `direct_id` names a person, `quasi_id` helps to identify one, `sensitive` reveals something about one, `none` has nothing to do with persons.',
    'Types: `ts` is ISO-8601 with offset or `Z`, years 1900 to 2200, stored as UTC microseconds (finer fractions are cut; seconds may be omitted); `date` is `YYYY-MM-DD`; `npi` is ten digits with check digit; `digits` keeps leading zeros. Blanks and zero-width characters (U+FEFF, U+200B) around a text are removed; an empty text is the same as an absent member.',
    ...ENTITY_NAMES.map((e) => entityChapter(ENTITIES[e])),
    '## Bronze columns, in order',
    columnTable(BRONZE_COLUMNS),
    '## Quarantine columns, in order',
    columnTable(QUARANTINE_COLUMNS),
    '## Rules',
    '`reject` sends the whole record to quarantine; `warn` keeps it and adds the id to `dq_flags`; `member` acts like `reject` if the record cannot do without the member (a key or a required member); otherwise the member becomes null and the id is added to `dq_flags`.',
    rulesTable(),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}
