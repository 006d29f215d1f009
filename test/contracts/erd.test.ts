import { ENTITIES, ENTITY_NAMES } from '../../contracts';
import { erdMarkdown } from '../../contracts/derive/erd';

/** Sections of the page by title: what their diagram draws. */
const sections = new Map(
  erdMarkdown()
    .split(/^## /m)
    .slice(1)
    .map((text) => {
      const [title] = text.split('\n');
      const lines = /```mermaid\nerDiagram\n([^]*?)\n```/.exec(text)![1]!.split('\n');
      return [
        title!,
        {
          own: lines.flatMap((line) => /^ {2}(\w+) \{$/.exec(line)?.[1] ?? []),
          lines: lines.flatMap((line) => /^ {2}(\w+) \S+(?:--|\.\.)\S+ (\w+) : "(\w+)"$/.exec(line)?.slice(1) ?? []),
        },
      ] as const;
    }),
);
const [overview, ...subjects] = [...sections.values()];
const drawn = (of: { lines: string[] }): string[] =>
  Array.from({ length: of.lines.length / 3 }, (_, i) => of.lines.slice(i * 3, i * 3 + 3).join(' '));

test('every entity has a box in one diagram, that of its subject', () => {
  expect(subjects.flatMap((s) => s.own).sort()).toEqual([...ENTITY_NAMES].sort());
  expect(sections.get('Medication')!.own).toEqual([
    'medication',
    'source_medication',
    'medication_order',
    'prescription_fill',
  ]);
  // An entity that states no subject has a section of its own behind these.
  expect([...sections.keys()].filter((title) => title !== 'Other entities')).toEqual([
    'Overview: how facts belong to each other',
    'People',
    'Places',
    'Scheduling',
    'Encounters',
    'Diagnoses and adverse events',
    'Procedures',
    'Observations',
    'Medication',
    'Value sets',
  ]);
});

test('every reference and every relation of a contract is a line, but that to the patient', () => {
  const expected = ENTITY_NAMES.map((e) => ENTITIES[e]).flatMap((c) => [
    ...c.references.filter((r) => r.entity !== 'patient').map((r) => `${r.entity} ${c.name}`),
    ...(c.relations ?? []).map((r) => `${r.entity} ${c.name}`),
    ...(c.names ?? []).map((n) => `${n.entity} ${c.name}`),
  ]);
  const withLabels = subjects.flatMap(drawn);
  const pairs = withLabels.filter((line) => !line.endsWith('_id')).map((line) => line.split(' ').slice(0, 2).join(' '));
  expect(pairs.sort()).toEqual(expected.sort());
  expect(withLabels).toEqual(
    expect.arrayContaining([
      'diagnosis procedure reason_diagnosis',
      'encounter encounter_location lists',
      'organization location organization_id',
      'location capacity location_id',
    ]),
  );
});

test('the overview draws the facts that belong to each other, and nothing else', () => {
  const named = new Set(drawn(overview!).flatMap((line) => line.split(' ').slice(0, 2)));
  const related = ENTITY_NAMES.map((e) => ENTITIES[e]).filter((c) => c.kind === 'fact' && c.relations?.length);
  expect([...named].sort()).toEqual(related.map((c) => c.name).sort());
});

test('no diagram has more boxes than fit a page', () => {
  for (const s of sections.values()) {
    const boxes = new Set([...s.own, ...drawn(s).flatMap((line) => line.split(' ').slice(0, 2))]);
    expect(boxes.size).toBeLessThanOrEqual(12);
  }
});
