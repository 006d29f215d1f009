import { ENTITIES, type EntityContract, type EntityName } from '../../contracts';

/**
 * Work that a load may leave to the next one:
 * - `restate:<fact>`: rows of the fact take their members' attributes again where a member changed
 * - `rename:<fact>`: members that the fact names by another identifier are named anew where its holder changed
 * - `relate:<fact>`: whether the facts that it belongs to are there
 * - `prune:<dimension>`: inferred members that no fact names any more go
 * - `identity:<dimension>`: which members are one person
 */
export type FollowUp =
  | `rename:${EntityName}`
  | `restate:${EntityName}`
  | `relate:${EntityName}`
  | `prune:${EntityName}`
  | `identity:${EntityName}`;

/**
 * A part of a load, which one transaction holds whole, in the order in which they run:
 * - `keys:<entity>`: the keys that objects name which are withdrawn or stand again
 * - `reread:<entity>`: what `dimension` or `fact` does, with all that standing objects say of these keys. Where no transaction holds the COPYs
 *   of all contract versions, it names those that it reads, and `more:<entity>:<versions>` adds what objects of the others say
 * - `dimension:<entity>`: stage, COPY, log and history of a dimension with rows
 * - `rename:<fact>`
 * - `fact:<entity>`: what `restate` does, then stage, COPY, log and rows of a fact with rows
 * - `restate:<entity>`: of a fact without rows
 * - `relate:<entity>`
 * - `prune:<entity>`
 * - `identity:<entity>`
 * - `rewind`: what nobody knows any more is taken off the watermark
 * - `close`: guards, ledger, end of the lease
 */
export type Phase =
  | `keys:${EntityName}`
  | `reread:${EntityName}`
  | `${'reread' | 'more'}:${EntityName}:${string}`
  | `dimension:${EntityName}`
  | `fact:${EntityName}`
  | FollowUp
  | 'rewind'
  | 'close';

/** What a phase is about. Versions: those that it reads, where it does not read all; newest first. */
export function aboutOf(phase: Phase): { kind: string; entity: EntityName; versions?: number[] } {
  const [kind = '', entity, versions] = phase.split(':');
  return {
    kind,
    entity: entity as EntityName,
    ...(versions === undefined ? {} : { versions: versions.split('+').map(Number) }),
  };
}

/** Whether a phase reads again objects that stand. */
export const isOfStanding = (phase: Phase): boolean => /^(reread|more):/.test(phase);

/** The phases that read an entity's standing objects again, each those of some versions. @param parts versions of each, newest first */
export const rereadsOf = (entity: EntityName, parts: readonly (readonly number[])[]): Phase[] =>
  parts.length < 2
    ? [`reread:${entity}`]
    : parts.map((versions, i): Phase => `${i === 0 ? 'reread' : 'more'}:${entity}:${versions.join('+')}`);

/** Newest contracts by name, in load order. */
export type Entities = Readonly<Record<string, EntityContract>>;

const ofKind = (entities: Entities, kind: EntityContract['kind']): EntityContract[] =>
  Object.values(entities).filter((e) => e.kind === kind);

const refersTo = (fact: EntityContract, dimensions: ReadonlySet<EntityName>): boolean =>
  fact.references.some((r) => dimensions.has(r.entity));

/** Dimensions that a fact refers to, each once. */
const referenced = (fact: EntityContract): EntityName[] => [...new Set(fact.references.map((r) => r.entity))];

/** Dimensions whose members facts may name by another identifier: one that is described may take the place of an inferred one. */
const identified = (entities: Entities): Set<EntityName> => new Set(ofKind(entities, 'fact').flatMap(identifies));

/** Dimensions whose members a fact may name so. */
const identifies = (fact: EntityContract): EntityName[] =>
  fact.references.flatMap((r) => (r.identifier ? [r.entity] : []));

/** Facts that belong to one of these facts, or are among them and belong to any. */
const related = (entities: Entities, names: ReadonlySet<EntityName>): EntityName[] =>
  ofKind(entities, 'fact')
    .filter(({ name, relations = [] }) => relations.some((r) => names.has(name) || names.has(r.entity)))
    .map(({ name }) => name);

/** Entities whose rows may change who is one person: the members, their links, and facts, which may name members nobody has described. */
const identifying = (d: EntityContract, entities: Entities): EntityName[] => [
  d.name,
  d.identity!.link,
  ...ofKind(entities, 'fact')
    .filter((f) => f.references.some((r) => r.entity === d.name))
    .map((f) => f.name),
];

/** Every follow-up that any load can leave. */
export function allFollowUps(entities: Entities = ENTITIES): FollowUp[] {
  const facts = ofKind(entities, 'fact');
  const pruned = new Set(facts.flatMap(referenced));
  return [
    ...facts.filter((f) => identifies(f).length > 0).map((f): FollowUp => `rename:${f.name}`),
    ...facts.map((f): FollowUp => `restate:${f.name}`),
    ...facts.filter((f) => f.relations?.length).map((f): FollowUp => `relate:${f.name}`),
    ...ofKind(entities, 'dimension')
      .filter((d) => pruned.has(d.name))
      .map((d): FollowUp => `prune:${d.name}`),
    ...ofKind(entities, 'dimension')
      .filter((d) => d.identity)
      .map((d): FollowUp => `identity:${d.name}`),
  ];
}

/**
 * Phases of a load: a fact without rows is restated where this load brings rows of a dimension that it refers to, or an earlier one
 * asks for it; a dimension is pruned where this load brings rows of a fact that refers to it, since they may beat the last fact that named
 * a member, or of itself where facts may name its members by other identifiers, or an earlier one asks for it.
 * @param withRows entities of which the load has objects
 * @param left what loads that were given up have left
 * @param absent facts of which the lake holds no object: there is no row to name anew, to restate or to relate
 * @param isReread whether the objects are withdrawn or stand again, and are not new
 */
export function phasesOf(
  withRows: ReadonlySet<EntityName>,
  left: readonly FollowUp[],
  entities: Entities = ENTITIES,
  isReread = false,
  absent: ReadonlySet<EntityName> = new Set(),
): Phase[] {
  const asked = new Set<Phase>(left);
  const facts = ofKind(entities, 'fact');
  const pruned = new Set(facts.filter((f) => withRows.has(f.name)).flatMap(referenced));
  const dimensions = ofKind(entities, 'dimension').map((d) => d.name);
  const keys = isReread
    ? Object.values(entities)
        .filter((e) => withRows.has(e.name))
        .map((e): Phase => `keys:${e.name}`)
    : [];
  const apply = dimensions
    .filter((d) => withRows.has(d))
    .map((d): Phase => (isReread ? `reread:${d}` : `dimension:${d}`));
  const reread = facts.filter((f) => isReread && withRows.has(f.name)).map((f): Phase => `reread:${f.name}`);
  const rename = facts
    .filter((f) => asked.has(`rename:${f.name}`) || (!absent.has(f.name) && identifies(f).some((d) => withRows.has(d))))
    .map((f): Phase => `rename:${f.name}`);
  const follow = facts.flatMap((f): Phase[] => {
    if (withRows.has(f.name) && !isReread) return [`fact:${f.name}`];
    return asked.has(`restate:${f.name}`) || (!absent.has(f.name) && refersTo(f, withRows))
      ? [`restate:${f.name}`]
      : [];
  });
  const touched = new Set(related(entities, withRows));
  const relate = facts
    .filter((f) => asked.has(`relate:${f.name}`) || (!absent.has(f.name) && touched.has(f.name)))
    .map((f): Phase => `relate:${f.name}`);
  const named = new Set(facts.flatMap(referenced));
  const renamed = identified(entities);
  const prune = dimensions
    .filter(
      (d) =>
        pruned.has(d) ||
        (renamed.has(d) && withRows.has(d)) ||
        asked.has(`prune:${d}`) ||
        (isReread && withRows.has(d) && named.has(d)),
    )
    .map((d): Phase => `prune:${d}`);
  const identity = ofKind(entities, 'dimension')
    .filter((d) => d.identity)
    .filter((d) => asked.has(`identity:${d.name}`) || identifying(d, entities).some((e) => withRows.has(e)))
    .map((d): Phase => `identity:${d.name}`);
  return [
    ...keys,
    ...apply,
    ...reread,
    ...rename,
    ...follow,
    ...relate,
    ...prune,
    ...identity,
    ...(isReread ? (['rewind'] as const) : []),
    'close',
  ];
}

/** What a load leaves when it is given up after these phases were, or may have been, committed. */
export function leftBy(phases: readonly Phase[], entities: Entities = ENTITIES): FollowUp[] {
  const left = new Set<FollowUp>();
  for (const phase of phases) {
    const { kind, entity: name } = aboutOf(phase);
    const isReread = isOfStanding(phase);
    // Keys of facts are noted with the members that these facts may leave behind.
    const isFact = kind === 'fact' || ((isReread || kind === 'keys') && entities[name].kind === 'fact');
    if (kind === 'dimension' || (isReread && !isFact))
      for (const f of ofKind(entities, 'fact').filter((f) => refersTo(f, new Set([name])))) {
        left.add(`restate:${f.name}`);
        if (identifies(f).includes(name)) left.add(`rename:${f.name}`);
        if (isReread || identified(entities).has(name)) left.add(`prune:${name}`);
      }
    for (const d of ofKind(entities, 'dimension'))
      if (d.identity && /^(?:dimension|fact|reread|more)$/.test(kind) && identifying(d, entities).includes(name))
        left.add(`identity:${d.name}`);
    if (kind === 'rename') {
      left.add(`restate:${name}`);
      for (const d of identifies(entities[name])) left.add(`prune:${d}`);
    }
    if (isFact) for (const d of referenced(entities[name])) left.add(`prune:${d}`);
    if (isFact) for (const f of related(entities, new Set([name]))) left.add(`relate:${f}`);
  }
  return [...left];
}

/** Follow-ups that a load with these phases has done once it is closed. */
export const doneBy = (phases: readonly Phase[]): FollowUp[] =>
  phases.flatMap((p): FollowUp[] => {
    if (p.startsWith('fact:')) return [p.replace('fact:', 'restate:') as FollowUp];
    return /^(?:rename|restate|relate|prune|identity):/.test(p) ? [p as FollowUp] : [];
  });
