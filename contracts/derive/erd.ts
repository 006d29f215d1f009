import { ENTITIES, ENTITY_NAMES } from '../index';
import { roleOf } from '../check';
import type { EntityContract } from '../types';

/** Facts by what they are about: one diagram each, small enough to be read. */
const facts = (): EntityContract[] => ENTITY_NAMES.map((e) => ENTITIES[e]).filter((c) => c.kind === 'fact');

/** Attributes of a box: its key, what names others, and the time of a fact. */
function box(c: EntityContract): string[] {
  const shown = new Set([...c.naturalKey, ...(c.otherKey ? [c.otherKey] : []), ...(c.asOf ? [c.asOf] : [])]);
  const keys = [
    `${c.name}_key PK`,
    ...c.references.map((r) => `${r.column} FK`),
    ...(c.relations ?? []).map((r) => `${r.column} FK`),
  ];
  return [
    `  ${c.name} {`,
    ...keys.map((k) => `    varchar ${k}`),
    ...c.fields.filter((f) => shown.has(f.name)).map((f) => `    ${f.type} ${f.name}`),
    '  }',
  ];
}

/** What a fact belongs to. */
const related = ({ name, relations = [], partOf }: EntityContract): string[] =>
  relations.map((r) => `  ${r.entity} |o--o{ ${name} : "${partOf?.relation === r.column ? 'lists' : 'has'}"`);

function diagram(fact: EntityContract): string {
  const named = [...new Set(fact.references.map((r) => r.entity))].map((e) => ENTITIES[e]);
  const lines = [
    'erDiagram',
    ...fact.references.map((r) => `  ${r.entity} ||--o{ ${fact.name} : "${roleOf(r)}"`),
    ...related(fact),
    ...[fact, ...named].flatMap(box),
  ];
  return ['```mermaid', ...lines, '```'].join('\n');
}

/** How facts belong to each other, without their dimensions. */
function overview(): string {
  return ['```mermaid', 'erDiagram', ...facts().flatMap(related), '```'].join('\n');
}

/** Entities and how they are related, as diagrams by subject (Mermaid), derived from the contracts alone. */
export function erdMarkdown(): string {
  const used = new Set(facts().flatMap((f) => f.references.map((r) => r.entity)));
  const alone = ENTITY_NAMES.map((e) => ENTITIES[e]).filter((c) => c.kind === 'dimension' && !used.has(c.name));
  return `${[
    '# Entities and their relations',
    'Derived from `contracts/`; regenerate with `npm run generate`. Keys and times only; every column: [warehouse.md](warehouse.md). Each fact keeps the durable keys of its members, and joins their history (`core.dim_<entity>_history`) as of its own time or their current row (`core.dim_<entity>`).',
    '## How facts belong to each other',
    overview(),
    ...facts().flatMap((f) => [`## ${f.name}`, f.doc, diagram(f)]),
    '## Dimensions that no fact names',
    ...alone.map((c) => `- \`${c.name}\`: ${c.doc}`),
  ].join('\n\n')}\n`;
}
