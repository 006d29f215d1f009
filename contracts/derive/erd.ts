import { ENTITIES, ENTITY_NAMES } from '../index';
import { roleOf } from '../check';
import type { EntityContract, EntityName, Subject } from '../types';

/** Titles of the diagrams, in the order in which they are shown. */
const TITLES: Readonly<Record<Subject | 'others', string>> = {
  people: 'People',
  places: 'Places',
  scheduling: 'Scheduling',
  encounters: 'Encounters',
  conditions: 'Diagnoses and adverse events',
  procedures: 'Procedures',
  observations: 'Observations',
  medication: 'Medication',
  codes: 'Value sets',
  others: 'Other entities',
};

const all: readonly EntityContract[] = ENTITY_NAMES.map((e) => ENTITIES[e]);
const facts = all.filter((c) => c.kind === 'fact');
const subjectOf = (c: EntityContract): keyof typeof TITLES => c.subject ?? 'others';

/** Named by nearly every fact: a line to each of them would hide what sets the facts apart. */
const HUB = 'patient' satisfies EntityName;

const roleIn = (keyColumn: string): string => keyColumn.replace(/_key$/, '');

/** Dimensions that an entity names by their own identifier, without keeping their key. */
function identified(c: EntityContract): { readonly entity: string; readonly field: string }[] {
  const kept = new Set(c.references.map((r) => r.field));
  return all
    .filter((d) => d.kind === 'dimension')
    .map((d) => ({ entity: d.name, field: `${d.name}_id` }))
    .filter(({ entity, field }) => entity !== c.name && ENTITIES[entity].naturalKey[0] === field)
    .filter(({ field }) => c.fields.some((f) => f.name === field) && !kept.has(field));
}

/** Attributes of a box: its key, what names others, how its source names it, and the time of a fact. */
function box(c: EntityContract): string[] {
  const shown = new Set([
    ...c.naturalKey,
    ...(c.otherKey ? [c.otherKey] : []),
    ...identified(c).map((d) => d.field),
    ...(c.asOf ? [c.asOf] : []),
  ]);
  const keys = [
    `${c.name}_key PK`,
    ...[...c.references, ...(c.names ?? []), ...(c.relations ?? [])].map((r) => `${r.column} FK`),
  ];
  return [
    `  ${c.name} {`,
    ...keys.map((k) => `    varchar ${k}`),
    ...c.fields.filter((f) => shown.has(f.name)).map((f) => `    ${f.type} ${f.name}`),
    '  }',
  ];
}

/** What a fact belongs to. */
function related({ name, relations = [], partOf }: EntityContract): string[] {
  const label = (column: string, entity: string): string => {
    if (partOf?.relation === column) return 'lists';
    return column === `${entity}_key` ? 'has' : roleIn(column);
  };
  return relations.map((r) => `  ${r.entity} |o--o{ ${name} : "${label(r.column, r.entity)}"`);
}

/** Which members an entity names. */
const named = (c: EntityContract): string[] => [
  ...c.references.filter((r) => r.entity !== HUB).map((r) => `  ${r.entity} ||--o{ ${c.name} : "${roleOf(r)}"`),
  ...(c.names ?? []).map((n) => `  ${n.entity} ||--o{ ${c.name} : "${roleIn(n.column)}"`),
  ...identified(c).map((d) => `  ${d.entity} |o..o{ ${c.name} : "${d.field}"`),
];

const mermaid = (lines: readonly string[]): string => ['```mermaid', 'erDiagram', ...lines, '```'].join('\n');

/** Entities of one subject with their keys; those of others that they name are boxes without attributes. */
function section(subject: keyof typeof TITLES): string[] {
  const own = all.filter((c) => subjectOf(c) === subject);
  if (own.length === 0) return [];
  return [
    `## ${TITLES[subject]}`,
    own.map((c) => `- \`${c.name}\` (${c.kind}): ${c.doc}`).join('\n'),
    mermaid([...own.flatMap((c) => [...named(c), ...related(c)]), ...own.flatMap(box)]),
  ];
}

/** Entities and how they are related, one diagram per subject (Mermaid), derived from the contracts alone. */
export function erdMarkdown(): string {
  const subjects = Object.keys(TITLES) as (keyof typeof TITLES)[];
  return `${[
    '# Entities and their relations',
    'Derived from `contracts/`; regenerate with `npm run generate`. Boxes show keys and times only; every column: [warehouse.md](warehouse.md). A fact keeps the durable keys of the members that it names. Join them to `core.dim_<entity>_history` for attributes as of the time of the fact, or to `core.dim_<entity>` for current ones. A dotted line joins by the identifier that the source gave. A box without attributes belongs to another diagram.',
    `A fact about a patient has a \`${HUB}_key\`; the diagrams leave that line out.`,
    '## Overview: how facts belong to each other',
    mermaid(['  direction LR', ...facts.flatMap(related)]),
    ...subjects.flatMap(section),
  ].join('\n\n')}\n`;
}
